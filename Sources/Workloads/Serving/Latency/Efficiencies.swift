import Catalog

/// What an accelerator's kernels reach of its datasheet, from the catalogue's `efficiencies`.
///
/// An accelerator's own rows come first, then those of the relative it names with `like`, then its class's.
struct Efficiencies: Sendable {
  /// A matrix product: launch [s], fraction of peak, ramp (output elements, or tokens for experts),
  /// fraction of bandwidth, sharpness of the knee (1, 2, 4 or 8), and activation traffic beside the
  /// arithmetic [B/element]. `served` multiplies all of it: what measured runs add to the kernels.
  struct Product: Sendable {
    var launch: Double
    var compute: Double
    var ramp: Double
    var memory: Double
    var sharpness: Int
    var activation: Double
    /// Time inside a served model over that of the kernel alone.
    var served: Double
  }

  let product: Product
  /// For what stays in 16 bits: the output head and the router.
  let wideProduct: Product
  let experts: Product
  let prefillLatency: Double
  let prefillCompute: Double
  /// Tokens' worth of pairs that a prompt token costs beyond its own.
  let prefillRamp: Double
  let decodeLatency: Double
  let decodePerSequence: Double
  let decodeMemory: Double
  /// Only latent attention is also bound by arithmetic.
  let latentCompute: Double
  /// Measured times [s] by message bytes, ascending; empty where only the link's rate is known.
  let allReduce: [(bytes: Double, time: Double)]
  let allReduceLatency: Double
  let allReduceBus: Double
  let hopLatency: Double
  let hopBus: Double
  let basis: Basis

  init(
    accelerator: Accelerator, weights: Precision, denseWeights: Precision, keyValue: Precision,
    isLatent: Bool, tensor: Int,
    catalog: Catalog = .builtIn
  ) {
    let table = Table(accelerator: accelerator, catalog: catalog)
    let names = Self.names(of: weights)
    product = table.product("gemm", Self.names(of: denseWeights))
    wideProduct = table.product("gemm", ["bf16"])
    experts = table.product("moe", names)
    let cache = keyValue.bytesPerActivation < 2 ? ["fp8", "bf16"] : ["bf16"]
    let prefill = isLatent ? "mla-prefill" : "prefill"
    let decode = isLatent ? "mla-decode" : "decode"
    prefillLatency = table.number(prefill, cache, "latency", otherwise: 3e-5)
    prefillCompute = table.number(prefill, cache, "compute", otherwise: 0.45)
    prefillRamp = table.number(prefill, cache, "ramp", otherwise: 600)
    decodeLatency = table.number(decode, cache, "latency", otherwise: 1.2e-5)
    decodePerSequence = table.number(decode, cache, "per-sequence", otherwise: 3e-8)
    decodeMemory = table.number(decode, cache, "memory", otherwise: 0.65)
    latentCompute = table.number(decode, cache, "compute", otherwise: 0.5)
    allReduce = table.allReduce(devices: tensor)
    allReduceLatency = table.number("allreduce.latency") ?? 8e-6
    allReduceBus = table.number("allreduce.bus") ?? 0.7
    hopLatency = table.number("hop.latency") ?? 1.2e-5
    hopBus = table.number("hop.bus") ?? 0.8
    basis = table.isOwn ? .fitted : .estimated
  }

  /// Row names that may stand for a precision, nearest first: where no unit multiplies it, its weights are
  /// widened first, as with weight-only formats.
  private static func names(of precision: Precision) -> [String] {
    let widened = precision.bytesPerWeight < 0.8 ? "int4-weight-only" : "int8-weight-only"
    let native = precision.computeName == "fp4" ? "nvfp4" : precision.computeName
    if precision.bytesPerWeight >= 2 { return ["bf16"] }
    return precision.isWeightOnly
      ? [precision.name, widened, "bf16"] : [precision.name, native, widened, "bf16"]
  }

  /// Rows by key, nearest source last so that it wins.
  private struct Table {
    private var own: [String: Double] = [:]
    private var general: [String: Double] = [:]
    private(set) var isOwn = false

    init(accelerator: Accelerator, catalog: Catalog) {
      for name in ["default-gpu", "default-\(accelerator.kind)"] {
        for row in catalog.rows(of: .efficiencies, named: name) { general[row.key] = Double(row.value) }
      }
      let rows = catalog.rows(of: .efficiencies, named: accelerator.name)
      let relative = rows.first { $0.key == "like" }?.value
      for row in catalog.rows(of: .efficiencies, named: relative ?? "") + rows {
        own[row.key] = Double(row.value)
      }
      isOwn = rows.contains { $0.note.hasPrefix("fitted") }
    }

    func number(_ key: String) -> Double? { own[key] ?? general[key] }

    func number(_ kind: String, _ names: [String], _ field: String, otherwise: Double) -> Double {
      for name in names { if let value = own["\(kind).\(name).\(field)"] { return value } }
      for name in names { if let value = general["\(kind).\(name).\(field)"] { return value } }
      return otherwise
    }

    func product(_ kind: String, _ names: [String]) -> Product {
      Product(
        launch: number(kind, names, "launch", otherwise: 4e-6),
        compute: number(kind, names, "compute", otherwise: 0.5),
        ramp: number(kind, names, "ramp", otherwise: 1),
        memory: number(kind, names, "memory", otherwise: 0.7),
        sharpness: Int(number(kind, names, "sharpness", otherwise: 2)),
        activation: number(kind, names, "activation", otherwise: 1),
        served: number(kind, names, "served", otherwise: 1))
    }

    /// The table of that many devices; of the next smaller one, stretched by the ring's share (n − 1) ÷ n
    /// and its steps, where there is none.
    func allReduce(devices: Int) -> [(bytes: Double, time: Double)] {
      guard devices > 1 else { return [] }
      var measured = 1
      while measured * 2 <= devices, own["allreduce.\(measured * 2).1024"] != nil { measured *= 2 }
      guard measured > 1 else { return [] }
      let stretch =
        (1 - 1 / Double(devices)) / (1 - 1 / Double(measured)) * Double(max(1, devices / measured))
      var size = 1024.0
      var table: [(bytes: Double, time: Double)] = []
      while let time = own["allreduce.\(measured).\(Int(size))"] {
        table.append((size, time * (devices == measured ? 1 : stretch)))
        size *= 4
      }
      return table
    }
  }
}
