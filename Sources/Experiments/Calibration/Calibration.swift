import Catalog
import Dispatch
import Statistics
import Synchronization

/// A fact of the catalogue that a calibration may move: a positive number, fitted in its logarithm.
public struct CalibrationParameter: Sendable, Hashable {
  public var kind: Kind
  public var name: String
  public var key: String
  public var unit: String
  public var start: Double
  /// Standard deviation of the logarithm around `start` that is believed before anything is measured:
  /// what the data does not speak of stays where it was.
  public var spread: Double

  public init(kind: Kind, name: String, key: String, unit: String = "", start: Double, spread: Double) {
    precondition(start > 0 && spread > 0, "a coefficient is fitted in its logarithm")
    self.kind = kind
    self.name = name
    self.key = key
    self.unit = unit
    self.start = start
    self.spread = spread
  }

  func fact(_ value: Double, source: String, date: String, note: String) -> OverlayFact {
    OverlayFact(
      kind: kind,
      fact: Fact(
        name: name, key: key, value: Self.digits(value), unit: unit, source: source, date: date, note: note))
  }

  /// Four significant digits: more would claim what no fit knows.
  static func digits(_ value: Double) -> String {
    var scale = 1.0
    while value * scale < 1000 && scale < 1e15 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
  }
}

/// What a calibration found.
public struct CalibrationFit: Sendable {
  /// A parameter's value with the interval of one standard error.
  public struct Estimate: Sendable {
    public var parameter: CalibrationParameter
    public var value: Double
    public var low: Double
    public var high: Double
    /// Standard deviation of the logarithm that is left after the measurements, where residuals are taken to
    /// be as large as their tolerances say, or as large as they are where that is more.
    public var logError: Double
    /// The same without the measurements' scatter, over the spread before them: near 1 where they say
    /// nothing.
    public var shareLeft: Double

    /// The interval of 95 %.
    public var interval: (low: Double, high: Double) {
      let factor = exponential(min(9, 1.96 * logError))
      return (value / factor, value * factor)
    }
    /// Whether the measurements narrowed it down at all.
    public var isDetermined: Bool { shareLeft < 0.8 }
    /// Whether it ran into the end of what is searched.
    public var isAtBound: Bool { abs(distance) * parameter.spread >= Calibration.bound - 0.01 }
    /// How far it went from its start, in its spreads.
    public var distance: Double { logarithm(value / parameter.start) / parameter.spread }
  }
  public var estimates: [Estimate]
  public var startCost: Double
  public var endCost: Double
  /// Root mean square of the figures' errors in units of their tolerances, 0.1 at least and 1 at most: how
  /// much of its weight what was believed before keeps against measurements that agree this well.
  public var scatter: Double

  /// The fitted facts, to lay over the catalogue.
  public func overlay(source: String, date: String, note: String) -> [OverlayFact] {
    estimates.map { $0.parameter.fact($0.value, source: source, date: date, note: note) }
  }
}

/// Fits coefficients of the catalogue to measured runs.
///
/// Least squares over log(simulated ÷ measured) in units of each figure's tolerance, softened so that one
/// wild row pulls linearly, not quadratically (Charbonnier's ρ(r) = 2 (√(1 + r²) − 1)), plus the square of
/// each parameter's distance from its start in units of its spread, times the square of `scatter`: where
/// figures agree far within their tolerances, those overstate the noise, and what is believed must not hold
/// the fit away from them. Coefficients are fitted once over all cases, never per case.
public enum Calibration {
  /// Largest change of a coefficient's logarithm: a factor of 55.
  static let bound = 4.0
  /// The solver's parameters are this much more than log(value ÷ start): its steps are relative, and must
  /// not shrink to nothing where a logarithm passes through zero.
  private static let offset = 10.0

