import DryRack
import Foundation
import Infrastructure

/// Coefficients of the training model, fitted once over measured runs: never to a row, and each drawn to the
/// value that it starts from by how far that is trusted.
struct TrainingFit {
  /// A coefficient, a row of the catalogue's `training`.
  struct Parameter: Sendable {
    var entry: String
    var key: String
    var start: Double
    /// How far, as a factor's logarithm, its value is believed to lie from the start.
    var spread: Double
    var unit = ""
  }

  /// Kernels of each sort of accelerator start from what their tables of single products give; frameworks
  /// start from Megatron-Core's own.
  static let parameters: [Parameter] = accelerators + frameworks

  private static let accelerators: [Parameter] = [
    Parameter(entry: "a100-sxm-80gb", key: "product.bf16", start: 0.85, spread: 0.07),
    Parameter(entry: "a100-sxm-80gb", key: "attention", start: 0.6, spread: 0.2),
    Parameter(entry: "h100-sxm", key: "product.bf16", start: 0.72, spread: 0.07),
    Parameter(entry: "h100-sxm", key: "product.fp8", start: 0.62, spread: 0.15),
    Parameter(entry: "h100-sxm", key: "attention", start: 0.35, spread: 0.2),
    Parameter(entry: "b200-sxm", key: "product.bf16", start: 0.7, spread: 0.1),
    Parameter(entry: "b200-sxm", key: "product.fp8", start: 0.65, spread: 0.15),
    Parameter(entry: "b200-sxm", key: "product.mxfp8", start: 0.62, spread: 0.15),
    Parameter(entry: "b200-sxm", key: "product.nvfp4", start: 0.55, spread: 0.15),
    Parameter(entry: "b200-sxm", key: "attention", start: 0.3, spread: 0.2),
    Parameter(entry: "gb300", key: "product.mxfp8", start: 0.68, spread: 0.15),
    Parameter(entry: "gb300", key: "product.fp8", start: 0.7, spread: 0.15),
    Parameter(entry: "gb300", key: "product.nvfp4", start: 0.45, spread: 0.15),
    Parameter(entry: "gb300", key: "attention", start: 0.35, spread: 0.2),
    Parameter(entry: "tpu-v6e", key: "product.bf16", start: 0.65, spread: 0.2),
    Parameter(entry: "tpu-v6e", key: "product.fp8", start: 0.75, spread: 0.15),
    Parameter(entry: "tpu-v7", key: "product.bf16", start: 0.65, spread: 0.2),
    Parameter(entry: "tpu-v7", key: "product.fp8", start: 0.55, spread: 0.2),
    Parameter(entry: "default-tpu", key: "attention", start: 0.35, spread: 0.3),
    Parameter(entry: "default-gpu", key: "product-depth", start: 128, spread: 0.2),
    Parameter(entry: "default-tpu", key: "product-depth", start: 128, spread: 0.2),
  ]

