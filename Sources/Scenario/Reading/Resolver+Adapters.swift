import Catalog
import Quantities
import Workloads

/// Low-rank adapters.
extension Resolver {
  mutating func adapterTraffic(_ workload: Written, _ path: String, _ traffic: Traffic) -> AdapterTraffic? {
    guard let value = workload["adapters"] else { return nil }
    let path = "\(path).adapters"
    let count = integer(value["count"]) ?? 1
    let share = quantity(value["share"], .ratio) ?? standing(1, at: "\(path).share", as: "100%")
    if share > 1 { fault(value["share"] ?? value, "\(path).share", "at most all requests ask for one") }
    if case .trace(let trace) = traffic, trace.chains != nil {
      fault(
        value, path, "recorded prefix blocks and adapters are not simulated together by this version",
        help: "leave one of them out")
    }
    let zipf = number(value["zipf"]) ?? (count > 1 ? standing(0, at: "\(path).zipf", as: "0") : 0)
    return AdapterTraffic(count: count, share: min(1, share), zipf: zipf)
  }

  /// What cannot be together with adapters, wherever they are asked for or served.
  mutating func checkAdapters(_ service: Written, _ path: String, workload: InferenceWorkload) {
    let serves = service["lora"]
    guard serves != nil || workload.adapters != nil else {
      checkAdapterRouter(service, path, servesAdapters: false)
      return
    }
    let place = serves ?? service
    let spot = serves == nil ? path : "\(path).lora"
    func refuse(_ what: String) {
      fault(
        place, spot, "\(what) and LoRA adapters are not simulated together by this version",
        help: "leave `adapters` and `lora` out, or choose another kind of service")
    }
    if service["endpoint"] != nil { return refuse("managed endpoints") }
    if service["disaggregation"] != nil { return refuse("disaggregation") }
    if service["speculation"] != nil { refuse("speculation") }
    if let policy = service["batching"]?["policy"], policy.text != "continuous" {
      fault(
        policy, "\(path).batching", "adapters are served in continuous batches only",
        help: "leave `batching` out, or `lora`")
    }
    if serves == nil {
      fault(
        service, path, "the workload '\(workload.name)' asks for adapters, and the service keeps none",
        help: "give it `lora: { slots: 8, rank: 16 }`")
    }
    checkAdapterRouter(service, path, servesAdapters: workload.adapters != nil)
  }

  private mutating func checkAdapterRouter(_ service: Written, _ path: String, servesAdapters: Bool) {
    guard let router = service["router"], !servesAdapters,
      router.text ?? router["policy"]?.text == RouterKind.adapterAware.rawValue
    else { return }
    fault(
      router, "\(path).router", "no request asks for an adapter that a router could look at",
      help: "give the workload `adapters: { count: 20 }`, or choose another router")
  }

  mutating func adapters(
    _ service: Written, _ path: String, of pool: Pool, layout: ParallelLayout, workload: InferenceWorkload
  ) -> AdapterDeployment? {
    guard let value = service["lora"], let slots = integer(value["slots"]) else { return nil }
    let path = "\(path).lora"
    let model = workload.model
    if layout.data > 1 {
      fault(
        value, path, "data ranks and LoRA adapters are not simulated together by this version",
        help: "set `parallelism: { data: 1 }`")
    }
    let rank = integer(value["rank"]) ?? standing(16, at: "\(path).rank", as: "16")
    let widest = integer(value["max-rank"]) ?? standing(rank, at: "\(path).max-rank", as: "\(rank)")
    if widest < rank {
      fault(value["max-rank"] ?? value, "\(path).max-rank", "slots of rank \(widest) hold no rank \(rank)")
    }
    guard let targets = adapterTargets(value, path, model: model) else { return nil }
    let own = AdapterShape(rank: rank, targets: targets)
    let held = AdapterShape(rank: max(rank, widest), targets: targets)
    let count = workload.adapters?.count ?? 0
    if count == 0 {
      notes.append("\(path): its slots take memory, though the workload '\(workload.name)' has no `adapters`")
    }
    guard let bandwidth = hostBandwidth(value, path, of: pool),
      let room = hostSlots(value, path, slots: slots, count: count)
    else { return nil }
    var adapters = AdapterDeployment(
      count: count, shape: held, slots: slots, hostSlots: room.slots, bytes: own.bytes(of: model),
      bytesPerAccelerator: own.bytesPerAccelerator(of: model, layout: layout),
      slotBytes: held.bytesPerAccelerator(of: model, layout: layout), hostBandwidth: bandwidth,
      storage: room.storage)
    adapters.loading =
      value["loading"]?.text.flatMap(AdapterLoading.init)
      ?? standing(.overlapped, at: "\(path).loading", as: "overlapped")
    if adapters.loading == .blocking, let tiers = service["cache"]?["tiers"] {
      fault(
        tiers, "\(path).loading",
        "tiers below the cache and loads that block are not simulated together by this version",
        help: "set `loading: overlapped`, or leave `tiers` out")
    }
    if (adapters.copyTime + adapters.fetchTime).value > 3600 {
      fault(value, path, "an adapter would take more than an hour to load")
      return nil
    }
    return adapters
  }

