import Economics
import Kernel
import Quantities
import Scenario
import World

/// What the machines of a pool draw in a month: idle power, and the rest in proportion to the time in which
/// their accelerators compute.
///
/// Services compute as they did while their requests were sent (`LoadSpan`), in the hours in which requests
/// come and the pool is switched on. A job computes in its runs, so many a month; one that says nothing of
/// `runs` runs once over the horizon.
struct PoolDraw {
  /// Of the time of a month of its accelerators, or of their instances where they are cut, in which they
  /// compute; at most the time in which they are on.
  var busy: Double
  /// What of that jobs would take, more than there is where runs follow faster than they end.
  var jobs: Double
  var idle: Watts
  /// What accelerators that are all busy add to it.
  var range: Watts
  /// In the busiest stretch between two samples.
  var peak: Watts
  /// Mean draw at each hour of the day, over the whole days of the run; `nil` for a run of less than a day,
  /// and for one that is not sampled.
  var byHour: [Double]?

  init(_ pool: Pool, index: Int, design: Design, outcome: Outcome, horizon: Horizon) {
    var services = 0.0
    var busiest = 0.0
    var stretches = BusyStretches()
    var (isSampled, end) = (true, 0.0)
    for (position, service) in design.services.enumerated() {
      let load = outcome.load(ofService: position, of: design)
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == index {
        let seconds = Utilization.busySeconds(load.replicas(ofRole: role, in: outcome.services[position]))
        let held = Double(deployment.acceleratorsPerReplica) / Double(max(1, pool.accelerators))
        let share = load.seconds > 0 ? seconds * held / load.seconds : 0
        busiest += share
        services += share * service.hours(on: pool)
      }
      guard service.deployments.contains(where: { $0.poolIndex == index }) else { continue }
      let result = outcome.services[position]
      end = max(end, result.sendingEnd.seconds, result.tally.lastCompletion.seconds)
      guard case .pool(let deployment) = service.placement else {
        isSampled = false
        continue
      }
      stretches.add(
        result.samples,
        share: Double(deployment.acceleratorsPerReplica) / Double(pool.accelerators))
    }
    jobs = outcome.shareOfJobs(onPool: index, of: design, horizon)
    let hold = PoolHold(pool, index, outcome)
    let ofHeld = hold.share > 0 ? max(0, services) / hold.share : 0
    busy = min(pool.dailyUse, ofHeld + jobs)
    idle = pool.node.idlePower * hold.nodes
    // Multiprocessors that belong to no instance never compute.
    let whole = (pool.fullNodePower - pool.node.idlePower) * (Double(pool.nodeCount) * pool.usedShare)
    range = whole * hold.share
    let isFull = jobs > 0 || (!isSampled && services > 0)
    // Stretches are of all nodes, held or not.
    peak =
      (pool.isElastic ? pool.node.idlePower * hold.most : idle)
      + whole * (isFull ? 1 : min(1, max(busiest, stretches.most)))
    let start = design.sites[pool.siteIndex].startHour
    let shares = isFull || !isSampled ? nil : stretches.byHour(from: start, end: end)
    byHour = shares?.map { [idle] in (idle + whole * min(1, $0)).value }
  }

  /// Mean draw of a month: nodes that are bought idle when they are not in use, those that are rented are
  /// given back.
  func average(of pool: Pool) -> Watts { idle * (pool.isOwned ? 1 : pool.dailyUse) + range * busy }
}

extension Service {
  /// The share of all hours in which it computes on a pool: requests come, and the pool is switched on. A
  /// member of several computes when its front asks it, as the run shows.
  func hours(on pool: Pool) -> Double { front == nil ? min(dailyUse, pool.dailyUse) : dailyUse }
}

extension Outcome {
  /// Accelerator-time that the jobs of a pool compute in over that of a month.
  func shareOfJobs(onPool index: Int, of design: Design, _ horizon: Horizon) -> Double {
    let month = Calendar.secondsPerMonth * Double(max(1, design.pools[index].accelerators))
    return zip(design.trainingJobs, jobs).reduce(0) { sum, pair in
      let (job, result) = (pair.0.deployment, pair.1)
      guard job.poolIndex == index else { return sum }
      let run = (result.time.useful + result.time.lost).seconds * Double(job.accelerators)
      return sum + run / job.monthsPerRun(over: horizon) / month
    }
  }

  /// From the first submission of the jobs of a pool until the last of them is done, or the run over.
  func seconds(ofJobsOnPool index: Int, of design: Design) -> Double {
    let here = zip(design.trainingJobs, jobs).filter { $0.0.deployment.poolIndex == index }
    let first = here.map { $0.0.training.start }.min() ?? .zero
    let last = here.map { $0.1.finish ?? end }.max() ?? end
    return max(0, (last - first).seconds)
  }
}

extension JobDeployment {
  /// Months from one run to the next; the whole horizon for a job that is run once.
  func monthsPerRun(over horizon: Horizon) -> Double {
    runs.map { $0.monthsPerRun } ?? max(1, horizon.length.value / Calendar.secondsPerMonth)
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
