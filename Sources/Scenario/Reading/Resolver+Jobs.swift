import Catalog
import Infrastructure
import Kernel
import Quantities
import Workloads

/// Jobs of a design: where training and collectives run, and how.
extension Resolver {
  /// Takes in a design's storage, jobs and what may interrupt them.
  mutating func addJobs(
    to design: inout Design, _ member: Written.Member, trainings: [TrainingWorkload],
    collectives: [CollectiveWorkload], jobTraces: [JobTraceWorkload]
  ) {
    let path = "designs.\(member.key)"
    let value = member.value
    for store in value["storage"]?.members ?? [] {
      if let tier = storage(store, "\(path).storage.\(store.key)", sites: design.sites) {
        if let cache = cache(
          store.value["cache"], "\(path).storage.\(store.key).cache", store: design.storage.count)
        {
          design.caches.append(cache)
        }
        design.storage.append(tier)
      }
    }
    for index in design.services.indices {
      let name = design.services[index].name
      let place = "\(path).services.\(name)"
      let member = writtenMembers.first { $0.place == place }
      design.services[index].coldStart = coldStart(
        (member?.value ?? value["services"]?[name])?["cold-start"], "\(member?.path ?? place).cold-start",
        of: design.services[index], storage: design.storage)
    }
    readScheduler(value["scheduler"], into: &design, "\(path).scheduler")
    var users: [String] = []
    for written in value["jobs"]?.members ?? [] {
      if let workload = written.value["workload"]?.text { jobRowNames.append("\(workload)/\(written.key)") }
      let job = job(
        written, "\(path).jobs.\(written.key)", trainings: trainings, collectives: collectives,
        jobTraces: jobTraces, pools: design.pools, poolNames: (value["pools"]?.members ?? []).map(\.key),
        sites: design.sites, storage: design.storage)
      guard var job else { continue }
      job.runs = jobRuns(written.value["runs"], "\(path).jobs.\(written.key).runs")
      if case .training(let index, var training) = job.work {
        let place = "\(path).jobs.\(written.key)"
        let pool = design.pools[job.poolIndex]
        checkResidency(
          ofJob: written.value, place, trainings[index].residency, pool: pool, design: design,
          storageWritten: value["storage"])
        training.stageIn = stageIn(
          written.value, place, pool: pool, design: design, workload: trainings[index],
          storageWritten: value["storage"])
        let user = written.value["user"]?.text ?? ""
        if !users.contains(user) { users.append(user) }
        training.isPreemptible = written.value["preemptible"]?.text == "true"
        training.user = users.firstIndex(of: user) ?? 0
        job.work = .training(index, training)
      }
      design.jobs.append(job)
    }
    assumeNetworks(of: &design, value, path)
    design.scheduler.users = users
    checkShares(of: design, value["scheduler"], "\(path).scheduler", jobTraces: jobTraces)
    tellHopelessGangs(of: design, path)
    checkJobPlacement(design, value, path)
    checkPhases(of: design, value, path)
    tellIdleRates(of: design, trainings, value["storage"], "\(path).storage")
    settleStores(of: &design, trainings, value, path)
  }

  /// Rates of opening files that nobody opens files at.
  private mutating func tellIdleRates(
    of design: Design, _ trainings: [TrainingWorkload], _ value: Written?, _ path: String
  ) {
    let opensFiles = design.trainingJobs.contains { trainings[$0.workload].data?.samplesPerFile != nil }
    if opensFiles { return }
    for member in value?.members ?? [] where member.value["metadata-rate"] != nil {
      notes.append(
        "\(path).\(member.key).metadata-rate: no data that is read says its `samples-per-file`, so no files "
          + "are opened: the rate limits nothing")
    }
  }

  private mutating func coldStart(
    _ written: Written?, _ path: String, of service: Service, storage: [StorageTier]
  ) -> ColdStart? {
    guard let written else { return nil }
    guard !service.deployments.isEmpty else {
      fault(written, path, "an endpoint has no weights to read", help: "leave `cold-start` out")
      return nil
    }
    guard written["from"] != nil else {
      if let at = written["at"] {
        fault(at, "\(path).at", "without `from` replicas are up from the start", help: "name a storage")
      }
      return nil
    }
    guard index(written["from"], "\(path).from", among: storage.map(\.name), what: "storage") != nil,
      let place = storage.firstIndex(where: { $0.name == written["from"]?.text })
    else { return nil }
    return ColdStart(
      storage: place,
      start: Ticks(seconds: quantity(written["at"], .duration) ?? standing(0, at: "\(path).at", as: "0s")),
      engineStart: Seconds(
        quantity(written["engine-start"], .duration) ?? standing(0, at: "\(path).engine-start", as: "0s")))
  }

