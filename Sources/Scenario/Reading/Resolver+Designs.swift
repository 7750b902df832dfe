import Catalog
import Kernel
import Quantities
import Workloads

extension Resolver {
  mutating func design(_ member: Written.Member, workloads: [InferenceWorkload], prices: String) -> Design {
    let path = "designs.\(member.key)"
    let value = member.value
    let sites = (value["sites"]?.members ?? []).map { site($0, "\(path).sites.\($0.key)") }
    var pools: [Pool] = []
    for pool in value["pools"]?.members ?? [] {
      if let resolved = self.pool(pool, "\(path).pools.\(pool.key)", sites: sites, prices: prices) {
        pools.append(resolved)
      }
    }
    fit(&pools, at: sites, value, path)
    checkPurchases(pools, value, path)
    checkDeliveries(pools, at: sites, value, path)
    let links = siteLinks(value["sites"], "\(path).sites", sites: sites)
    var services: [Service] = []
    for service in value["services"]?.members ?? [] {
      let place = "\(path).services.\(service.key)"
      if service.value["placement"] != nil {
        services += placed(
          service, place, first: services.count, sites: sites, links: links, pools: pools,
          poolsWritten: value["pools"], workloads: workloads)
        continue
      }
      checkFrontKeys(service.value, place)
      if var resolved = self.service(
        service, place, pools: pools, poolsWritten: value["pools"], workloads: workloads)
      {
        queueing(service.value, place, of: &resolved, workloads[resolved.workloadIndex])
        resolved.oneOffCosts = oneOffCosts(service.value["one-off"], "\(place).one-off")
        let residency = workloads[resolved.workloadIndex].residency
        checkResidency(resolved, service.value, place, residency, sites: sites, pools: pools)
        services.append(resolved)
      }
    }
    checkPlacement(services, pools, value, path)
    for (index, service) in services.enumerated()
    where services[..<index].contains(where: {
      $0.workloadIndex == service.workloadIndex && ($0.front == nil || $0.front != service.front)
    }) {
      fault(
        value["services"] ?? value, "\(path).services.\(service.name)",
        "two services of one design answer the same workload")
    }
    checkCounts(pools, services, value, path)
    for index in services.indices {
      services[index].dailyUse = workloads[services[index].workloadIndex].dailyUse
    }
    let staff = staff(value["staff"], "\(path).staff", pools: pools, services: services)
    var design = Design(name: member.key, sites: sites, pools: pools, services: services, staff: staff)
    design.drift = drift(value["drift"])
    design.links = links
    design.otherCosts = otherCosts(value["costs"], "\(path).costs")
    design.storageUse = storageUse(value["storage"], "\(path).storage", sites: sites)
    return design
  }

  private mutating func site(_ member: Written.Member, _ path: String) -> Site {
    let value = member.value
    let kind = value["kind"]?.text.flatMap(Site.Kind.init) ?? .cloud
    let ownsPower = kind == .onPrem || kind == .edge
    let byHour = electricityByHour(value, path)
    var site = Site(
      name: member.key, kind: kind, provider: value["provider"]?.text, region: value["region"]?.text,
      electricityPerKilowattHour: Money(
        quantity(value["electricity"], .moneyPerKilowattHour) ?? byHour?.mean
          ?? standing(0, at: "\(path).electricity", as: "0 \(exchange.currency)/kWh")),
      powerUsageEffectiveness: number(value["pue"])
        ?? standing(ownsPower ? 1.3 : 1, at: "\(path).pue", as: ownsPower ? "1.3" : "1"),
      leadTime: Seconds(
        quantity(value["lead-time"], .duration) ?? standing(0, at: "\(path).lead-time", as: "0s")),
      roundTrip: Seconds(quantity(value["rtt"], .duration) ?? standing(0, at: "\(path).rtt", as: "0s")))
    site.charges = siteCharges(value)
    site.facility = facility(value, path, kind: kind)
    site.electricityByHour = byHour
    site.carbon = carbon(value["carbon"], "\(path).carbon")
    site.startHour = startHour(value["starts"], "\(path).starts")
    return site
  }

