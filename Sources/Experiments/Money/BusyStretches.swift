import Kernel
import Quantities
import Scenario
import World

/// How many replicas of a service compute between two samples of a run, on the mean.
struct BusyStretch {
  /// Seconds from the start of the run.
  var from: Double
  var to: Double
  var replicas: Double
}

extension ServiceOutcome {
  /// What the replicas of one of the service's deployments did between its samples, one stretch a sample:
  /// that of the first begins with the run. Series, demand charges and the draw of each hour are all taken
  /// from it.
  func stretches(ofRole role: Int) -> [BusyStretch] {
    let samples = disaggregation.map { role == 0 ? $0.prefillSamples : $0.decodeSamples } ?? self.samples
    let most = Double(replicas(ofRole: role).count)
    var (time, busy) = (Ticks.zero, Int128(0))
    return samples.map { sample in
      let span = (sample.time - time).seconds
      let seconds = Double(sample.busy - busy) / (16e9 * 256)
      defer { (time, busy) = (sample.time, sample.busy) }
      return BusyStretch(
        from: time.seconds, to: sample.time.seconds,
        replicas: span > 0 ? min(most, max(0, seconds / span)) : 0)
    }
  }
}

extension Pool {
  /// What the accelerators of all nodes add to the idle draw when they compute. Multiprocessors that belong
  /// to no instance never do.
  var computingPower: Watts { (fullNodePower - node.idlePower) * (Double(nodeCount) * usedShare) }
}

/// How busy a pool is between two samples; the samples of all services are taken at the same times.
struct BusyStretches {
  private var times: [(from: Double, to: Double)] = []
  /// Of the pool's accelerators.
  private var busy: [Double] = []

  /// - Parameter share: of the pool's accelerators that one replica holds.
  mutating func add(_ stretches: [BusyStretch], share: Double) {
    for (position, stretch) in stretches.enumerated() {
      if busy.count <= position {
        busy.append(0)
        times.append((stretch.from, stretch.to))
      }
      busy[position] += stretch.replicas * share
    }
  }

  /// In the busiest stretch; `nil` where none takes time.
  var most: Double? { zip(times, busy).filter { $0.0.to > $0.0.from }.map(\.1).max() }

  /// Mean of each hour of the day over the whole days of the run; `nil` where there is none. Samples stop
  /// with the last answer: what comes after it is idle.
  ///
  /// - Parameters:
  ///   - start: hours after midnight.
  ///   - end: of the run, in seconds.
  func byHour(from start: Double, end: Double) -> [Double]? {
    let days = (end / 86_400).rounded(.down)
    guard days >= 1, !busy.isEmpty else { return nil }
    var sums = [Double](repeating: 0, count: HourlyProfile.hours)
    for (index, time) in times.enumerated() {
      var from = time.from
      let to = min(time.to, days * 86_400)
      while from < to {
        let clock = start + from / 3600
        let hour = clock.rounded(.down)
        // A step forward at least, whatever rounding makes of it.
        let next = max((hour + 1 - start) * 3600, from + 1e-6)
        sums[Int(hour) % HourlyProfile.hours] += busy[index] * (min(next, to) - from)
        from = min(next, to)
      }
    }
    return sums.map { $0 / (days * 3600) }
  }
}
