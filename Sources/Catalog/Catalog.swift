import CCatalogData
import Quantities

/// Hardware, models, engines and prices as dated facts with sources.
///
/// Files are parsed when first asked for; look-ups are then constant in time.
public struct Catalog: Sendable {
  /// The catalogue compiled into the program.
  public static let builtIn = Catalog()

  private static let sources: [String: Source] = {
    let bytes = UnsafeBufferPointer(start: dryrack_sources_start(), count: dryrack_sources_size)
    var found: [String: Source] = [:]
    for cells in CommaSeparated.rows(bytes).dropFirst() where cells.count == 3 {
      found[cells[0]] = Source(id: cells[0], citation: cells[1], confidence: cells[2])
    }
    return found
  }()

  /// Names of all entries of a kind, sorted.
  public func names(of kind: Kind) -> [String] { FactTable.of(kind).names }

  /// Every fact of a kind, in file order.
  public func facts(of kind: Kind) -> [Fact] { FactTable.of(kind).facts }

  /// The facts of one entry, in file order.
  public func rows(of kind: Kind, named name: String) -> [Fact] {
    FactTable.of(kind).entry(name)?.facts ?? []
  }

  public func source(_ id: String) -> Source? { Self.sources[id] }

  public func accelerator(_ name: String) -> Accelerator? {
    guard let entry = FactTable.of(.accelerators).entry(name), let memory = entry.number("memory") else {
      return nil
    }
    let peaks = [
      ("bf16", "bf16-flops"), ("fp16", "fp16-flops"), ("fp8", "fp8-flops"), ("int8", "int8-ops"),
      ("fp4", "fp4-flops"),
    ]
    let power = entry.number("power") ?? 0
    return Accelerator(
      name: name, vendor: entry["vendor"] ?? "", kind: entry["kind"] ?? "gpu",
      peakFlops: peaks.compactMap { peak in
        entry.number(peak.1).map { .init(name: peak.0, rate: FlopsPerSecond($0 * 1e12)) }
      },
      measuredFlops: entry.number("measured-bf16-flops").map { FlopsPerSecond($0 * 1e12) },
      memory: Bytes(memory * 1e9),
      driverMemory: Bytes(entry.number("memory-driver").map { $0 * 1_073_741_824 } ?? memory * 1e9 * 0.985),
      memoryBandwidth: BytesPerSecond((entry.number("memory-bandwidth") ?? 100) * 1e9),
      scaleUpBandwidth: BytesPerSecond((entry.number("scale-up-bandwidth") ?? 30) * 1e9),
      scaleUpDomain: entry.integer("scale-up-domain") ?? 1, power: Watts(power),
      idlePower: Watts(entry.number("idle-power") ?? power / 10),
      price: entry.number("price").map { Money($0) })
  }

  public func node(_ name: String) -> Node? {
    guard let entry = FactTable.of(.nodes).entry(name), let accelerator = entry["accelerator"] else {
      return nil
    }
    return Node(
      name: name, accelerator: accelerator, accelerators: entry.integer("accelerators") ?? 1,
      power: Watts(entry.number("power") ?? 0), idlePower: Watts(entry.number("idle-power") ?? 0),
      provider: entry["provider"], price: entry.number("price").map { Money($0) },
      networkBandwidth: BytesPerSecond((entry.number("nic-bandwidth") ?? 1) * 1e9))
  }

  public func fabric(_ name: String) -> Fabric? {
    FactTable.of(.fabrics).entry(name)?.number("link-bandwidth").map {
      Fabric(name: name, linkBandwidth: BytesPerSecond($0 * 1e9 / 8))
    }
  }

  public func precision(_ name: String) -> Precision? {
    guard let entry = FactTable.of(.precisions).entry(name), let width = entry.number("weight-bytes") else {
      return nil
    }
    return Precision(
      name: name, bytesPerWeight: width, bytesPerActivation: entry.number("activation-bytes") ?? width,
      computeName: entry["compute"] ?? "bf16")
  }

  public func engine(_ name: String) -> EnginePreset? {
    guard let entry = FactTable.of(.engines).entry(name) else { return nil }
    func gibibytes(_ key: String) -> Bytes { Bytes((entry.number(key) ?? 0) * 1_073_741_824) }
    return EnginePreset(
      name: name, blockSize: entry.integer("block-size") ?? 16,
      memoryUtilization: entry.number("memory-utilization") ?? 0.9,
      maximumSequences: entry.integer("maximum-sequences") ?? 256,
      maximumBatchedTokens: entry.integer("maximum-batched-tokens") ?? 8192,
      stepOverhead: Seconds(entry.number("step-overhead") ?? 0),
      layerOverhead: Seconds(entry.number("layer-overhead") ?? 0),
      sequenceOverhead: Seconds(entry.number("sequence-overhead") ?? 0),
      frontEnd: Seconds(entry.number("front-end") ?? 0), graphMemory: gibibytes("graph-memory"),
      runtimeMemory: gibibytes("runtime-memory"), communicationMemory: gibibytes("communication-memory"))
  }

  public func endpoint(_ name: String) -> EndpointPreset? {
    guard let entry = FactTable.of(.endpoints).entry(name), let input = entry.number("input-price"),
      let output = entry.number("output-price")
    else { return nil }
    return EndpointPreset(
      name: name, provider: entry["provider"] ?? "", inputPricePerMillion: Money(input),
      outputPricePerMillion: Money(output), requestsPerMinute: entry.number("requests-per-minute"),
      tokensPerMinute: entry.number("tokens-per-minute"), ttftBaseSeconds: entry.number("ttft-base") ?? 0.3,
      secondsPerInputToken: entry.number("ttft-per-input-token") ?? 0,
      outputTokensPerSecond: entry.number("output-rate") ?? 50, source: entry.facts[0].source,
      date: entry.facts[0].date)
  }

  /// Price of a node-hour in a dated preset: of the instance itself where listed, else of its
  /// accelerators at the
  /// same provider.
  public func price(preset: String, provider: String, node: Node, term: PriceTerm) -> PricedRate? {
    let table = FactTable.of(.prices)
    let key = "\(preset) \(term.rawValue)"
    for name in ["\(provider) \(node.name)", "\(provider) \(node.accelerator)"] {
      for fact in table.entry(name)?.facts ?? [] where fact.key == key {
        guard let value = Double(fact.value) else { continue }
        let nodes = fact.unit == "USD/node-hour" ? 1 : node.accelerators
        return PricedRate(perNodeHour: Money(value * Double(nodes)), source: fact.source, date: fact.date)
      }
    }
    return nil
  }

  /// Presets that prices can be taken from, sorted.
  public var priceLists: [String] {
    Array(Set(facts(of: .prices).compactMap { $0.key.split(separator: " ").first.map(String.init) })).sorted()
  }

  /// Hash of every byte of the catalogue (FNV-1a, 64 bit, hex).
  public var contentHash: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for kind in Kind.allCases {
      for byte in FactTable.embedded(kind) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