  /// Services hold their accelerators all the time; jobs that start together share the rest.
  private mutating func checkJobPlacement(_ design: Design, _ value: Written, _ path: String) {
    for (index, pool) in design.pools.enumerated() {
      let jobs = design.jobs.filter { $0.poolIndex == index }
      let playsTrace = jobs.contains { if case .trace = $0.work { true } else { false } }
      let trainings = design.trainingJobs.map(\.deployment).filter { $0.poolIndex == index }
      if playsTrace && jobs.count > 1 {
        fault(
          value["jobs"] ?? value, "\(path).jobs",
          "the trace has the pool '\(pool.name)' for itself in this version",
          help: "give other jobs another pool")
      }
      guard
        let largest = (trainings.isEmpty ? jobs : trainings).map(\.accelerators).max(), !playsTrace
      else { continue }
      let held = design.acceleratorsHeldByServices(onPool: index)
      let spare = (pool.failures?.spares ?? 0) * pool.node.accelerators
      if held + spare + largest > pool.accelerators {
        fault(
          value["jobs"] ?? value, "\(path).jobs",
          "services hold \(held) and spares are \(spare) of the \(pool.accelerators) accelerators of "
            + "'\(pool.name)'; a job needs \(largest)")
      }
    }
  }

  mutating func job(
    _ member: Written.Member, _ path: String, trainings: [TrainingWorkload],
    collectives: [CollectiveWorkload], jobTraces: [JobTraceWorkload], pools: [Pool], poolNames: [String],
    sites: [Site], storage: [StorageTier]
  ) -> JobDeployment? {
    let value = member.value
    guard index(value["workload"], "\(path).workload", among: workloadNames, what: "workload") != nil,
      let name = value["workload"]?.text,
      // A pool that is written and has a fault has told it already.
      index(value["pool"], "\(path).pool", among: poolNames, what: "pool") != nil,
      let poolIndex = pools.firstIndex(where: { $0.name == value["pool"]?.text })
    else { return nil }
    let pool = pools[poolIndex]
    let count = integer(value["accelerators"]) ?? pool.accelerators
    guard count <= pool.accelerators else {
      fault(
        value["accelerators"] ?? value, "\(path).accelerators",
        "\(count) accelerators; the pool '\(pool.name)' holds \(pool.accelerators)")
      return nil
    }
    if let partition = pool.partition, value["accelerators"] == nil || count > 1 {
      fault(
        value["accelerators"] ?? value, "\(path).accelerators",
        "instances of \(partition.profile) have no links among them: a job takes one",
        help: "write `accelerators: 1`, or take whole accelerators")
      return nil
    }
    if let collective = collectives.firstIndex(where: { $0.name == name }) {
      guard let network = pool.collectives(ranks: count, catalog: catalog) else {
        fault(
          value, path,
          "the catalogue knows no links between accelerators of the kind '\(pool.accelerator.name)'")
        return nil
      }
      refuseIdleKeys(
        value, path, what: "a collective is timed by itself", known: ["workload", "pool", "accelerators"])
      let work = collectives[collective]
      guard checkAlgorithm(of: work, value, path, pool: pool, count: count, network) else { return nil }
      return JobDeployment(
        name: member.key, poolIndex: poolIndex, accelerators: count, work: .collective(collective))
    }
    if let trace = jobTraces.firstIndex(where: { $0.name == name }) {
      checkTraceJob(value, path, pool: pool)
      return JobDeployment(name: member.key, poolIndex: poolIndex, accelerators: count, work: .trace(trace))
    }
    guard let training = trainings.firstIndex(where: { $0.name == name }) else {
      if !inferenceNames.contains(name) { return nil }  // Its own fault has been told.
      fault(
        value["workload"] ?? value, "\(path).workload", "'\(name)' is answered by `services`",
        help: "jobs run training and collective workloads")
      return nil
    }
    return trainingJob(
      value, path, workload: trainings[training], pool: pool, accelerators: count,
      startHour: sites[pool.siteIndex].startHour, storage: storage
    ).map {
      JobDeployment(
        name: member.key, poolIndex: poolIndex, accelerators: count, work: .training(training, $0))
    }
  }

  /// Whether the accelerator multiplies in a format; a format without units would run in another.
  private mutating func hasUnits(
    for precision: TrainingPrecision, _ value: Written, _ path: String, of pool: Pool
  ) -> Bool {
    // What multiplies one 16-bit format multiplies the other at the same rate.
    let known = TrainingPrecision.allCases.filter {
      pool.accelerator.multiplies(in: $0 == .fp16 ? "bf16" : $0.computeName)
    }
    if known.isEmpty || known.contains(precision) { return true }
    fault(
      value["precision"] ?? value, "\(path).precision",
      "the catalogue knows no \(precision.rawValue) rate of \(pool.accelerator.name)",
      help: "it multiplies in \(known.map(\.rawValue).joined(separator: ", "))")
    return false
  }

