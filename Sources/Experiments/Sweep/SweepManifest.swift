import Catalog
import Scenario

/// What the results in a folder are results of, so that they can be brought together without the scenario.
public struct SweepManifest: Sendable, Hashable {
  public var scenario: String
  /// Of the parameter space, the scenario without it, the designs, the catalogue and the version: points of
  /// equal numbers are equal in sweeps of equal identity.
  public var identity: String
  public var points: Int
  /// Paths of the parameters, in order.
  public var parameters: [String]
  /// Whether results are of collectives, whose rows have a size of message.
  public var hasMessages: Bool
  public var version: String

  static let fileName = "sweep.txt"
  private static let format = "dryrack sweep 1"

  init(plan: SweepPlan) {
    scenario = plan.name
    points = plan.space.count
    parameters = plan.space.parameters.map(\.path)
    version = Experiment.version
    hasMessages = plan.hasMessages
    var hash = ContentHash()
    for part in [
      Experiment.version, Catalog.builtIn.contentHash, plan.family.identity, plan.firstHash,
      plan.space.identity,
      plan.designs.joined(separator: ","), "\(plan.keepsReplications)",
    ] {
      hash.absorb("\(part.utf8.count):\(part)".utf8)
    }
    identity = hash.finish()
  }

  /// One field a line, name and values between tabs.
  var text: String {
    func plain(_ text: String) -> String { String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 }) }
    return """
      \(Self.format)
      identity\t\(identity)
      scenario\t\(plain(scenario))
      version\t\(version)
      points\t\(points)
      messages\t\(hasMessages)
      parameters\(parameters.map { "\t" + plain($0) }.joined())

      """
  }

  /// Reads what `text` gave; `nil` for anything else.
  init?(text: String) {
    let lines = text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    func values(_ name: String) -> [String]? {
      lines.first { $0.first == name }.map { Array($0.dropFirst()) }
    }
    guard lines.first == [Self.format], let identity = values("identity")?.first, identity.utf8.count == 64,
      let points = values("points")?.first.flatMap({ Int($0) }), points >= 1,
      ScenarioFamily.points.contains(points), let parameters = values("parameters")
    else { return nil }
    self.identity = identity
    self.points = points
    self.parameters = parameters
    scenario = values("scenario")?.first ?? ""
    version = values("version")?.first ?? ""
    hasMessages = values("messages")?.first == "true"
  }
}