  private mutating func pool(_ member: Written.Member, _ path: String, sites: [Site], prices: String) -> Pool?
  {
    let value = member.value
    guard let siteIndex = index(value["site"], "\(path).site", among: sites.map(\.name), what: "site"),
      let node = node(value["node"], "\(path).node"), let accelerator = catalog.accelerator(node.accelerator)
    else { return nil }
    let embodied = quantity(value["embodied-carbon"], .mass).map { Kilograms($0) }
    guard let payment = payment(value, path, node: node, site: sites[siteIndex], prices: prices) else {
      return nil
    }
    var pool = Pool(
      name: member.key, siteIndex: siteIndex, node: node, accelerator: accelerator,
      nodeCount: integer(value["count"]) ?? integer(value["count"]?["max"]) ?? 1, payment: payment)
    pool.node.embodiedCarbon = embodied ?? node.embodiedCarbon
    pool.powerCap = powerCap(value["power-cap"], "\(path).power-cap", of: accelerator)
    terms(value, path, of: &pool, site: sites[siteIndex], prices: prices)
    deliveries(value, path, of: &pool, site: sites[siteIndex])
    pool.fabric = value["fabric"].flatMap { $0.text ?? $0["kind"]?.text }
    if let market = value["market"] {
      pool.market = self.market(market, "\(path).market", of: pool, site: sites[siteIndex], prices: prices)
    }
    pool.network = network(value["fabric"], "\(path).fabric", node: node)
    if let fabric = value["fabric"] { checkTiers(of: pool, fabric, "\(path).fabric") }
    pool.failures = failures(value["failures"], "\(path).failures", in: value, of: pool, at: sites[siteIndex])
    cut(&pool, value["partition"], "\(path).partition")
    elastic(&pool, value, path)
    return pool
  }

  private mutating func node(_ value: Written?, _ path: String) -> Node? {
    guard let value else { return nil }
    if let name = value.text { return catalog.node(name) }
    guard let name = value["accelerator"]?.text, let accelerator = catalog.accelerator(name) else {
      return nil
    }
    let node = catalog.node(of: accelerator, count: integer(value["accelerators"]) ?? 1).map {
      housed($0, value, path)
    }
    if let node { tellThinPower(of: node, accelerator, value, path) }
    return node
  }

  mutating func index(_ value: Written?, _ path: String, among names: [String], what: String) -> Int? {
    guard let value, let name = value.text else { return nil }
    if let index = names.firstIndex(of: name) { return index }
    let near = nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
    fault(
      value, path, "there is no \(what) '\(name)'",
      help: near ?? (names.isEmpty ? nil : "there are \(names.joined(separator: ", "))"))
    return nil
  }

  // MARK: Services

  mutating func service(
    _ member: Written.Member, _ path: String, pools: [Pool], poolsWritten: Written?,
    workloads: [InferenceWorkload]
  ) -> Service? {
    let value = member.value
    // A workload that is written and has a fault has told it already.
    guard
      index(value["workload"], "\(path).workload", among: workloadNames, what: "workload") != nil,
      let workload = workloads.firstIndex(where: { $0.name == value["workload"]?.text })
    else { return nil }
    let answered = answered(workloads[workload], by: value)
    checkAdapters(value, path, workload: answered)
    func make(_ placement: Service.Placement) -> Service {
      var service = Service(name: member.key, workloadIndex: workload, placement: placement)
      service.model = value["model"] == nil ? nil : answered.model
      return service
    }
    if let endpoint = value["endpoint"] {
      if let pool = value["pool"] {
        fault(pool, "\(path).pool", "a service has a pool or an endpoint, not both")
      }
      guard let preset = catalog.endpoint(endpoint.text ?? "") else { return nil }
      checkEndpoint(preset, endpoint, path, serving: answered.model)
      let terms = endpointTerms(value["pricing"], "\(path).pricing")
      var service = make(.endpoint(provisioned(preset, terms)))
      service.endpointTerms = terms
      return service
    }
    if value["disaggregation"] != nil {
      let roles = disaggregation(
        value, path, pools: pools, poolsWritten: poolsWritten, workload: answered)
      return roles.map { make(.disaggregated($0)) }
    }
    guard let pool = value["pool"] else {
      fault(value, path, "the service has neither a pool nor an endpoint")
      return nil
    }
    let written = poolsWritten?.members?.map(\.key) ?? []
    guard index(pool, "\(path).pool", among: written, what: "pool") != nil,
      let poolIndex = pools.firstIndex(where: { $0.name == pool.text }),
      var deployment = deployment(
        value, path, poolIndex: poolIndex, pool: pools[poolIndex], workload: answered)
    else { return nil }
    deployment.measuredTimes = measuredTimes(
      value["latency"], path, of: deployment, pool: pools[poolIndex], workload: answered)
    if deployment.measuredTimes != nil, let cap = pools[poolIndex].powerCap, cap.limit < cap.rated {
      fault(
        value["latency"] ?? value, "\(path).latency",
        "measured step times hold for the power that they were measured at, and the pool is capped",
        help: "leave `latency` out, or the cap")
    }
    if let speculation = value["speculation"], deployment.measuredTimes != nil {
      fault(
        speculation, "\(path).speculation",
        "measured step times and speculation are not simulated together by this version",
        help: "leave `latency` out, or `speculation`")
    }
    return make(.pool(deployment))
  }

