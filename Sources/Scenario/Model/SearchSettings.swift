/// A metric as thresholds name it, such as `p99(ttft_s{workload=chat})`.
public struct MetricReference: Sendable, Hashable {
  /// As written.
  public var text: String
  public var metric: String
  /// `nil` for a metric that is a single number.
  public var statistic: String?
  public var filters: [Threshold.Filter]

  public init(text: String, metric: String, statistic: String? = nil, filters: [Threshold.Filter] = []) {
    self.text = text
    self.metric = metric
    self.statistic = statistic
    self.filters = filters
  }

  /// The cost that designs are compared by unless something else is named.
  public static let costPerMonth = MetricReference(text: "cost_per_month", metric: "cost_per_month")
  /// The cost that designs of one training job are compared by.
  public static let costPerTrainingRun = MetricReference(
    text: "cost_per_training_run", metric: "cost_per_training_run")
}

/// What `optimize` varies, and what for.
public struct OptimizeSettings: Sendable, Hashable {
  public enum Method: String, Sendable, CaseIterable { case auto, bisection, nsga2, grid }

  /// One value of the scenario that the search may choose.
  public struct Variable: Sendable, Hashable {
    public enum Domain: Sendable, Hashable {
      /// Every `by`-th whole number.
      case integer(from: Int, to: Int, by: Int)
      /// Numbers of a unit, which may be empty; by their logarithm on a logarithmic scale.
      case continuous(from: Double, to: Double, unit: String, isLogarithmic: Bool)
      /// Values as they would be written.
      case choice([String])
    }
    /// As `--set` takes it.
    public var path: String
    public var domain: Domain
    /// The designs that it changes; `nil` for all.
    public var designs: [String]?
    public init(path: String, domain: Domain, designs: [String]? = nil) {
      self.path = path
      self.domain = domain
      self.designs = designs
    }
  }

  public struct Objective: Sendable, Hashable {
    public var metric: MetricReference
    public var isMaximized: Bool
    public init(_ metric: MetricReference, isMaximized: Bool = false) {
      self.metric = metric
      self.isMaximized = isMaximized
    }
  }

  public var variables: [Variable]
  /// Empty for the cost of a month and the metric of the first threshold on something else.
  public var objectives: [Objective] = []
  public var method = Method.auto
  /// Points to try at most, for each design.
  public var budget = 200
  /// Members of a generation of NSGA-II.
  public var population = 24
  /// `nil` for as many as the budget allows.
  public var generations: Int?
  /// Of a contender in the end; `nil` for those of the scenario, at least 5 where chance plays.
  public var replications: Int?
  public init(variables: [Variable]) { self.variables = variables }
}

/// What `sensitivity` moves.
public struct SensitivitySettings: Sendable, Hashable {
  /// A number of the scenario, and the unit that stands behind it.
  public struct Input: Sendable, Hashable {
    /// As `--set` takes it, or `endpoints.NAME.price` for the prices of a managed endpoint.
    public var path: String
    /// As written; `nil` where the scenario leaves it to the catalogue or a default.
    public var number: Double?
    public var unit: String
    /// Whether only whole numbers may stand there.
    public var isWhole: Bool
    /// Where else it counts: the paths of all designs that take a template's number. Empty for its own path.
    public var places: [String] = []
    /// The points of a schedule, whose rates all grow by the number; empty for any other input.
    public var points: [[String]] = []
    public init(path: String, number: Double?, unit: String, isWhole: Bool = false) {
      self.path = path
      self.number = number
      self.unit = unit
      self.isWhole = isWhole
    }

    /// The load of a schedule: a factor on the rates of all its points.
    init(schedule points: [[String]], path: String) {
      self.init(path: path, number: 1, unit: " × the schedule")
      self.points = points
    }
  }

  /// A number that is not known for sure.
  public struct Uncertainty: Sendable, Hashable {
    public enum Law: Sendable, Hashable {
      case uniform(from: Double, to: Double)
      case triangular(low: Double, mode: Double, high: Double)
      case normal(mean: Double, deviation: Double)
      /// By its mean and coefficient of variation.
      case lognormal(mean: Double, cv: Double)
    }
    public var input: Input
    public var law: Law
    /// Draws beyond are moved to it.
    public var minimum: Double?
    public var maximum: Double?
    public init(input: Input, law: Law, minimum: Double? = nil, maximum: Double? = nil) {
      self.input = input
      self.law = law
      self.minimum = minimum
      self.maximum = maximum
    }
  }

  public enum Sampling: String, Sendable, CaseIterable {
    case latinHypercube = "latin-hypercube"
    case random
  }

  /// Those that the scenario names; empty for all that were found.
  public var chosen: [Input] = []
  /// Every number of the scenario that costs or load rest on, in the order of the file.
  public var found: [Input] = []
  /// How far each is moved, up and down, relative to its value.
  public var spread = 0.2
  public var objective = MetricReference.costPerMonth
  public var uncertain: [Uncertainty] = []
  /// Draws of the uncertain inputs; `nil` for the usual.
  public var draws: Int?
  public var sampling = Sampling.latinHypercube
  public init() {}
}
