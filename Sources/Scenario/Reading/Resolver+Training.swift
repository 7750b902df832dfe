import Catalog
import Infrastructure
import Kernel
import Quantities
import Statistics
import Workloads

/// Training and collective workloads.
extension Resolver {
  mutating func trainingWorkload(_ member: Written.Member) -> TrainingWorkload? {
    let path = "workloads.\(member.key)"
    let value = member.value
    let ends = ["steps", "tokens", "duration"].filter { value[$0] != nil }
    if ends.count != 1 {
      fault(
        value, path,
        ends.isEmpty ? "nothing ends the training" : "\(ends.joined(separator: " and ")) both end it",
        help: "give one of `steps`, `tokens` and `duration`")
    }
    guard let model = model(value["model"], "\(path).model"), ends.count == 1,
      let sequence = integer(value["sequence"]), let batch = integer(value["global-batch"])
    else { return nil }
    let length: TrainingWorkload.Length
    if let steps = number(value["steps"]) {
      if steps != steps.rounded() {
        fault(
          value["steps"] ?? value, "\(path).steps", "steps are whole", help: "such as \(Int64(steps) + 1)")
      }
      length = .steps(steps)
    } else if let tokens = number(value["tokens"]) {
      length = .tokens(tokens)
    } else {
      length = .time(Seconds(quantity(value["duration"], .duration) ?? 0))
    }
    var trained = TrainedWeights.all
    if value["trained"]?.text == "lora" { trained = .lowRank(rank: integer(value["lora-rank"]) ?? 16) }
    var workload = TrainingWorkload(
      name: member.key, model: model, sequence: sequence, globalBatch: batch, length: length,
      precision: value["precision"]?.text.flatMap(TrainingPrecision.init)
        ?? standing(.bf16, at: "\(path).precision", as: "bf16"), trained: trained)
    workload.deadline = quantity(value["deadline"], .duration).map { Seconds($0) }
    if workload.deadline == .zero {
      fault(value["deadline"] ?? value, "\(path).deadline", "nothing is done by 0s", help: "such as 30d")
    }
    workload.residency = residency(value, path)
    workload.start = jobStart(value["start"], "\(path).start")
    workload.priority = jobPriority(value["priority"])
    if let data = value["data"] {
      var reads = TrainingData(
        bytesPerSample: Bytes(quantity(data["sample-size"], .bytes) ?? 0),
        samplesPerStep: number(data["samples-per-step"]) ?? Double(batch),
        workers: integer(data["workers"]) ?? standing(4, at: "\(path).data.workers", as: "4"),
        prefetch: integer(data["prefetch"]) ?? standing(8, at: "\(path).data.prefetch", as: "8"))
      reads.dataset = quantity(data["dataset"], .bytes).map { Bytes($0) }
      reads.samplesPerFile = number(data["samples-per-file"])
      reads.storage = data["storage"]?.text
      if let exponent = number(data["zipf"]) { reads.order = .zipf(exponent) }
      workload.data = reads
    }
    return workload
  }

  mutating func collectiveWorkload(_ member: Written.Member) -> CollectiveWorkload? {
    let value = member.value
    let path = "workloads.\(member.key)"
    guard let operation = value["operation"]?.text.flatMap(CollectiveOperation.init) else { return nil }
    let sizes = (value["sizes"]?.items ?? []).compactMap { quantity($0, .bytes).map { Bytes($0.rounded()) } }
    if sizes.isEmpty || sizes.contains(where: { $0.value < 1 || $0.value > 1e15 }) {
      fault(
        value["sizes"] ?? value, "\(path).sizes", "sizes lie between 1 B and 1 PB, and there is at least one")
      return nil
    }
    return CollectiveWorkload(
      name: member.key, operation: operation, sizes: sizes.sorted(),
      algorithm: value["algorithm"]?.text.flatMap(CollectiveAlgorithm.init) ?? .automatic)
  }

