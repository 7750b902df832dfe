import Catalog

/// A fact of an engine that measured runs can teach.
public struct EngineCoefficient: Sendable, Hashable {
  /// What it is a coefficient of: it says nothing of runs without.
  public enum Scope: Sendable, Hashable { case everyModel, mixtureOfExperts, severalAccelerators }
  /// As in the catalogue's engines.
  public var key: String
  public var unit: String
  /// What kernel tables and common sense say before any run.
  public var neutral: Double
  /// Standard deviation of the logarithm that is believed before anything is measured.
  public var spread: Double
  public var scope: Scope

  /// Host overheads, then the times of an engine's kernels over those of the accelerator's coefficients.
  public static let all: [EngineCoefficient] = [
    host("step-overhead", 2e-4, 1), host("layer-overhead", 8e-6, 0.7), host("sequence-overhead", 4e-6, 1),
    host("front-end", 7e-3, 0.7), ratio("weight-reading", 0.1), ratio("arithmetic", 0.2),
    ratio("decode-attention", 0.2), ratio("prompt-attention", 0.3),
    ratio("communication", 0.3, .severalAccelerators), ratio("expert-reading", 0.2, .mixtureOfExperts),
    ratio("expert-arithmetic", 0.3, .mixtureOfExperts),
  ]

  private static func host(_ key: String, _ seconds: Double, _ spread: Double) -> EngineCoefficient {
    EngineCoefficient(key: "\(key)-s", unit: "s", neutral: seconds, spread: spread, scope: .everyModel)
  }

  private static func ratio(
    _ key: String, _ spread: Double, _ scope: Scope = .everyModel
  ) -> EngineCoefficient {
    EngineCoefficient(key: "\(key)-time-ratio", unit: "", neutral: 1, spread: spread, scope: scope)
  }

  /// The coefficient of one engine, from its neutral value.
  public func parameter(ofEngine name: String) -> CalibrationParameter {
    CalibrationParameter(kind: .engines, name: name, key: key, unit: unit, start: neutral, spread: spread)
  }

  /// The same from what the catalogue says at present of that engine in that version; a zero there cannot be
  /// scaled and gives way to the neutral value.
  public func parameter(of engine: EnginePreset, in catalog: Catalog) -> CalibrationParameter {
    var parameter = parameter(ofEngine: engine.entry)
    let facts =
      catalog.rows(of: .engines, named: engine.entry) + catalog.rows(of: .engines, named: engine.name)
    if let present = facts.first(where: { $0.key == key })?.number, present > 0 { parameter.start = present }
    return parameter
  }
}