  private mutating func trainingJob(
    _ value: Written, _ path: String, workload: TrainingWorkload, pool: Pool, accelerators: Int,
    startHour: Double, storage: [StorageTier]
  ) -> TrainingJob? {
    guard let checkpoints = checkpoints(value["checkpoint"], "\(path).checkpoint", storage: storage) else {
      return nil
    }
    guard let framework = framework(value, path) else { return nil }
    if pool.network == nil && accelerators > pool.scaleUpDomain {
      guard pool.assumedNetwork(catalog: catalog) != nil else {
        fault(
          value, path, "the nodes of '\(pool.name)' have no network between them",
          help: "give the pool a `fabric`")
        return nil
      }
    }
    guard let network = pool.collectives(ranks: accelerators, catalog: catalog) else {
      fault(
        value, path,
        "the catalogue knows no links between accelerators of the kind '\(pool.accelerator.name)'")
      return nil
    }
    var run = TrainingRun(
      model: workload.model, accelerator: pool.sustained,
      precision: value["precision"]?.text.flatMap(TrainingPrecision.init) ?? workload.precision,
      layout: TrainingLayout(), globalBatch: workload.globalBatch, sequence: workload.sequence,
      trained: workload.trained, domain: pool.scaleUpDomain, acceleratorsPerNode: pool.node.accelerators)
    run.ratedPeak = pool.accelerator.bf16Peak
    guard hasUnits(for: run.precision, value, path, of: pool) else { return nil }
    if accelerators > pool.node.accelerators && accelerators % pool.node.accelerators != 0 {
      notes.append(
        "\(path): the last node is not full; the network takes all of its interfaces as the job's")
    }
    guard
      let layout = trainingLayout(value, path, run: run, accelerators: accelerators, framework, network)
    else { return nil }
    run.layout = layout
    let model = TrainingStepModel(run, framework: framework, collectives: network, catalog: catalog)
    let memory = model.memory
    guard memory.fits else {
      tellShortfall(memory, model, value["parallelism"] ?? value, path)
      return nil
    }
    var store: Int?
    if workload.data == nil, let written = value["data"] {
      fault(
        written, "\(path).data", "the steps of '\(workload.name)' read no samples",
        help: "give the workload `data: { sample-size: ... }`, or leave it out")
    }
    if workload.data != nil {
      guard let found = sampleStorage(value, path, of: workload, storage: storage) else { return nil }
      store = found
    }
    return TrainingJob(
      run: run, framework: framework, step: model.step(), memory: memory, checkpoints: checkpoints,
      dataStorage: store,
      restart: Seconds(
        quantity(value["restart"], .duration) ?? standing(300, at: "\(path).restart", as: "5m")),
      start: (jobStart(value["start"], "\(path).start") ?? workload.start)?
        .time(startHour: startHour) ?? .zero,
      priority: jobPriority(value["priority"]) ?? workload.priority ?? 0)
  }

  /// When a job is submitted; `nil` where nothing says.
  mutating func jobStart(_ value: Written?, _ path: String) -> JobStart? {
    guard let value, let text = value.text else { return nil }
    if text.contains(":") { return .clock(startHour(value, path)) }
    return quantity(value, .duration).map { .after(Ticks(seconds: $0)) }
  }

  func jobPriority(_ value: Written?) -> Int? {
    value?.text.flatMap { JobPriority.value(of: $0) ?? ShapeChecker.integer($0) }
  }

  private mutating func sampleStorage(
    _ value: Written, _ path: String, of workload: TrainingWorkload, storage: [StorageTier]
  ) -> Int? {
    let names = storage.map(\.name)
    if let named = value["data"] { return index(named, "\(path).data", among: names, what: "storage") }
    guard let name = workload.data?.storage else {
      fault(
        value, path, "nothing says where the samples of '\(workload.name)' lie",
        help: "give the job `data: NAME`")
      return nil
    }
    guard let found = names.firstIndex(of: name) else {
      fault(value, path, "the design has no storage '\(name)', on which '\(workload.name)' has its samples")
      return nil
    }
    return found
  }

