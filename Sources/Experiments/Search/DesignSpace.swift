import Scenario
import Synchronization

/// The variables that change one design, and how a point of the search is written in the scenario.
struct DesignSpace: Sendable {
  /// Significant digits of continuous values: as people write them, and so that near points are one.
  static let digits = 4

  let design: String
  let variables: [OptimizeSettings.Variable]
  let search: SearchSpace

  init(_ variables: [OptimizeSettings.Variable], of design: String) {
    self.design = design
    self.variables = variables.filter { $0.designs?.contains(design) ?? true }
    search = SearchSpace(
      self.variables.map { variable in
        switch variable.domain {
        case .integer(let from, let to, let by): .integer(0...(to - from) / by)
        case .continuous(let from, let to, _, let isLogarithmic):
          .continuous(from: from, to: to, isLogarithmic: isLogarithmic, digits: Self.digits)
        case .choice(let values): .choice(values.count)
        }
      })
  }

  /// Whether its only variable is a whole number.
  var isWhole: Bool {
    if case .integer = variables.first?.domain { variables.count == 1 } else { false }
  }

  func overrides(at point: [Double]) -> [Override] {
    zip(variables, point).map { variable, value in
      let text: String
      switch variable.domain {
      case .integer(let from, _, let by): text = String(from + Int(value) * by)
      case .continuous(_, _, let unit, _): text = PlainNumber.text(value) + unit
      case .choice(let values): text = values[Int(value)]
      }
      return Override(path: variable.path, value: text)
    }
  }
}

/// Counts runs from any task.
final class RunCounter: Sendable {
  private let runs: Mutex<Int>
  private let points: Int
  private let report: @Sendable (Optimizer.Progress) -> Void

  init(points: Int, runs: Int, report: @escaping @Sendable (Optimizer.Progress) -> Void) {
    self.points = points
    self.runs = Mutex(runs)
    self.report = report
  }

  func next() {
    let count = runs.withLock { count -> Int in
      count += 1
      return count
    }
    report(.init(points: points, runs: count))
  }
}