  /// Every replica keeps some twenty bytes for each adapter.
  private static let mostPlaces = 50_000_000

  mutating func checkAdapterCount(_ service: Written, _ path: String, of deployment: Deployment) {
    let count = deployment.adapters?.count ?? 0
    if count * deployment.replicas > Self.mostPlaces {
      fault(
        service["lora"] ?? service, "\(path).lora",
        "\(count) adapters on \(deployment.replicas) "
          + (deployment.replicas == 1 ? "replica are" : "replicas are")
          + " more than this version simulates",
        help: "fewer adapters or replicas: at most \(Self.mostPlaces) when multiplied")
    }
  }

  private mutating func adapterTargets(_ value: Written, _ path: String, model: ModelShape)
    -> [AdapterShape.Target]?
  {
    let attention: [AdapterShape.Target] = [.query, .key, .value, .output]
    var targets = AdapterShape.Target.allCases
    if let items = value["targets"]?.items {
      targets = items.compactMap { $0.text.flatMap(AdapterShape.Target.init) }
    } else if value["targets"]?.text == "attention" {
      targets = attention
    } else {
      if value["targets"] == nil { _ = standing(0, at: "\(path).targets", as: "all-linear") }
      if !model.gated { targets.removeAll { $0 == .gate } }
    }
    let place = value["targets"] ?? value
    if targets.isEmpty {
      fault(place, "\(path).targets", "an adapter stands beside at least one matrix")
      return nil
    }
    if let missing = targets.first(where: { !AdapterShape.has($0, in: model) }) {
      let what =
        attention.contains(missing)
        ? "latent attention" : model.experts == nil ? "a feed-forward block without a gate" : "experts"
      fault(
        place, "\(path).targets",
        "adapters beside '\(missing.rawValue)' of \(what) (\(model.name)) are not simulated by this version",
        help: attention.contains(missing) ? nil : "set `targets: attention`")
      return nil
    }
    return targets
  }

  /// What copies from the host reach of the accelerator's link, unless the file says it.
  private mutating func hostBandwidth(_ value: Written, _ path: String, of pool: Pool) -> BytesPerSecond? {
    let path = "\(path).host-bandwidth"
    if let written = value["host-bandwidth"] { return bandwidth(written, path) }
    let usual = pool.accelerator.pcieBandwidth * catalog.pcieShare
    if usual.value < 1e6 {
      fault(
        value, path, "the catalogue knows no link of \(pool.accelerator.name) to its host",
        help: "give `host-bandwidth: 50GB/s`")
      return nil
    }
    return standing(usual, at: path, as: "\((usual.value / 1e7).rounded() / 100) GB/s, of its PCIe link")
  }

  private mutating func bandwidth(_ written: Written, _ path: String) -> BytesPerSecond? {
    let bandwidth = quantity(written, .bandwidth) ?? 0
    if bandwidth >= 1e6 && bandwidth <= 1e18 { return BytesPerSecond(bandwidth) }
    fault(written, path, "the bandwidth must lie between 1 MB/s and 1 EB/s")
    return nil
  }

  /// How many adapters the host holds, and where the others lie.
  private mutating func hostSlots(_ value: Written, _ path: String, slots: Int, count: Int)
    -> (slots: Int, storage: AdapterDeployment.Storage?)?
  {
    let all = max(count, slots)
    let held =
      integer(value["host-slots"]) ?? standing(all, at: "\(path).host-slots", as: "\(all), all there are")
    if held < slots {
      fault(
        value["host-slots"] ?? value, "\(path).host-slots",
        "the host holds at least as many adapters as there are slots, \(slots)")
      return nil
    }
    guard let storage = value["storage"] else {
      if held < count {
        fault(
          value["host-slots"] ?? value, "\(path).host-slots",
          "nothing says where the other \(count - held) adapters come from",
          help: "give `storage: { bandwidth: 2GB/s, latency: 50ms }`, or more host-slots")
        return nil
      }
      return (held, nil)
    }
    guard let written = storage["bandwidth"], let bandwidth = bandwidth(written, "\(path).storage.bandwidth")
    else { return nil }
    let latency =
      quantity(storage["latency"], .duration) ?? standing(0, at: "\(path).storage.latency", as: "0s")
    return (held, .init(bandwidth: bandwidth, latency: Seconds(latency)))
  }
}
