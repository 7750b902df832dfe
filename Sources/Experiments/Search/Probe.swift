import Scenario

/// A reading that a search looks at.
struct Probe: Sendable, Hashable {
  /// What it is read for.
  enum Purpose: Sendable, Hashable {
    /// By its place in the list of objectives.
    case objective(Int)
    /// By its place in the scenario's list of thresholds.
    case threshold(Int)
  }

  /// How the values of replications become one.
  enum Joining: Sendable, Hashable {
    case mean
    /// For metrics of which each run has one value, and whose statistics are over the runs.
    case quantile(Double)
    case least, greatest, count
  }

  var purpose: Purpose
  var workload: String
  var unit: String
  var joining: Joining
  /// Its place among the readings of a run; `nil` where no reading is meant.
  var place: Int?

  func value(in readings: [Reading]) -> Double? {
    guard let place, readings.indices.contains(place) else { return nil }
    return readings[place].value
  }

  /// As `run` reports it over all replications.
  func joined(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    switch joining {
    case .mean: return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    case .least: return known.min()
    case .greatest: return known.count == values.count ? known.max() : nil
    case .count: return Double(known.count)
    case .quantile(let q):
      let rank = max(0, Int((q * Double(values.count)).rounded(.up)) - 1)
      let sorted = known.sorted()
      return sorted.indices.contains(rank) ? sorted[rank] : nil
    }
  }
}

/// The metrics that a search looks at, still to be found among the readings of a design.
struct ProbeList: Sendable {
  var metrics: [(purpose: Probe.Purpose, metric: MetricReference)] = []

  /// Objectives, and the thresholds that judge this design.
  init(objectives: [MetricReference], thresholds: [Threshold], design: String) {
    for (index, metric) in objectives.enumerated() { metrics.append((.objective(index), metric)) }
    for (index, threshold) in thresholds.enumerated()
    where !threshold.filters.contains(where: { $0.key == "design" && $0.value != design }) {
      let metric = MetricReference(
        text: threshold.text, metric: threshold.metric, statistic: threshold.statistic,
        filters: threshold.filters)
      metrics.append((.threshold(index), metric))
    }
  }

  /// One probe for every workload that a metric speaks of; one without a place where it speaks of none.
  func probes(in readings: [Reading]) -> [Probe] {
    metrics.flatMap { purpose, metric -> [Probe] in
      let named = metric.filters.last { $0.key == "workload" }?.value
      let (statistic, joining) = Self.statistic(of: metric)
      let places = readings.indices.filter { index in
        let reading = readings[index]
        return reading.metric == metric.metric && reading.statistic == statistic
          // Classes of requests are judged where they are named.
          && (named == nil
            ? !reading.workload.contains("/") : reading.workload == named || reading.workload.isEmpty)
      }
      if places.isEmpty {
        return [Probe(purpose: purpose, workload: named ?? "", unit: "", joining: joining, place: nil)]
      }
      return places.map {
        Probe(
          purpose: purpose, workload: readings[$0].workload, unit: readings[$0].unit, joining: joining,
          place: $0)
      }
    }
  }

  private static func statistic(of metric: MetricReference) -> (String, Probe.Joining) {
    guard MetricName.distributions.contains(metric.metric) else { return ("value", .mean) }
    let statistic = metric.statistic ?? "mean"
    guard MetricReader.overReplications.contains(metric.metric) else { return (statistic, .mean) }
    switch statistic {
    case "min": return ("mean", .least)
    case "max": return ("mean", .greatest)
    case "count": return ("mean", .count)
    default:
      let q = MetricReader.quantiles.first { $0.name == statistic }?.q
      return ("mean", q.map { .quantile($0) } ?? .mean)
    }
  }
}