  private static let frameworks: [Parameter] = [
    Parameter(entry: "default", key: "immaturity", start: 0.5, spread: 0.5),
    Parameter(entry: "default", key: "attention-time-ratio", start: 0.7, spread: 0.1),
    Parameter(entry: "default", key: "elementwise-time-ratio", start: 1, spread: 0.3),
    Parameter(entry: "default", key: "expert-time-ratio", start: 1.15, spread: 0.15),
    Parameter(entry: "default", key: "expert-traffic-time-ratio", start: 1.3, spread: 0.3),
    Parameter(entry: "default", key: "tensor-exposed", start: 0.5, spread: 0.3),
    Parameter(entry: "default", key: "context-exposed", start: 0.3, spread: 0.4),
    Parameter(entry: "default", key: "expert-exposed", start: 0.7, spread: 0.3),
    Parameter(entry: "default", key: "pipeline-exposed", start: 0.4, spread: 0.4),
    Parameter(entry: "default", key: "data-exposed", start: 0.1, spread: 0.4),
    Parameter(entry: "default", key: "layer-overhead", start: 1e-3, spread: 0.5, unit: "s"),
    Parameter(entry: "default", key: "expert-layer-overhead", start: 3.5e-3, spread: 0.4, unit: "s"),
    Parameter(entry: "default", key: "microbatch-overhead", start: 1e-3, spread: 0.5, unit: "s"),
    Parameter(entry: "default", key: "step-overhead", start: 5e-3, spread: 0.5, unit: "s"),
    Parameter(entry: "default", key: "variation", start: 0.01, spread: 0.4),
    Parameter(entry: "llm-foundry", key: "arithmetic-time-ratio", start: 1, spread: 0.05),
    Parameter(entry: "llm-foundry", key: "attention-time-ratio", start: 1.2, spread: 0.3),
    Parameter(entry: "llm-foundry", key: "elementwise-time-ratio", start: 2, spread: 0.3),
    Parameter(entry: "default", key: "shard-exposed", start: 0.2, spread: 0.4),
    Parameter(entry: "llm-foundry", key: "shard-exposed", start: 0.3, spread: 0.4),
    Parameter(entry: "megatron-2021", key: "arithmetic-time-ratio", start: 1.05, spread: 0.1),
    Parameter(entry: "megatron-2021", key: "attention-time-ratio", start: 1.2, spread: 0.2),
    Parameter(entry: "megatron-2021", key: "elementwise-time-ratio", start: 1.5, spread: 0.2),
    Parameter(entry: "megatron-core", key: "arithmetic-time-ratio", start: 1, spread: 0.1),
    Parameter(entry: "nemo", key: "arithmetic-time-ratio", start: 1, spread: 0.1),
    Parameter(entry: "mlperf", key: "arithmetic-time-ratio", start: 1, spread: 0.1),
    Parameter(entry: "maxtext", key: "arithmetic-time-ratio", start: 1, spread: 0.1),
    Parameter(entry: "maxtext", key: "expert-time-ratio", start: 1.15, spread: 0.15),
    Parameter(entry: "maxtext", key: "elementwise-time-ratio", start: 1, spread: 0.2),
  ]

  /// The rows of `training` for factors over the starts.
  static func overlay(_ factors: [Double], source: String, date: String) -> [OverlayFact] {
    zip(parameters, factors).map { parameter, factor in
      let value = parameter.start * min(100, max(0.01, factor))
      let digits = String(format: "%.4g", value)
      return OverlayFact(
        kind: .training,
        fact: Fact(
          name: parameter.entry, key: parameter.key, value: digits, unit: parameter.unit, source: source,
          date: date, note: "fitted"))
    }
  }

  static func predicted(_ row: TrainingRow, _ catalog: Catalog) -> TrainingStep {
    TrainingStepModel(
      row.run, framework: row.framework, collectives: row.network.collectives, catalog: catalog
    ).step()
  }

  /// Whether the fit learns from a row. Cards without links of their own talk over PCIe, whose tree no row
  /// states: the catalogue's curve is that of the one server that was measured, and what it is off by would
  /// be taken for a coefficient of every machine.
  static func learns(from row: TrainingRow) -> Bool { row.run.accelerator.scaleUpDomain > 1 }

  /// Least squares of pseudo-Huber residuals of log time, in units of a tenth, beside the priors.
  static func fit(_ all: [TrainingRow], base: Catalog) -> [Double]? {
    let rows = all.filter { learns(from: $0) }
    let start = [Double](repeating: 1, count: parameters.count)
    let models = rows.map {
      TrainingStepModel($0.run, framework: $0.framework, collectives: $0.network.collectives, catalog: base)
    }
    let fit = leastSquares(
      start: start, count: rows.count + parameters.count, step: 0.02, maximumIterations: 12, tolerance: 1e-4
    ) { factors in
      let catalog = base.overlaid(with: overlay(factors, source: "training-fit", date: "2026-11-26"))
      var residuals = zip(rows, models).map { row, model in
        let preset = catalog.training(
          framework: row.framework, accelerator: row.run.accelerator, format: row.run.precision.rawValue)
        return softened(log(model.rated(preset).step().time.value / row.measured) / 0.1)
      }
      for (parameter, factor) in zip(parameters, factors) {
        residuals.append(log(max(0.01, factor)) / parameter.spread)
      }
      return residuals
    }
    return fit?.parameters
  }

  /// Far residuals count by their size, near ones by their square (Huber, 1964).
  private static func softened(_ z: Double) -> Double {
    let size = (2 * ((1 + z * z).squareRoot() - 1)).squareRoot()
    return z < 0 ? -size : size
  }
}