  mutating func jobTraceWorkload(_ member: Written.Member) -> JobTraceWorkload? {
    let value = member.value
    let path = "workloads.\(member.key)"
    guard let name = value["file"], let format = value["format"]?.text.flatMap(JobTraceFormat.init) else {
      return nil
    }
    let stepTime = quantity(value["step-time"], .duration) ?? 1
    let reading = "jobs \(format.rawValue) \(stepTime)"
    let recorded = named(name, "\(path).file", reading: reading) { resolver, bytes -> JobTrace? in
      switch JobTraceReader.read(bytes, format: format, stepTime: stepTime) {
      case .success(let trace): return trace
      case .failure(let failure):
        for one in failure.faults.prefix(20) {
          resolver.fault(name, "\(path).file", "\(name.text ?? ""), line \(one.line): \(one.message)")
        }
        return nil
      }
    }
    switch recorded {
    case nil: return nil
    case .some(var trace):
      if trace.skipped > 0 {
        notes.append("\(path): \(trace.skipped) rows of the trace are no jobs of accelerators, or never ran")
      }
      trace.jobs = Array(trace.jobs.prefix(integer(value["limit"]) ?? .max))
      let speed = number(value["speed"]) ?? 1
      for index in trace.jobs.indices {
        let arrival = Ticks(seconds: trace.jobs[index].arrival.seconds / speed)
        if trace.jobs[index].deadline != .never {
          // They come closer together, and take and have as long as ever.
          trace.jobs[index].deadline = trace.jobs[index].deadline - trace.jobs[index].arrival + arrival
        }
        trace.jobs[index].arrival = arrival
        if value["partitions"]?.text == "true" {
          trace.jobs[index].request = trace.jobs[index].request.partitioned
        }
      }
      let cost =
        quantity(value["preemption-cost"], .duration)
        ?? standing(300, at: "\(path).preemption-cost", as: "5m")
      return JobTraceWorkload(name: member.key, trace: trace, preemptionCost: Seconds(cost))
    }
  }

  // MARK: Storage, failures, markets

  static let storageKinds = [
    "nvme": "local-nvme", "parallel-file-system": "parallel-flash", "object-store": "s3-standard",
    "archive": "s3-glacier-flexible",
  ]

  mutating func storage(_ member: Written.Member, _ path: String, sites: [Site]) -> StorageTier? {
    let value = member.value
    if let site = value["site"] {
      guard index(site, "\(path).site", among: sites.map(\.name), what: "site") != nil else { return nil }
    }
    let kind = value["kind"]?.text ?? ""
    let names = catalog.writableNames(of: .storage)
    func entry(_ written: Written?, _ name: String, _ key: String) -> StorageTier? {
      if let tier = StorageTier(name, in: catalog) { return tier }
      let known = names + Self.storageKinds.keys.sorted()
      let near = nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
      fault(
        written ?? value, "\(path).\(key)", "the catalogue has no storage '\(name)' with a bandwidth",
        help: near ?? "such as \(known.prefix(8).joined(separator: ", "))")
      return nil
    }
    let standing = Self.storageKinds[kind] ?? kind
    guard var tier = entry(value["kind"], standing, "kind") else { return nil }
    if let price = value["price"] {
      guard let priced = entry(price, price.text ?? "", "price") else { return nil }
      tier = priced
    } else if Self.storageKinds[kind] != nil {
      defaults.append(AppliedDefault(path: "\(path).price", value: standing))
    }
    tier.name = member.key
    func rate(_ key: String) -> BytesPerSecond? {
      quantity(value[key], .bandwidth).map { BytesPerSecond($0) }
    }
    for key in ["read-bandwidth", "write-bandwidth", "client-bandwidth", "connection-bandwidth"] {
      if let written = value[key], let own = rate(key), own.value <= 0 {
        fault(written, "\(path).\(key)", "the bandwidth must be positive")
        return nil
      }
    }
    tier.readBandwidth = rate("read-bandwidth") ?? tier.readBandwidth
    tier.writeBandwidth = rate("write-bandwidth") ?? rate("read-bandwidth") ?? tier.writeBandwidth
    tier.clientBandwidth = rate("client-bandwidth") ?? tier.clientBandwidth
    tier.connectionBandwidth = rate("connection-bandwidth") ?? tier.connectionBandwidth
    let nodes = Double(integer(value["nodes"]) ?? 1)
    tier.readBandwidth = tier.readBandwidth * nodes
    tier.writeBandwidth = tier.writeBandwidth * nodes
    tier.latency = quantity(value["latency"], .duration).map { Seconds($0) } ?? tier.latency
    for key in ["read-rate", "write-rate", "metadata-rate"] {
      guard let written = value[key] else { continue }
      guard let own = quantity(written, .rate), own > 0 else {
        fault(written, "\(path).\(key)", "the rate must be positive", help: "such as 12000/s")
        return nil
      }
      switch key {
      case "read-rate": tier.readRate = PerSecond(own)
      case "write-rate": tier.writeRate = PerSecond(own)
      default: tier.metadataRate = PerSecond(own)
      }
    }
    tier.readRate = PerSecond(tier.readRate.value * nodes)
    tier.writeRate = PerSecond(tier.writeRate.value * nodes)
    tier.metadataRate = PerSecond(tier.metadataRate.value * nodes)
    return tier
  }