  /// - Parameters:
  ///   - catalog: what the parameters are laid over.
  ///   - guess: values to search from, in the order of `parameters`, where something is known; the result is
  ///     still drawn to each parameter's own start.
  ///   - scatter: of the figures' errors in units of their tolerances, as an earlier fit found it.
  ///   - steps: of the logarithms, for difference quotients, each search going on where the one before
  ///     ended. Simulated figures have stairs: users of a closed loop who all send alike fall into step, and
  ///     quotients over small steps see the treads and not the slope.
  ///   - jobs: cases simulated at once; the result does not depend on it.
  /// - Returns: `nil` when no figure can be simulated at the start.
  /// - Complexity: about 8 × (parameters + 2) simulations of every case for each of the steps.
  public static func fit(
    _ cases: [CalibrationCase], parameters: [CalibrationParameter], catalog: Catalog = .builtIn,
    guess: [Double]? = nil, scatter: Double = 1, steps: [Double] = [0.02], jobs: Int = 2
  ) -> CalibrationFit? {
    let figures = cases.reduce(0) { $0 + $1.figures.count }
    guard figures > 0, !parameters.isEmpty else { return nil }
    func values(_ position: [Double]) -> [Double] {
      zip(parameters, position).map { $0.start * exponential(max(-bound, min(bound, $1 - offset))) }
    }
    let memory = CaseMemory(cases: cases, parameters: parameters)
    func errors(_ position: [Double]) -> [Double] {
      let overlay = zip(parameters, values(position)).map { $0.fact($1, source: "", date: "", note: "") }
      return memory.residuals(at: position, catalog: catalog.overlaid(with: overlay), jobs: jobs)
    }
    var position = zip(parameters, guess ?? parameters.map(\.start)).map {
      offset + logarithm($1 / $0.start)
    }
    var found: LeastSquaresFit?
    for step in steps {
      let next = leastSquares(
        start: position, count: figures + parameters.count, step: step / offset, tolerance: 1e-4
      ) { position in
        errors(position) + zip(parameters, position).map { ($1 - offset) / $0.spread * scatter }
      }
      guard let next else { break }
      position = next.parameters
      found = next
    }
    return found.map { found in
      let square = errors(position).reduce(0) { $0 + $1 * $1 }
      return CalibrationFit(
        estimates: estimates(parameters, values(position), found, belief: scatter),
        startCost: found.startCost, endCost: found.endCost,
        scatter: max(0.1, min(1, (square / Double(figures)).squareRoot())))
    }
  }

  private static func estimates(
    _ parameters: [CalibrationParameter], _ values: [Double], _ found: LeastSquaresFit, belief: Double
  ) -> [CalibrationFit.Estimate] {
    let scatter = max(found.residualVariance, 1e-12).squareRoot()
    return parameters.indices.map { index in
      // Never wider than what was believed before anything was measured.
      let spread = parameters[index].spread
      let error = min(found.standardErrors[index], spread * scatter)
      let factor = exponential(min(4, error))
      return CalibrationFit.Estimate(
        parameter: parameters[index], value: values[index], low: values[index] / factor,
        high: values[index] * factor, logError: error / scatter * max(1, scatter),
        shareLeft: min(1, found.standardErrors[index] / scatter * belief / spread))
    }
  }

  /// Softened log errors of one case's figures; 10, far off, for what could not be simulated.
  static func residuals(_ figures: [MeasuredFigure], _ simulated: SimulatedFigures?) -> [Double] {
    figures.map { figure in
      guard let simulated, let predicted = figure.predict(simulated), predicted > 0 else { return 10 }
      let error = logarithm(predicted / figure.measured) / figure.tolerance
      let softened = (2 * ((1 + error * error).squareRoot() - 1)).squareRoot()
      return error < 0 ? -softened : softened
    }
  }

  /// Every case under one catalogue, in the order given; `nil` for a case that is refused.
  public static func simulateAll(
    _ cases: [CalibrationCase], catalog: Catalog, jobs: Int = 2
  ) -> [SimulatedFigures?] {
    let results = Mutex([SimulatedFigures?](repeating: nil, count: cases.count))
    let next = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
      while true {
        let index = next.withLock { value in
          defer { value += 1 }
          return value
        }
        guard index < cases.count else { return }
        let simulated = try? cases[index].simulate(catalog: catalog).get()
        results.withLock { $0[index] = simulated }
      }
    }
    return results.withLock { $0 }
  }
}
