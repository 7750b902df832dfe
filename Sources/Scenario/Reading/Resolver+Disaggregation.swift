import Catalog
import Quantities
import Workloads

extension Resolver {
  /// Prefill and decode replicas of one service, and what lies between them.
  mutating func disaggregation(
    _ service: Written, _ path: String, pools: [Pool], poolsWritten: Written?, workload: InferenceWorkload
  ) -> Disaggregation? {
    let written = service["disaggregation"]!
    let path = "\(path).disaggregation"
    if let replicas = service["replicas"] {
      fault(
        replicas, "\(path).replicas", "a disaggregated service has no replicas of its own",
        help: "give `disaggregation: { prefill: { replicas: … }, decode: { replicas: … } }`")
    }
    if let speculation = service["speculation"] {
      fault(
        speculation, "\(path).speculation",
        "speculation and disaggregation are not simulated together by this version",
        help: "leave one of them out")
    }
    if let policy = service["batching"]?["policy"], policy.text != "continuous" {
      fault(
        policy, "\(path).batching", "prompts and answers can be told apart in continuous batches only",
        help: "leave `batching` out, or `disaggregation`")
    }
    checkCaching(service, path)
    guard let prefillWritten = written["prefill"], let decodeWritten = written["decode"],
      let prefill = role(
        prefillWritten, of: service, "\(path).prefill", pools: pools, poolsWritten: poolsWritten,
        workload: workload, reusesPrompts: true),
      let decode = role(
        decodeWritten, of: service, "\(path).decode", pools: pools, poolsWritten: poolsWritten,
        workload: workload, reusesPrompts: false)
    else { return nil }
    if pools[prefill.poolIndex].siteIndex != pools[decode.poolIndex].siteIndex {
      fault(
        decodeWritten["pool"] ?? decodeWritten, "\(path).decode.pool",
        "prefill and decode stand at different sites", help: "name two pools of one site")
      return nil
    }
    guard
      let transfer = transfer(
        written["transfer"], at: written, "\(path).transfer", from: pools[prefill.poolIndex],
        to: pools[decode.poolIndex], poolsWritten: poolsWritten)
    else { return nil }
    return Disaggregation(prefill: prefill, decode: decode, transfer: transfer)
  }

  /// Prompts of a role start with all of their blocks, but loads take only those that come from below; and
  /// roles are routed by boards of loads, which know nothing of contents.
  private mutating func checkCaching(_ service: Written, _ path: String) {
    if let tiers = service["cache"]?["tiers"] {
      fault(
        tiers, "\(path).cache.tiers",
        "tiers and disaggregation are not simulated together by this version",
        help: "leave one of them out")
    }
    let roles = service["disaggregation"]
    for (place, router) in [
      ("router", service["router"]), ("prefill.router", roles?["prefill"]?["router"]),
      ("decode.router", roles?["decode"]?["router"]),
    ] {
      guard let router, let name = router.text ?? router["policy"]?.text,
        RouterKind(rawValue: name).map({ $0 == .adapterAware || RouterSettings($0).readsContent }) == true
      else { continue }
      fault(
        router, "\(path).\(place)",
        "the \(name) router and disaggregation are not simulated together by this version",
        help: "use round-robin, least-loaded or power-of-two")
    }
  }

  /// A role is a deployment whose keys stand over those of the service.
  private mutating func role(
    _ written: Written, of service: Written, _ path: String, pools: [Pool], poolsWritten: Written?,
    workload: InferenceWorkload, reusesPrompts: Bool
  ) -> Deployment? {
    var merged = written
    let own = (written.members ?? []).map(\.key)
    let rest = (service.members ?? []).filter { $0.key != "disaggregation" && !own.contains($0.key) }
    merged.content = .map((written.members ?? []) + rest)
    guard let pool = merged["pool"] else {
      fault(written, path, "neither the role nor its service has a pool", help: "give `pool`")
      return nil
    }
    let names = poolsWritten?.members?.map(\.key) ?? []
    guard index(pool, "\(path).pool", among: names, what: "pool") != nil,
      let poolIndex = pools.firstIndex(where: { $0.name == pool.text })
    else { return nil }
    return deployment(
      merged, path, poolIndex: poolIndex, pool: pools[poolIndex], workload: workload,
      reusesPrompts: reusesPrompts)
  }