  /// What fails in a pool; `nil` for nothing. Pools without a word of it fail as the catalogue's record says
  /// as soon as a job runs on them.
  mutating func failures(
    _ value: Written?, _ path: String, in written: Written, of pool: Pool, at site: Site
  ) -> FailureSettings? {
    if value?.text == "none" { return nil }
    let hasRates = ["node-mtbf", "accelerator-mtbf", "software-mtbf"].contains { value?[$0] != nil }
    for key in ["node-mtbf", "accelerator-mtbf", "software-mtbf"] {
      if let own = value?[key], let mean = quantity(own, .duration), mean < 0.01 {
        fault(
          own, "\(path).\(key)", "the mean time between failures is at least 10ms",
          help: "or `failures: none`")
      }
    }
    if let own = value?["repair"], let mean = quantity(own, .duration), mean < 1 {
      fault(own, "\(path).repair", "a repair takes at least 1s")
    }
    // A cloud hands out another node; one's own is repaired.
    let usual = site.kind == .cloud ? (600.0, "10m") : (4 * 3600.0, "4h")
    let hours = quantity(value?["repair"], .duration) ?? standing(usual.0, at: "\(path).repair", as: usual.1)
    let mending = Distribution.lognormal(mean: max(hours, 1), cv: 1)
    let crews = integer(value?["crews"]) ?? .max
    if hasRates {
      func law(_ key: String) -> FailureLaw? {
        quantity(value?[key], .duration).flatMap { mean in
          if mean < 0.01 { return nil }
          return key == "software-mtbf"
            ? .exponential(mean: Seconds(mean))
            : Self.lifetime(mean: Seconds(mean), shape: number(value?["shape"]))
        }
      }
      var classes: [ComponentClass] = []
      if let law = law("node-mtbf") {
        classes.append(ComponentClass(kind: .node, count: pool.nodeCount, failure: law, repair: mending))
      }
      if let law = law("accelerator-mtbf") {
        classes.append(
          ComponentClass(kind: .accelerator, count: pool.accelerators, failure: law, repair: mending))
      }
      if let law = law("software-mtbf") {
        classes.append(
          ComponentClass(
            kind: .software, count: pool.nodeCount, failure: law, repair: Distribution(.constant(0)),
            needsCrew: false))
      }
      var settings = FailureSettings(classes: classes, crews: crews, spares: integer(value?["spares"]) ?? 0)
      settings.isWritten = true
      return settings
    }
    let name = value?["record"]?.text ?? standing("llama-3-405b", at: "\(path).record", as: "llama-3-405b")
    guard let record = ReliabilityRecord(name, in: catalog) else {
      let near = nearestName(to: name, among: catalog.names(of: .reliability)).map { "did you mean '\($0)'?" }
      fault(
        value?["record"] ?? value ?? written, "\(path).record", "no reliability record '\(name)'", help: near)
      return nil
    }
    let count = record.component == .node ? pool.nodeCount : pool.accelerators
    var classes = record.classes(components: count, repair: mending)
    for index in classes.indices where classes[index].kind != .software {
      classes[index].failure = Self.lifetime(
        mean: classes[index].failure.mean, shape: number(value?["shape"]))
    }
    var settings = FailureSettings(classes: classes, crews: crews, spares: integer(value?["spares"]) ?? 0)
    settings.isWritten = value != nil
    return settings
  }

  private static func lifetime(mean: Seconds, shape: Double?) -> FailureLaw {
    guard let shape, shape != 1, mean.value.isFinite else { return .exponential(mean: mean) }
    return .weibull(shape: shape, mean: mean)
  }

