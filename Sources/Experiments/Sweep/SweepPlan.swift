import Scenario

/// What a sweep runs.
public struct SweepPlan: Sendable {
  public let family: ScenarioFamily
  public let space: SweepSpace
  /// Only these designs; empty means all.
  public let designs: [String]
  /// Whether the rows of single replications are results too.
  public let keepsReplications: Bool
  /// Name of the scenario.
  public let name: String
  /// Identity of the scenario at the first point.
  let firstHash: String
  /// Whether the results are of collectives.
  let hasMessages: Bool

  /// - Parameter first: the scenario at the space's first point.
  public init(
    family: ScenarioFamily, space: SweepSpace, first: Scenario, designs: [String] = [],
    keepsReplications: Bool = false
  ) {
    self.family = family
    self.space = space
    self.designs = designs
    self.keepsReplications = keepsReplications
    name = first.name
    firstHash = first.contentHash
    hasMessages = !first.collectives.isEmpty
  }

  public var manifest: SweepManifest { SweepManifest(plan: self) }

  /// The values of a point as a table shows them.
  public func values(ofPoint index: Int) -> [SweepPointResult.Value] {
    zip(space.parameters, space.point(index)).map { parameter, value in
      parameter.number(value).map { .number($0) } ?? .text(value.text)
    }
  }
}
