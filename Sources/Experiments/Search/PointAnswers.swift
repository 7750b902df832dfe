import Scenario
import World

/// Evaluates points that another program chooses, such as Optuna.
///
/// A line asks for one point and gets one line back, in the order asked. Every point has the replications of
/// a contender, under common random numbers, so that answers are comparable however they are asked for.
public struct PointAnswers {
  /// What a line asks for.
  public struct Question: Sendable, Hashable {
    /// Comes back with the answer as it was; `nil` where the line has none or `null`.
    public var id: Identifier?
    public var design: String?
    public var values: [Override]
  }

  /// What a program calls its question by.
  public enum Identifier: Sendable, Hashable {
    /// Up to 2⁵³, so that it comes back as it was.
    case number(Double)
    case text(String)
  }

  public struct Problem: Error, Sendable {
    public var message: String
    /// Of the question, where it could be read so far.
    public var id: Identifier?
  }

  private var optimizer: Optimizer
  private let designs: [String]

  /// - Parameter designs: those that may be asked for.
  public init(
    _ scenario: Scenario, settings: OptimizeSettings, source: @escaping ScenarioSource, options: RunOptions,
    designs: [String]
  ) {
    optimizer = Optimizer(scenario, settings: settings, source: source, options: options)
    let names = scenario.designs.map(\.name)
    self.designs = designs.isEmpty ? names : names.filter(designs.contains)
  }

  /// As the search has them, the usual ones included.
  public var objectives: [OptimizeSettings.Objective] { optimizer.goal.objectives }
  public var replications: Int { optimizer.replications }
  public var designNames: [String] { designs }

  /// Reads `{"ask": {"id": 7, "point": {"PATH": VALUE, …}, "design": "onprem"}}`.
  public static func question(_ line: String) -> Result<Question, Problem> {
    switch JSONDocuments.read(Array(line.utf8)) {
    case .failure(let problem): return .failure(Problem(message: "not JSON: \(problem.message)"))
    case .success(let documents):
      guard documents.count == 1, let ask = documents[0]["ask"] else {
        return .failure(Problem(message: "expected {\"ask\": {\"id\": …, \"point\": {…}}}"))
      }
      return question(ask)
    }
  }

  private static func question(_ ask: ReportNode) -> Result<Question, Problem> {
    var id: Identifier?
    switch ask["id"]?.content {
    case nil: break
    case .text(let text): id = .text(text)
    case .number(let number) where abs(number) <= 0x1p53: id = .number(number)
    default: return .failure(Problem(message: "'id' is neither a text nor a number up to 2^53"))
    }
    guard let point = ask["point"]?.members else {
      return .failure(Problem(message: "'ask' needs a 'point': {\"path\": value}", id: id))
    }
    if let design = ask["design"], design.text == nil {
      return .failure(Problem(message: "'design' is not a text", id: id))
    }
    var values: [Override] = []
    for member in point {
      if values.contains(where: { $0.path == member.name }) {
        return .failure(Problem(message: "'\(member.name)' stands there twice", id: id))
      }
      switch member.value.content {
      case .number(let number) where number.isFinite:
        values.append(Override(path: member.name, value: PlainNumber.text(number)))
      case .text(let text): values.append(Override(path: member.name, value: text))
      default:
        return .failure(Problem(message: "'\(member.name)' is neither a number nor a text", id: id))
      }
    }
    return .success(Question(id: id, design: ask["design"]?.text, values: values))
  }

  /// Runs the point; a continuous variable may come as a number without its unit.
  public mutating func answer(_ question: Question) async -> Result<OptimizeResults.Trial, Problem> {
    let name = question.design ?? designs.first ?? ""
    guard designs.contains(name) else {
      return .failure(
        Problem(message: "there is no design '\(name)' among \(designs.joined(separator: ", "))"))
    }
    var values: [Override] = []
    for value in question.values {
      guard let variable = optimizer.settings.variables.first(where: { $0.path == value.path }) else {
        let near = nearestName(to: value.path, among: optimizer.settings.variables.map(\.path))
        return .failure(
          Problem(
            message: "'\(value.path)' is no variable of the scenario's `optimize`"
              + (near.map { "; did you mean '\($0)'?" } ?? "")))
      }
      if let words = variable.domain.words(against: value.value) {
        return .failure(Problem(message: "'\(value.path)' is \(value.value), and \(words)"))
      }
      values.append(Self.withUnit(value, of: variable))
    }
    if let missing = optimizer.settings.variables.first(where: { variable in
      variable.designs?.contains(name) ?? true && !values.contains { $0.path == variable.path }
    }) {
      return .failure(Problem(message: "the point has no value of '\(missing.path)'"))
    }
    let order = values.sorted { ($0.path, $0.value) < ($1.path, $1.value) }
    let known = optimizer.candidates.firstIndex { $0.design == name && $0.overrides == order }
    let member = known ?? optimizer.candidates.count
    if known == nil {
      optimizer.candidates.append(Candidate(design: name, point: [], overrides: order))
    }
    await optimizer.evaluate([member], upTo: optimizer.replications)
    if optimizer.isStopped { return .failure(Problem(message: "stopped at a limit")) }
    return .success(optimizer.trial(member))
  }

  /// Whether a limit ended it.
  public var isStopped: Bool { optimizer.isStopped }

  private static func withUnit(_ value: Override, of variable: OptimizeSettings.Variable) -> Override {
    guard case .continuous(_, _, let unit, _) = variable.domain, Double(value.value) != nil else {
      return value
    }
    return Override(path: value.path, value: value.value + unit)
  }
}

extension OptimizeSettings.Variable.Domain {
  /// What is wrong with a value that lies outside; `nil` for one inside, and for one in another unit, which
  /// the reading of the scenario judges.
  func words(against text: String) -> String? {
    switch self {
    case .integer(let from, let to, let by):
      guard let number = Int(text), (from...to).contains(number), (number - from) % by == 0 else {
        return "the space has whole numbers from \(from) to \(to)" + (by > 1 ? " in steps of \(by)" : "")
      }
    case .continuous(let from, let to, let unit, _):
      let plain = text.hasSuffix(unit) ? String(text.dropLast(unit.count)) : text
      // Other programs round ends on the way through logarithms and back.
      let slack = 1e-9 * max(abs(from), abs(to))
      if let number = Double(plain), !(from - slack...to + slack).contains(number) {
        return "the space goes from \(PlainNumber.text(from))\(unit) to \(PlainNumber.text(to))\(unit)"
      }
    case .choice(let values):
      if !values.contains(text) { return "the space has \(values.joined(separator: ", "))" }
    }
    return nil
  }
}

extension Optimizer {
  /// A candidate by itself: feasible or not, dominated by nobody.
  func trial(_ member: Int) -> OptimizeResults.Trial {
    trial(member, candidates.indices.map(standing), [])
  }

  /// How a search sees it: objectives to be minimised, and 0 or what it is off.
  func standing(of trial: OptimizeResults.Trial) -> Standing { standing(trial.number - 1) }
}

extension PointAnswers {
  /// What a constrained search is told of a trial: 0 where it is feasible, above by how much it is not.
  public func violation(of trial: OptimizeResults.Trial) -> Double { optimizer.standing(of: trial).violation }
}