  mutating func market(
    _ value: Written, _ path: String, of pool: Pool, site: Site, prices: String
  ) -> MarketSettings? {
    if pool.isOwned {
      fault(value, path, "a market takes rented nodes away, and the pool '\(pool.name)' is not")
      return nil
    }
    let source: MarketSettings.Source
    if let law = value["availability"], law.members != nil {
      let (up, down) = (quantity(law["up"], .duration) ?? 0, quantity(law["down"], .duration) ?? 0)
      guard up > 0, down > 0 else {
        fault(law, "\(path).availability", "the mean times with and without capacity must be positive")
        return nil
      }
      let variation = number(law["burstiness"]) ?? standing(4, at: "\(path).availability.burstiness", as: "4")
      let zone = CapacityLaw.onOff(
        nodes: pool.nodeCount, up: PhaseType(mean: Seconds(up), squaredVariation: variation),
        down: PhaseType(mean: Seconds(down), squaredVariation: variation))
      guard let region = region(law["region"], "\(path).availability.region", variation) else { return nil }
      source = .laws(Array(repeating: zone, count: integer(law["zones"]) ?? 1), region: region)
    } else {
      guard let traces = spotTraces(value["availability"], "\(path).availability") else { return nil }
      source = .traces(traces)
    }
    var onDemand = quantity(value["on-demand-price"], .moneyPerHour)
    if onDemand == nil {
      let provider = site.provider ?? pool.node.provider ?? ""
      onDemand =
        catalog.price(
          preset: prices, provider: provider, node: pool.node, term: .onDemand, region: site.region
        )
        .map { $0.perNodeHour.units }
    }
    let fallback = value["fallback"]?.text.flatMap(MarketSettings.Fallback.init) ?? .wait
    if onDemand == nil && (fallback == .onDemand || fallback == .deadlineAware) {
      fault(
        value, "\(path).on-demand-price",
        "no on-demand price of '\(pool.node.name)' is known to fall back to",
        help: "give `on-demand-price`")
      return nil
    }
    var price: MarketSettings.PriceLaw?
    if let law = value["price"], case .rent(let mean, _, _, _, _) = pool.payment {
      price = MarketSettings.PriceLaw(
        mean: mean.units, deviation: number(law["deviation"]) ?? 0,
        memory: Seconds(
          quantity(law["memory"], .duration) ?? standing(86_400, at: "\(path).price.memory", as: "1d")),
        step: Seconds(
          max(1, quantity(law["step"], .duration) ?? standing(3600, at: "\(path).price.step", as: "1h"))))
    }
    return MarketSettings(
      source: source,
      notice: Seconds(
        quantity(value["notice"], .duration) ?? standing(120, at: "\(path).notice", as: "120s")),
      fallback: fallback, onDemandPrice: onDemand ?? 0, price: price,
      stride: Seconds(
        quantity(value["stride"], .duration) ?? standing(7 * 3600, at: "\(path).stride", as: "7h")))
  }

  /// The shortages that zones have together; `nil` after a fault.
  private mutating func region(_ value: Written?, _ path: String, _ variation: Double) -> CapacityLaw? {
    guard let value else { return .constant(nodes: .max) }
    let (up, down) = (quantity(value["up"], .duration) ?? 0, quantity(value["down"], .duration) ?? 0)
    guard up > 0, down > 0 else {
      fault(value, path, "the mean times with and without capacity must be positive")
      return nil
    }
    return .onOff(
      nodes: .max, up: PhaseType(mean: Seconds(up), squaredVariation: variation),
      down: PhaseType(mean: Seconds(down), squaredVariation: variation))
  }

  private mutating func spotTraces(_ value: Written?, _ path: String) -> [SpotTrace]? {
    var traces: [SpotTrace] = []
    for name in value?.items ?? value.map({ [$0] }) ?? [] {
      let trace = named(name, path, reading: "spot") { resolver, bytes -> SpotTrace? in
        do throws(SpotTraceFault) {
          return try SpotTrace.read(bytes)
        } catch {
          resolver.fault(name, path, "\(name.text ?? ""): \(error.message)")
          return nil
        }
      }
      guard let trace else { return nil }
      traces.append(trace)
    }
    if traces.isEmpty {
      fault(value ?? Written(content: .map([]), line: 1, column: 1), path, "no trace is named")
    }
    return traces.isEmpty ? nil : traces
  }
}
