import Catalog
import Scenario
import Statistics

/// Which inputs decide between the designs, and how sure the decision is.
public struct SensitivityResults: Sendable {
  /// A design's objective as one input moves.
  public struct Response: Sendable, Hashable {
    public var design: String
    public var base: Double?
    public var low: Double?
    public var high: Double?
    /// Relative change of the objective over that of the input; `nil` when unknown.
    public var elasticity: Double?

    /// How far the objective moves between the two ends; 0 when unknown.
    public var swing: Double {
      guard let low = low ?? base, let high = high ?? base else { return 0 }
      return abs(high - low)
    }
  }

  /// The nearest value of an input at which another design wins.
  public struct BreakEven: Sendable, Hashable {
    public var value: Double
    /// The last value tried at which the winner is still the same.
    public var inside: Double
    /// Who wins beyond; `nil` when no design holds its thresholds there.
    public var winner: String?
    /// Whether the winner so far still holds its thresholds there, and is only dearer.
    public var formerHolds: Bool
  }

  /// One input moved alone.
  public struct Effect: Sendable, Hashable {
    public var path: String
    public var base: Double
    public var unit: String
    public var low: Double
    public var high: Double
    /// Reckoned from the runs there are, for only money moves.
    public var isRepriced: Bool
    public var designs: [Response]
    public var winner: String?
    public var winnerLow: String?
    public var winnerHigh: String?
    public var breakEvenBelow: BreakEven?
    public var breakEvenAbove: BreakEven?

    /// The widest swing of a design.
    public var swing: Double { designs.map(\.swing).max() ?? 0 }
    /// The nearest break-even; `nil` where none was found.
    public var nearest: BreakEven? {
      [breakEvenBelow, breakEvenAbove].compactMap { $0 }.min {
        abs($0.value / base - 1) < abs($1.value / base - 1)
      }
    }
    /// The relative distance to the nearest break-even; `nil` where none was found.
    public var distance: Double? { nearest.map { abs($0.value / base - 1) } }
  }

  /// One draw of all uncertain inputs.
  public struct Draw: Sendable, Hashable {
    /// In the order of the inputs.
    public var values: [Double]
    /// In the order of the designs.
    public var objectives: [Double?]
    public var holds: [Bool]
    public var cheapest: String?
    /// The cheapest of those that hold their thresholds.
    public var winner: String?
  }

  /// How often a design came out so, with Wilson's 95 % intervals, and the quantiles of its objective.
  public struct Chances: Sendable, Hashable {
    public var design: String
    public var cheapest: Interval?
    public var holds: Interval?
    public var cheapestAndHolds: Interval?
    /// The cheapest of those that hold.
    public var chosen: Interval?
    /// The 5th, 50th and 95th percentile.
    public var low: Double?
    public var median: Double?
    public var high: Double?
  }

  /// What the uncertain inputs together make of the decision.
  public struct Outlook: Sendable, Hashable {
    public var inputs: [SensitivitySettings.Uncertainty]
    public var sampling: SensitivitySettings.Sampling
    public var isRepriced: Bool
    public var designs: [Chances]
    public var draws: [Draw]
  }

  /// A design with the scenario as written.
  public struct Standpoint: Sendable, Hashable {
    public var design: String
    public var objective: Double?
    public var holds: Bool
  }

  public var manifest: Manifest
  public var objective: MetricReference
  public var unit: String
  public var spread: Double
  public var designs: [Standpoint]
  /// The cheapest of those that hold their thresholds; `nil` when none does.
  public var winner: String?
  /// Those that hold their thresholds and come to the same as the winner, which is one of them.
  public var equals: [String] {
    guard let winner, let least = designs.first(where: { $0.design == winner })?.objective else { return [] }
    return designs.filter { $0.holds && $0.objective == least }.map(\.design)
  }
  /// The widest swing first.
  public var effects: [Effect]
  public var outlook: Outlook?
  public var notes: [String]
}

extension SensitivityStudy {
  func results(
    _ states: [DesignState], _ outlook: SensitivityResults.Outlook?, _ effects: [SensitivityResults.Effect]
  ) -> SensitivityResults {
    let stoppedBy = isStopped ? limits.reached ?? "a limit" : nil
    let unit = base.first.flatMap { runs in runs.probes.first { $0.purpose == .objective(0) }?.unit } ?? ""
    let sorted = effects.enumerated().sorted {
      ($1.element.swing, $0.offset) < ($0.element.swing, $1.offset)
    }.map(\.element)
    var notes = notes
    if !states.isEmpty && Self.winner(states) == nil {
      notes.append("no design holds every threshold as the scenario is written: there is no winner to flip")
    }
    if effects.isEmpty && !states.isEmpty && !isStopped {
      notes.append(
        "no input was moved: the scenario writes no price, load, life or time between failures; write the "
          + "numbers that are not sure, or name some under `sensitivity: { inputs: […] }`")
    }
    return SensitivityResults(
      manifest: Manifest(
        scenario: scenario.name, scenarioHash: scenario.contentHash, seed: scenario.seed,
        replications: replications, version: Experiment.version, catalogHash: Catalog.builtIn.contentHash,
        complete: stoppedBy == nil, stoppedBy: stoppedBy),
      objective: settings.objective, unit: unit, spread: settings.spread,
      designs: states.map { .init(design: $0.design, objective: $0.objective, holds: $0.holds) },
      winner: Self.winner(states), effects: sorted, outlook: outlook, notes: notes)
  }
}
