import Foundation
import Kernel
import Statistics
import Testing

/// Independent replications of one system under one set of parameters, of which some rows speak.
struct QueueRun: Sendable, CustomTestStringConvertible {
  private(set) var rows: [QueueRow]
  private var row: QueueRow { rows[0] }
  var testDescription: String { "\(row.system) \(row.parameters)" }

  struct Unknown: Error {
    var system: String
    var parameters: String
  }

  static let replications = 20
  #if DEBUG
    static let scale = 1
  #else
    static let scale = 10
  #endif

  init(_ rows: [QueueRow]) { self.rows = rows }

  /// Rows of one run brought together, in the order of the table.
  static func grouping(_ rows: [QueueRow]) -> [QueueRun] {
    var runs: [QueueRun] = []
    for row in rows {
      let known = runs.firstIndex { $0.row.system == row.system && $0.row.parameters == row.parameters }
      if let known { runs[known].rows.append(row) } else { runs.append(QueueRun([row])) }
    }
    return runs
  }

  /// A quantile is checked as the probability beyond it, of which the estimate has no bias.
  static func expectedReading(of row: QueueRow) -> Double {
    row.quantity.hasPrefix("p99") ? 0.01 : row.value
  }

  /// For each row, its reading in each replication.
  func replicate() throws -> [[Double]] {
    var samples = rows.map { _ in [Double]() }
    for replication in 0..<Self.replications {
      let readings = try simulate(replication)
      for (index, row) in rows.enumerated() {
        guard let value = Self.reading(of: row, in: readings) else {
          throw Unknown(system: row.system, parameters: row.quantity)
        }
        samples[index].append(value)
      }
    }
    return samples
  }

  private func simulate(_ replication: Int) throws -> [String: Double] {
    switch row.system {
    case "M/M/1", "M/M/c", "M/D/1", "M/G/1", "M/M/c/K": return try simulateStation(replication)
    case "M/M/1-PS", "M/G/1-PS", "M/M/c-PS": return simulateSharing(replication)
    case "M/M/1 2-prio preemptive-resume", "M/M/1 2-prio non-preemptive": return simulateClasses(replication)
    case "Closed MVA", "Machine repair": return simulateNetwork(replication)
    default: throw Unknown(system: row.system, parameters: row.parameters)
    }
  }

  private func stream(_ purpose: String, _ replication: Int) -> RandomStream {
    RandomStream(
      seed: 11, replication: replication, entity: "\(row.system) \(row.parameters)", purpose: purpose)
  }

  // MARK: Stations

  private func simulateStation(_ replication: Int) throws -> [String: Double] {
    let rate = row.number("lambda") ?? 1
    let mean = row.number("D") ?? row.number("mu").map { 1 / $0 } ?? 1
    let servers = row.number("c").map { Int($0) } ?? 1
    let places = row.number("K").map { Int($0) } ?? .max
    var law = ServiceLaw.law(Distribution(.exponential(mean: mean)))
    if row.system == "M/D/1" { law = .law(Distribution(.constant(mean))) }
    if row.system == "M/G/1" {
      guard let named = ServiceLaw.named(row.text(after: "S")) else {
        throw Unknown(system: row.system, parameters: row.parameters)
      }
      law = named
    }
    let shape = StationShape(rate: rate, mean: mean, servers: servers, places: places)
    let rarest = rows.map { min(Self.expectedReading(of: $0), 0.5) }.filter { $0 > 0 }.min() ?? 0.5
    let plan = row.system.hasPrefix("M/M") ? shape.episodes(rarest) : shape.oneEpisode(Self.scale)
    var station = Station(
      rate: rate, law: law, servers: servers, places: places, warmup: plan.warmup, measured: plan.measured,
      arrivals: stream("arrivals", replication), services: stream("services", replication))
    station.watch(
      waits: rows.compactMap(Self.watchedWait),
      sojourns: rows.filter { $0.quantity == "p99_sojourn" }.map(\.value))
    station.expectedSojourn = servers == 1 ? 1 / (1 / mean - rate) : 0
    var chance = stream("start", replication)
    let steadyState = plan.warmup == 0 ? shape.steadyState : nil
    for _ in 0..<plan.episodes * (plan.warmup == 0 ? Self.scale : 1) {
      var pending = PendingEvents()
      station.start(with: steadyState.map { Int($0.sample(&chance)) } ?? 0, &pending)
      _ = run(&station, pending: &pending)
    }
    var readings = station.readings()
    if rows.contains(where: { $0.quantity == "ErlangB" }) {
      readings["ErlangB"] = try lossSystem(servers).simulateStation(replication)["P_block"]
    }
    return readings
  }