  private mutating func trainingLayout(
    _ value: Written, _ path: String, run: TrainingRun, accelerators: Int, _ framework: String,
    _ network: any CollectiveModel
  ) -> TrainingLayout? {
    guard let written = value["parallelism"], written.members != nil else {
      let wanted = LayoutSearch.Wanted(
        microbatch: integer(value["microbatch"]),
        recompute: value["recompute"]?.text.flatMap(TrainingLayout.Recompute.init),
        optimizerSharding: integer(value["optimizer-sharding"]))
      let answer = LayoutSearch.best(
        for: run, accelerators: accelerators, framework: framework, collectives: network, catalog: catalog,
        wanted: wanted)
      guard let best = answer.best else {
        let preset = TrainingStepModel(run, framework: framework, collectives: network, catalog: catalog)
          .preset
        tellNoLayout(
          answer, run, framework: preset, accelerators: accelerators, wanted: wanted, value, path)
        return nil
      }
      return standing(best.layout, at: "\(path).parallelism", as: best.layout.words)
    }
    func part(_ key: String) -> Int { integer(written[key]) ?? 1 }
    var layout = TrainingLayout(
      tensor: part("tensor"), pipeline: part("pipeline"), virtualPipeline: part("virtual-pipeline"),
      context: part("context"), expert: part("expert"),
      sequenceParallel: written["sequence-parallel"]?.text.map { $0 == "true" },
      microbatch: integer(value["microbatch"]) ?? standing(1, at: "\(path).microbatch", as: "1"),
      schedule: written["schedule"]?.text.flatMap(TrainingLayout.Schedule.init),
      recompute: value["recompute"]?.text.flatMap(TrainingLayout.Recompute.init)
        ?? standing(.none, at: "\(path).recompute", as: "none"),
      optimizerSharding: integer(value["optimizer-sharding"])
        ?? standing(1, at: "\(path).optimizer-sharding", as: "1"),
      shardRanks: integer(written["shard-ranks"]))
    let model = layout.tensor * layout.pipeline * layout.context
    if let data = written["data"], data.text != "auto" {
      guard let count = integer(data), count > 0 else {
        fault(data, "\(path).parallelism.data", "expected a number of replicas, or auto")
        return nil
      }
      layout.data = count
    } else {
      layout.data = max(1, accelerators / max(1, model))
    }
    let faults = layout.faults(
      model: run.model, accelerators: accelerators, globalBatch: run.globalBatch, sequence: run.sequence)
    for message in faults { fault(written, "\(path).parallelism", message) }
    return faults.isEmpty ? layout : nil
  }

  private mutating func checkpoints(_ value: Written?, _ path: String, storage: [StorageTier])
    -> CheckpointSettings?
  {
    guard let value, value.members != nil else { return CheckpointSettings(interval: .never) }
    let names = storage.map(\.name)
    var settings = CheckpointSettings(interval: .never)
    switch value["every"]?.text {
    case "young": settings.interval = .young
    case "daly": settings.interval = .daly
    case "optimal": settings.interval = .optimal
    default:
      guard let every = quantity(value["every"], .duration), every > 0 else {
        fault(
          value["every"] ?? value, "\(path).every", "expected a duration above 0, or young, daly, optimal",
          help: "such as 30m")
        return nil
      }
      settings.interval = .fixed(Seconds(every))
    }
    for (key, target) in [("to", \CheckpointSettings.storage), ("local", \.local)] {
      guard let written = value[key] else { continue }
      guard let found = index(written, "\(path).\(key)", among: names, what: "storage") else { return nil }
      settings[keyPath: target] = found
    }
    if let written = value["remote-every"], settings.local == nil || settings.storage == nil {
      fault(
        written, "\(path).remote-every",
        "only what is written to `local` first goes on to `to` now and then",
        help: "give both, or leave it out")
    }
    settings.streams = integer(value["streams"]) ?? standing(8, at: "\(path).streams", as: "8")
    settings.kept = integer(value["keep"]) ?? 1
    settings.remoteEvery = integer(value["remote-every"]) ?? 1
    settings.isAsynchronous = value["asynchronous"]?.text == "true"
    settings.onNotice = value["on-notice"]?.text == "true"
    if settings.storage == nil && settings.local == nil {
      notes.append(
        "\(path): checkpoints are written nowhere: they and reading one back take no time, which no store "
          + "can reach; name one with `to` or `local`")
    }
    return settings
  }
}

extension TrainingLayout {
  /// Such as `tensor 8 × pipeline 4 × data 16, selective recompute`; what is 1 is left out.
  public var words: String {
    var parts: [String] = []
    for (name, count) in [
      ("tensor", tensor), ("pipeline", pipeline), ("virtual pipeline", virtualPipeline), ("context", context),
      ("expert", expert), ("data", data),
    ] where count > 1 { parts.append("\(name) \(count)") }
    var words = parts.isEmpty ? "data 1" : parts.joined(separator: " × ")
    if microbatch > 1 { words += ", microbatch \(microbatch)" }
    if recompute != .none { words += ", \(recompute.rawValue) recompute" }
    if optimizerSharding != 1 { words += ", ZeRO \(optimizerSharding)" }
    return words
  }
}
