import Catalog

/// How much of an accelerator's datasheet its kernels reach, from the catalogue's `efficiencies`.
public struct Efficiencies: Sendable {
  var gemmCompute: Double
  var gemmMemory: Double
  var gemmLatency: Double
  var prefillCompute: Double
  var prefillLatency: Double
  var decodeMemory: Double
  var decodeLatency: Double
  /// Bytes a second around the ring; `nil` where only the link's rate is known.
  var allReduceBandwidth: Double?
  var allReduceLatency: Double
  public var basis: Basis

  /// The accelerator's own rows where there are any, else those of its class.
  public init(accelerator: Accelerator, precision: Precision, catalog: Catalog = .builtIn) {
    let own = catalog.rows(of: .efficiencies, named: accelerator.name)
    let aliases = [
      "a100-sxm-40gb": "a100-sxm-80gb", "h100-nvl": "h100-sxm", "gh200": "h100-sxm", "h200-nvl": "h200-sxm",
    ]
    let related = catalog.rows(of: .efficiencies, named: aliases[accelerator.name] ?? "")
    let general = catalog.rows(of: .efficiencies, named: "default-\(accelerator.kind)")
    func value(_ key: String) -> Double? {
      for rows in [own, related, general] {
        if let fact = rows.first(where: { $0.key == key }), let number = Double(fact.value) { return number }
      }
      return nil
    }
    let gemm = precision.computeName == "fp8" || precision.computeName == "fp4" ? "gemm-fp8" : "gemm-bf16"
    gemmCompute = value("\(gemm)-compute-efficiency") ?? 0.5
    gemmMemory = value("gemm-bf16-memory-efficiency") ?? 0.7
    gemmLatency = value("gemm-bf16-latency") ?? 3e-6
    prefillCompute = value("prefill-attention-compute-efficiency") ?? 0.35
    prefillLatency = value("prefill-attention-latency") ?? 1e-5
    decodeMemory = value("decode-attention-memory-efficiency") ?? 0.7
    decodeLatency = value("decode-attention-latency") ?? 5e-6
    allReduceBandwidth = value("all-reduce-bandwidth").map { $0 * 1e9 }
    allReduceLatency = value("all-reduce-latency") ?? 1e-5
    basis = own.isEmpty && related.isEmpty ? .estimated : .fitted
  }
}