  /// - Parameter reusesPrompts: false for replicas that get the KV entries of whole prompts from elsewhere.
  mutating func deployment(
    _ value: Written, _ path: String, poolIndex: Int, pool: Pool, workload: InferenceWorkload,
    reusesPrompts: Bool = true
  ) -> Deployment? {
    let model = workload.model
    let engineName = value["engine"]?.text ?? standing("vllm", at: "\(path).engine", as: "vllm")
    guard
      let preset = catalog.engine(
        engineName, version: value["engine-version"]?.text, on: pool.accelerator.name),
      let layout = layout(value["parallelism"], "\(path).parallelism", of: value, pool: pool, model: model)
    else { return nil }
    let engine = engine(preset, with: value["latency"])
    // Without experts the ranks share nothing: each is a replica of its own.
    let ranks = model.experts == nil ? integer(value["parallelism"]?["data"]) ?? 1 : 1
    let spare = (pool.failures?.spares ?? 0) * pool.node.accelerators
    let most = max(1, (pool.accelerators - spare) / layout.accelerators)
    let formats = value["precision"]
    func precision(_ key: String, _ fallback: String) -> Precision {
      catalog.precision(formats?[key]?.text ?? fallback) ?? catalog.precision("bf16")!
    }
    let weights = precision("weights", "bf16")
    noteFormats(path, weights: weights, on: pool.accelerator)
    let sequences =
      integer(value["max-sequences"])
      ?? standing(engine.maximumSequences, at: "\(path).max-sequences", as: "\(engine.maximumSequences)")
    let tokens =
      integer(value["max-batched-tokens"])
      ?? standing(
        engine.maximumBatchedTokens, at: "\(path).max-batched-tokens", as: "\(engine.maximumBatchedTokens)")
    let keyValue = precision("kv", "bf16")
    let batching = batching(value["batching"], path)
    let speculation = speculation(value, path, model: model, batching: batching)
    let width = (speculation?.settings.drafted ?? 0) + 1
    let adapters = adapters(value, path, of: pool, layout: layout, workload: workload)
    let memory = MemoryPlan(
      model: model, accelerator: pool.accelerator, weights: weights, keyValue: keyValue, layout: layout,
      engine: engine,
      utilization: quantity(value["gpu-memory-utilization"], .ratio) ?? engine.memoryUtilization,
      maximumBatchedTokens: max(tokens, sequences * width), maximumSequences: sequences,
      blocks: integer(value["kv-blocks"]),
      draft: speculation?.draftModel,
      adapters: adapters.map { $0.slotBytes * Double($0.slots) } ?? .zero)
    if !memory.fits {
      tellShortage(value, path, of: memory, model: model, on: pool, accelerators: layout.accelerators)
      return nil
    }
    let cache = cache(
      value, path, workload: workload, batching: batching, memory: memory, reusesPrompts: reusesPrompts)
    checkSpeculation(value, path, speculation, cache, blockSize: engine.blockSize)
    var deployment = Deployment(
      poolIndex: poolIndex, engine: engine,
      replicas: integer(value["replicas"]).map { $0 * ranks }
        ?? value["autoscale"].map { min(most, max(1, integer($0["min"]) ?? 1)) }
        ?? standing(most, at: "\(path).replicas", as: "\(most)"),
      layout: layout, weights: weights,
      activations: precision("activations", weights.isWeightOnly ? "bf16" : weights.name), keyValue: keyValue,
      batching: batching,
      router: router(value["router"], "\(path).router"),
      maximumSequences: sequences * layout.data,
      maximumBatchedTokens: max(tokens, sequences * width) * layout.data, memory: memory, cache: cache)
    deployment.speculation = speculation
    deployment.receiveInterval = integer(value["batching"]?["receive-interval"]) ?? 1
    deployment.prompts = prompts(value["batching"], "\(path).batching", engine: engine, batching: batching)
    deployment.adapters = adapters
    checkAdapterCount(value, path, of: deployment)
    return deployment
  }

