import Kernel
import Quantities
import Scenario
import World

/// What the machines of a pool draw: idle power, and the rest in proportion to the accelerators' busy time.
struct PoolDraw {
  /// Of the accelerators' time, in which they compute.
  var busy: Double
  /// Of the busy time, what is bound by arithmetic; a power cap takes most from that.
  var computeShare: Double
  var idle: Watts
  var average: Watts
  /// In the busiest stretch between two samples.
  var peak: Watts
  /// Mean draw at each hour of the day, over the whole days of the run; `nil` for a run of less than a day,
  /// and for one that is not sampled.
  var byHour: [Double]?

  init(_ pool: Pool, index: Int, design: Design, outcome: Outcome) {
    var time = 0.0
    var computing = 0.0
    var stretches = BusyStretches()
    var isFull = false
    for (service, result) in zip(design.services, outcome.services) {
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == index {
        let replicas = result.replicas(ofRole: role)
        let held = Double(deployment.acceleratorsPerReplica)
        time += Utilization.busySeconds(replicas) * held
        computing += replicas.reduce(0.0) { $0 + Double($1.compute) } / (16e9 * 256) * held
      }
      guard case .pool(let deployment) = service.placement, deployment.poolIndex == index else {
        isFull = isFull || service.deployments.contains { $0.poolIndex == index }
        continue
      }
      stretches.add(
        result.samples,
        share: Double(deployment.acceleratorsPerReplica) / Double(pool.accelerators))
    }
    for (item, result) in zip(design.trainingJobs, outcome.jobs) where item.deployment.poolIndex == index {
      let own = (result.time.useful + result.time.lost).seconds * Double(item.deployment.accelerators)
      time += own
      computing += own * item.training.step.computeShare
      isFull = true
    }
    let available = outcome.end.seconds * Double(pool.accelerators)
    let nodes = Double(pool.nodeCount)
    busy = available > 0 ? min(1, time / available) : 0
    computeShare = time > 0 ? min(1, computing / time) : 1
    idle = pool.node.idlePower * nodes
    let whole = (pool.busyNodePower(computeShare: computeShare) - pool.node.idlePower) * nodes
    // Multiprocessors that belong to no instance never compute.
    let range = whole * pool.usedShare
    average = idle + range * busy
    let most = isFull && busy > 0 ? 1 : min(1, max(busy, stretches.most))
    peak = idle + range * most
    let start = design.sites[pool.siteIndex].startHour
    let shares = isFull ? nil : stretches.byHour(from: start, end: outcome.end.seconds)
    byHour = shares?.map { (idle + range * min(1, $0)).value }
  }
}

/// How busy a pool is between two samples; the samples of all services are taken at the same times.
struct BusyStretches {
  private var times: [(from: Double, to: Double)] = []
  /// Of the pool's accelerators.
  private var busy: [Double] = []

  /// - Parameter share: of the pool's accelerators that one replica holds.
  mutating func add(_ samples: [ServiceSample], share: Double) {
    for (position, pair) in zip(samples, samples.dropFirst()).enumerated() {
      let span = (pair.1.time - pair.0.time).seconds
      if busy.count <= position {
        busy.append(0)
        times.append((pair.0.time.seconds, pair.1.time.seconds))
      }
      if span > 0 { busy[position] += Double(pair.1.busy - pair.0.busy) / (16e9 * 256) / span * share }
    }
  }

  var most: Double { busy.max() ?? 0 }

  /// Mean of each hour of the day over the whole days of the run; `nil` where there is none, or an hour
  /// without samples.
  ///
  /// - Parameters:
  ///   - start: hours after midnight.
  ///   - end: of the run, in seconds.
  func byHour(from start: Double, end: Double) -> [Double]? {
    let days = (end / 86_400).rounded(.down)
    guard days >= 1, !busy.isEmpty else { return nil }
    var sums = [Double](repeating: 0, count: HourlyProfile.hours)
    var spans = sums
    for (index, time) in times.enumerated() {
      var from = time.from
      let to = min(time.to, days * 86_400)
      while from < to {
        let clock = start + from / 3600
        let hour = clock.rounded(.down)
        // A step forward at least, whatever rounding makes of it.
        let next = max((hour + 1 - start) * 3600, from + 1e-6)
        let span = min(next, to) - from
        let slot = Int(hour) % HourlyProfile.hours
        sums[slot] += busy[index] * span
        spans[slot] += span
        from = min(next, to)
      }
    }
    guard spans.allSatisfy({ $0 > 0 }) else { return nil }
    return zip(sums, spans).map { $0 / $1 }
  }
}