  /// The same station without a place to wait, whose blocking Erlang's B formula gives.
  private func lossSystem(_ servers: Int) -> QueueRun {
    QueueRun([
      QueueRow(
        system: "M/M/c/K", parameters: "\(row.parameters);K=\(servers)", quantity: "P_block", value: 0.1)
    ])
  }

  /// The wait whose excess a row speaks of.
  private static func watchedWait(_ row: QueueRow) -> Double? {
    row.quantity == "p99_wait" ? row.value : bound(in: row.quantity)
  }

  /// 0.5 in `P(Wq>0.5)` and in `P(Wq<=0.5)`.
  private static func bound(in quantity: String) -> Double? {
    guard quantity.hasPrefix("P(Wq>") || quantity.hasPrefix("P(Wq<=") else { return nil }
    return Double(quantity.drop { !$0.isNumber }.dropLast())
  }

  private static func reading(of row: QueueRow, in readings: [String: Double]) -> Double? {
    if row.quantity == "p99_sojourn" { return readings["sojourn>\(row.value)"] }
    if row.quantity == "p99_wait" { return readings["wait>\(row.value)"] }
    guard let bound = bound(in: row.quantity) else { return readings[row.quantity] }
    let beyond = readings["wait>\(bound)"]
    return row.quantity.hasPrefix("P(Wq<=") ? beyond.map { 1 - $0 } : beyond
  }

  // MARK: Other disciplines

  private func simulateSharing(_ replication: Int) -> [String: Double] {
    let rate = row.number("lambda") ?? 1
    // Three sizes of mean 1 where the law is general: what matters is only their mean.
    let sizes = row.system == "M/G/1-PS" ? [0.5, 1, 4] : []
    let law =
      sizes.isEmpty
      ? Distribution(.exponential(mean: 1)) : Distribution.discrete(values: sizes, weights: [6, 3, 1])
    var model = SharedProcessor(
      rate: rate, law: law, servers: Int(row.number("c") ?? 1), warmup: 1_000, measured: Self.scale * 5_000,
      expectedSojourn: 1 / (1 - min(rate, 0.99)), sizes: sizes, arrivals: stream("arrivals", replication),
      services: stream("services", replication))
    var pending = PendingEvents()
    model.start(&pending)
    _ = run(&model, pending: &pending)
    return model.readings()
  }

  private func simulateClasses(_ replication: Int) -> [String: Double] {
    var model = PriorityStation(
      isPreemptive: row.system.hasSuffix("preemptive-resume"),
      rates: [row.number("lambda1") ?? 1, row.number("lambda2") ?? 1],
      means: [1 / (row.number("mu1") ?? 1), 1 / (row.number("mu2") ?? 1)],
      warmup: 2_000, measured: Self.scale * 6_000,
      arrivals: [stream("arrivals 1", replication), stream("arrivals 2", replication)],
      services: [stream("services 1", replication), stream("services 2", replication)])
    var pending = PendingEvents()
    model.start(&pending)
    _ = run(&model, pending: &pending)
    return model.readings()
  }

  private func simulateNetwork(_ replication: Int) -> [String: Double] {
    let repair = row.number("MTTR")
    let demands =
      repair.map { [$0] }
      ?? row.text(after: "D").prefix { $0 != ";" }.split(separator: "/").compactMap { Double($0) }
    let think = row.number("MTBF") ?? row.number("Z") ?? 0
    // Long against the slowest time constant: a think time, or all customers at the slowest station.
    let customers = Int(row.number("N") ?? 1)
    let span = max(think, demands.max()! * Double(customers), demands.reduce(0, +))
    var model = ClosedNetwork(
      customers: customers, thinkTime: think, demands: demands, warmup: 20 * span,
      measured: Double(Self.scale * 300) * span, thoughts: stream("thoughts", replication),
      services: stream("services", replication))
    var pending = PendingEvents()
    model.start(&pending)
    _ = run(&model, pending: &pending)
    return model.readings()
  }
}
