import Kernel
import Quantities
import Statistics

/// The parameter space of a sweep: which values of a scenario vary, and which of their combinations are its
/// points.
///
/// Points are worked out from their numbers, so that a space takes the same memory whatever their count.
public struct SweepSpace: Sendable {
  /// How points are taken from the space.
  public enum Method: String, Sendable, CaseIterable {
    /// Every combination, the first parameter slowest.
    case grid
    /// The first values of all parameters together, then the second ones.
    case zip
    /// The low-discrepancy sequence of Sobol, whose first points cover the space evenly too.
    case sobol
    /// Every parameter's range in as many strata as there are points, each hit once (McKay, Beckman, Conover,
    /// Technometrics 1979).
    case latinHypercube = "latin-hypercube"

    /// Whether the points are spread over ranges rather than combined from values.
    public var isSampled: Bool { self == .sobol || self == .latinHypercube }
  }

  public let parameters: [SweepParameter]
  /// What follows from them; it adds no points.
  public let dependents: [SweepDependent]
  public let method: Method
  /// How many points there are; at least 1.
  public let count: Int
  /// Points of a sampled method that were left out because earlier ones have the same values.
  public let repeated: Int
  /// Of the sampled methods.
  private let sampler: Sampler
  /// The sampler's numbers of the points; `nil` where none was left out.
  private let distinct: [Int]?

  enum Sampler: Sendable {
    case none
    case sobol(SobolSequence)
    case latinHypercube([LatinHypercubeColumn])
  }

  /// - Parameters:
  ///   - points: of the sampled methods; the others count their own.
  ///   - seed: of the Latin hypercube.
  /// - Returns: `nil` where there are more points than `ScenarioShape.points` allows, or a Sobol sequence of
  ///   more dimensions than there are.
  init?(
    parameters: [SweepParameter], dependents: [SweepDependent] = [], method: Method, points: Int,
    seed: UInt64
  ) {
    self.parameters = parameters
    self.dependents = dependents
    self.method = method
    let asked: Int
    switch method {
    case .grid:
      var product = 1
      for parameter in parameters {
        let (next, overflow) = product.multipliedReportingOverflow(by: parameter.levels.count)
        if overflow || next > ScenarioShape.points.upperBound { return nil }
        product = next
      }
      asked = product
    case .zip: asked = parameters.first?.levels.count ?? 1
    case .sobol, .latinHypercube: asked = points
    }
    guard ScenarioShape.points.contains(asked) else { return nil }
    switch method {
    case .grid, .zip: sampler = .none
    case .sobol:
      guard let sequence = SobolSequence(dimensions: parameters.count, points: asked) else { return nil }
      sampler = .sobol(sequence)
    case .latinHypercube:
      sampler = .latinHypercube(
        parameters.map {
          LatinHypercubeColumn(
            points: asked,
            stream: RandomStream(
              seed: seed, replication: 0, entity: "sweep/\($0.path)", purpose: "latin-hypercube"))
        })
    }
    distinct = Self.distinct(parameters, sampler, asked)
    count = distinct?.count ?? asked
    repeated = asked - count
  }

  /// The values of a point, one a parameter.
  ///
  /// - Parameter index: from 0 to `count` − 1.
  /// - Complexity: O(parameters).
  public func point(_ index: Int) -> [SweepValue] {
    precondition((0..<count).contains(index), "a point has a number below their count")
    if let values = Self.sampled(parameters, sampler, distinct?[index] ?? index) { return values }
    if method == .zip { return parameters.map { $0.levels[index] } }
    var rest = index
    var values: [SweepValue] = []
    for parameter in parameters.reversed() {
      values.append(parameter.levels[rest % parameter.levels.count])
      rest /= parameter.levels.count
    }
    return values.reversed()
  }

  /// A point as what it changes in the scenario.
  public func overrides(ofPoint index: Int) -> [Override] {
    let values = point(index)
    return zip(parameters, values).map {
      Override(path: $0.path, value: $1.text, line: $1.line, column: $1.column)
    } + dependents.map { $0.override(at: values[$0.parameter]) ?? $0.impossible }
  }

  /// All that decides which points there are and what their numbers mean, as text.
  public var identity: String {
    let axes = parameters.map { parameter in
      let levels = parameter.levels.map { "\($0.text.utf8.count):\($0.text)" }.joined(separator: ",")
      let range = parameter.range.map { "\($0.from)..\($0.to)\($0.unit) \($0.isLogarithmic) \($0.isInteger)" }
      return "\(parameter.path)=\(levels);\(range ?? "")"
    }
    let rest = dependents.map { "\($0.path)<-\($0.parameter):\($0.formula.text)" }
    let left = repeated > 0 ? " of \(count + repeated)" : ""
    return "\(method.rawValue) \(count)\(left)\n" + (axes + rest).joined(separator: "\n")
  }
}

/// One thing that varies.
public struct SweepParameter: Sendable {
  /// Where in the scenario, as `workloads.chat.arrivals.rate`.
  public let path: String
  /// Its values in order; empty for a continuous range.
  public let levels: [SweepValue]
  /// The range that a sampled method takes values from; `nil` where there are levels.
  public let range: SweepRange?
  let kind: LeafKind

  /// What a value measures; `nil` for a pure number or a word.
  public var measure: Measure? { kind.measure }

  /// The value at `coordinate`, which lies in 0 ..< 1.
  func value(at coordinate: Double) -> SweepValue {
    if let range { return range.value(at: coordinate) }
    return levels[min(levels.count - 1, Int(coordinate * Double(levels.count)))]
  }

  /// A value as a cell of a table: quantities as numbers in the base unit of their measure, so that plots can
  /// take them as they stand; `nil` for what is no number.
  public func number(_ value: SweepValue) -> Double? { kind.number(value.text) }
}

/// One value of a parameter, as it would be written in the scenario.
public struct SweepValue: Sendable, Hashable {
  public var text: String
  /// Where the file says it, from 1; 0 for the command line.
  public var line: Int
  public var column: Int
}
