import Catalog
import Quantities
import Statistics

/// Failures that somebody counted: how many of what in how long, from the catalogue's `reliability`.
public struct ReliabilityRecord: Sendable, Hashable {
  /// Failures of one kind.
  public struct Count: Sendable, Hashable {
    public var kind: ComponentKind
    /// How many in the time watched.
    public var failures: Double
  }

  /// Catalogue name, such as `llama-3-405b`.
  public var name: String
  /// What was counted: failures are per one of these.
  public var component: ComponentKind
  /// How many of them were watched, and how long.
  public var components: Double
  public var observed: Seconds
  /// By kind of what failed, in the order of `ComponentKind`.
  public var counts: [Count]

  /// The record of that name, or `nil`.
  public init?(_ name: String, in catalog: Catalog = .builtIn) {
    let rows = catalog.rows(of: .reliability, named: name)
    func fact(_ key: String) -> Fact? { rows.first { $0.key == key } }
    guard let component = fact("component").flatMap({ ComponentKind(rawValue: $0.value) }),
      let components = fact("components")?.number, components > 0,
      let observed = fact("observed")?.number, observed > 0
    else { return nil }
    self.name = name
    self.component = component
    self.components = components
    self.observed = Seconds(observed)
    counts = ComponentKind.allCases.compactMap { kind in
      fact("\(kind.rawValue)-failures")?.number.map { Count(kind: kind, failures: $0) }
    }
  }

  /// Mean time between failures of one component for one kind of failure; infinite when none was seen.
  public func meanTimeBetweenFailures(of kind: ComponentKind) -> Seconds {
    let failures = counts.first { $0.kind == kind }?.failures ?? 0
    return Seconds(observed.value * components / failures)
  }

  /// Mean time between failures of `count` components together, all kinds.
  public func meanTimeBetweenFailures(components count: Int) -> Seconds {
    Seconds(observed.value * components / (counts.reduce(0) { $0 + $1.failures } * Double(count)))
  }

  /// The classes that stop a job on `count` components: one for each kind that was seen to fail, exponential.
  /// - Parameter repair: of all that needs hands; programs are repaired by starting them again.
  public func classes(components count: Int, repair: Distribution) -> [ComponentClass] {
    counts.filter { $0.failures > 0 }.map { counted in
      ComponentClass(
        kind: counted.kind, count: count,
        failure: .exponential(mean: meanTimeBetweenFailures(of: counted.kind)),
        repair: counted.kind == .software ? Distribution(.constant(0)) : repair,
        needsCrew: counted.kind != .software)
    }
  }
}