  private mutating func layout(
    _ written: Written?, _ path: String, of service: Written, pool: Pool, model: ModelShape
  ) -> ParallelLayout? {
    let tensor = integer(written?["tensor"]) ?? standing(1, at: "\(path).tensor", as: "1")
    let data = model.experts == nil ? 1 : integer(written?["data"]) ?? 1
    let expert = model.experts == nil ? 1 : integer(written?["expert"]) ?? 1
    if let partition = pool.partition, tensor * data * (integer(written?["pipeline"]) ?? 1) > 1 {
      fault(
        written ?? service, path,
        "instances of \(partition.profile) have no links among them: a replica takes one",
        help: "leave `parallelism` out, or take whole accelerators")
      return nil
    }
    if tensor > pool.node.accelerators {
      fault(
        written?["tensor"] ?? service, "\(path).tensor",
        "tensor parallelism \(tensor) does not fit a node of \(pool.node.accelerators) accelerators")
      return nil
    }
    if tensor * data % expert != 0 {
      fault(
        written?["expert"] ?? service, "\(path).expert",
        "expert parallelism \(expert) does not divide tensor × data = \(tensor * data)")
      return nil
    }
    let pipeline = integer(written?["pipeline"]) ?? 1
    guard
      checkSplit(tensor: tensor, pipeline: pipeline, written, path, of: service, model: model)
    else { return nil }
    var layout = ParallelLayout(tensor: tensor, pipeline: pipeline, expert: expert, data: data)
    layout.expertImbalance = number(written?["expert-imbalance"]) ?? 1
    return layout
  }

  private mutating func batching(_ value: Written?, _ path: String) -> Batching {
    let size = integer(value?["size"]) ?? 1
    switch value?["policy"]?.text {
    case "static":
      return .fixed(size: size, timeout: ticks(value?["timeout"], default: 1, at: "\(path).batching.timeout"))
    case "dynamic-window":
      return .dynamicWindow(
        size: size, window: ticks(value?["window"], default: 0.005, at: "\(path).batching.window"))
    default: return .continuous
    }
  }

  /// Request-level batches compute their prompts in one pass.
  private mutating func prompts(
    _ value: Written?, _ path: String, engine: EnginePreset, batching: Batching
  ) -> PromptScheduling {
    guard batching == .continuous else { return .chunked }
    let usual = engine.promptScheduling
    return value?["prompts"]?.text.flatMap(PromptScheduling.init)
      ?? standing(usual, at: "\(path).prompts", as: usual.rawValue)
  }

  /// A replica takes some 20 KiB before its first request: more of them are hardly meant.
  private static let mostReplicas = 65_536

  /// Services of one pool share its accelerators.
  private mutating func checkPlacement(
    _ services: [Service], _ pools: [Pool], _ value: Written, _ path: String
  ) {
    for (index, pool) in pools.enumerated() {
      var (needed, replicas) = (0, 0)
      for deployment in services.flatMap(\.deployments) where deployment.poolIndex == index {
        needed += deployment.replicas * deployment.acceleratorsPerReplica
        replicas += deployment.replicas
      }
      if replicas > Self.mostReplicas {
        fault(
          value["services"] ?? value, "\(path).services",
          "the pool '\(pool.name)' runs \(replicas) replicas, at most \(Self.mostReplicas) are simulated")
      }
      let spares = pool.failures.map { $0.isWritten ? $0.spares : 0 } ?? 0
      if needed > pool.accelerators {
        fault(
          value["services"] ?? value, "\(path).services",
          "the pool '\(pool.name)' has \(pool.accelerators) accelerators, its replicas need \(needed)",
          help: "raise `count`, or lower `replicas` or `parallelism`")
      } else if needed > 0 && needed + spares * pool.node.accelerators > pool.accelerators {
        fault(
          value["services"] ?? value, "\(path).services",
          "the pool '\(pool.name)' has \(pool.accelerators) accelerators and keeps \(spares) nodes as "
            + "spares; its replicas need \(needed)", help: "raise `count`, or lower `replicas` or `spares`")
      }
    }
  }
}