  private mutating func transfer(
    _ written: Written?, at place: Written, _ path: String, from sender: Pool, to receiver: Pool,
    poolsWritten: Written?
  ) -> KeyValueTransfer? {
    func fabric(of pool: Pool) -> Fabric? {
      let name =
        written?["fabric"]?.text
        ?? poolsWritten?[pool.name]?["fabric"].flatMap { $0.text ?? $0["kind"]?.text }
      return name.flatMap { catalog.fabric($0) }
    }
    let fabrics = [fabric(of: sender), fabric(of: receiver)]
    // Where nothing names a network, messages take as long as over the commonest of all.
    let fallback = "ethernet-100g"
    let slowest =
      fabrics.map { ($0 ?? catalog.fabric(fallback))?.latency.value ?? 0 }.max()!
    let latency =
      quantity(written?["latency"], .duration)
      ?? standing(slowest, at: "\(path).latency", as: "\((slowest * 1e8).rounded() / 100) us, of the fabric")
    let senders = links(written, path, "senders", of: sender, fabric: fabrics[0])
    let receivers = links(written, path, "receivers", of: receiver, fabric: fabrics[1])
    // Slower, or further, and a run over a day of traffic would outlast the clock.
    for (side, pool) in [(senders, sender), (receivers, receiver)] where side.bandwidth.value < 1e7 {
      fault(
        written?["bandwidth"] ?? written ?? place, "\(path).bandwidth",
        "a node of '\(pool.name)' must move at least 10MB/s", help: "name a `fabric`, or give a `bandwidth`")
      return nil
    }
    if latency > 60 {
      fault(written?["latency"] ?? place, "\(path).latency", "a message takes at most a minute")
      return nil
    }
    let overlap = written?["overlap"]?.text ?? standing("false", at: "\(path).overlap", as: "false")
    let inside =
      written?["within-node"]?.text ?? standing("scale-up", at: "\(path).within-node", as: "scale-up")
    let first =
      written?["first-token"]?.text ?? standing("decode", at: "\(path).first-token", as: "decode")
    return KeyValueTransfer(
      senders: senders, receivers: receivers, latency: Seconds(latency), overlaps: overlap == "true",
      usesScaleUp: inside == "scale-up", answersFromDecode: first == "decode")
  }

  /// What a node of the pool has: the bandwidth as written, else the fabric's links, else its own interfaces.
  private mutating func links(
    _ written: Written?, _ path: String, _ side: String, of pool: Pool, fabric: Fabric?
  ) -> KeyValueTransfer.NodeLinks {
    // Remote memory access comes with a link an accelerator, plain networks with one a node.
    let isRail = fabric.map { $0.kind == "infiniband" || $0.kind == "roce" } ?? false
    let usual = written?["bandwidth"] == nil && isRail ? pool.node.accelerators : 1
    let count =
      integer(written?["links-per-node"])
      ?? standing(usual, at: "\(path).links-per-node (\(side))", as: "\(usual)")
    if let bandwidth = quantity(written?["bandwidth"], .bandwidth) {
      return .init(bandwidth: BytesPerSecond(bandwidth), count: count)
    }
    let bandwidth = fabric.map { $0.linkBandwidth * Double(count) } ?? pool.node.nicBandwidth
    let what = fabric.map { "\(count) × \($0.name)" } ?? "the interfaces of \(pool.node.name)"
    let gigabytes = (bandwidth.value / 1e7).rounded() / 100
    defaults.append(
      AppliedDefault(path: "\(path).bandwidth (\(side))", value: "\(gigabytes) GB/s a node, \(what)"))
    return .init(bandwidth: bandwidth, count: count)
  }
}
