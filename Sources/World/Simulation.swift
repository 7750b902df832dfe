import Kernel
import Scenario
import Statistics
import Workloads

/// Runs one design once.
public enum Simulation {
  /// - Parameters:
  ///   - replication: 0 and up; it selects the random streams.
  /// - Returns: counts, times and series. With `warmup: auto` the run is made twice: once to find the cut
  ///   (MSER-5 over end-to-end latencies in order of sending), once to measure after it.
  public static func run(_ model: DesignModel, replication: Int, options: WorldOptions = WorldOptions())
    -> Outcome
  {
    var outcome = measured(model, replication: replication, options: options)
    guard options.findsMonths, model.design.hasEvents, outcome.isComplete else { return outcome }
    var plain = options
    (plain.skipsEvents, plain.keepsRequests, plain.recordsTimeline) = (true, false, false)
    plain.maximumEvents = options.maximumEvents - outcome.events
    let rest = measured(model, replication: replication, options: plain)
    outcome.events += rest.events
    outcome.earlyEnd = rest.earlyEnd
    outcome.withoutEvents = [rest]
    return outcome
  }

  private static func measured(_ model: DesignModel, replication: Int, options: WorldOptions) -> Outcome {
    switch model.scenario.warmup {
    case .fixed(let time):
      return runOnce(model, replication: replication, options: options, measuredFrom: time)
    case .automatic:
      var pilot = options
      pilot.keepsRequests = true
      pilot.recordsTimeline = false
      let first = runOnce(model, replication: replication, options: pilot, measuredFrom: .zero)
      let warmup = warmupEnd(of: first)
      var outcome = runOnce(
        model, replication: replication, options: options, measuredFrom: warmup ?? .zero)
      outcome.isWarmupRefused = warmup == nil && !model.services.isEmpty
      return outcome
    }
  }

  private static func runOnce(
    _ model: DesignModel, replication: Int, options: WorldOptions, measuredFrom: Ticks
  ) -> Outcome {
    var world = World(model: model, replication: replication, options: options, measuredFrom: measuredFrom)
    var pending = PendingEvents()
    world.start(&pending)
    var events = 0
    var earlyEnd: EarlyEnd?
    while earlyEnd == nil {
      let allowed = min(options.maximumEvents - events, eventsBetweenQuestions)
      let end = Kernel.run(&world, pending: &pending, maximumEvents: allowed)
      events += end.events
      if end.reason == .drained { break }
      if events >= options.maximumEvents {
        earlyEnd = .events
      } else if let mustStop = options.mustStop, mustStop() {
        earlyEnd = .asked
      }
    }
    return world.outcome(replication: replication, events: events, earlyEnd: world.overrun ?? earlyEnd)
  }

  /// Some ten milliseconds' worth: seldom enough to cost nothing, often enough for whoever waits.
  private static let eventsBetweenQuestions = 1 << 16

  /// The sending time of the first request after the warm-up; `nil` when a cut past half the run is refused
  /// or the run is too short for one.
  private static func warmupEnd(of pilot: Outcome) -> Ticks? {
    let sent = pilot.records.filter { $0.e2e != nil }.sorted { ($0.sent, $0.serial) < ($1.sent, $1.serial) }
    guard let cut = mser5(sent.map { $0.e2e!.seconds }).cut else { return nil }
    return cut == 0 ? .zero : sent[min(cut, sent.count - 1)].sent
  }
}

extension World {
  consuming func outcome(replication: Int, events: Int, earlyEnd: EarlyEnd?) -> Outcome {
    var results: [ServiceOutcome] = []
    var last = Ticks.zero
    for index in 0..<services.count {
      let state = services[index]
      var tally = state.pointee.tally
      var totals: [ReplicaTotals] = []
      var slices: [[ReplicaSlice]] = []
      var blocks = 0
      for replica in 0..<state.pointee.replicas.count {
        let replica = state.pointee.replicas[replica]
        tally.interTokenGaps.merge(replica.pointee.interTokenGaps)
        tally.running += replica.pointee.unanswered
        tally.queued += replica.pointee.queued
        totals.append(replica.pointee.finalTotals)
        slices.append(replica.pointee.slices)
        blocks = replica.pointee.blockCount
        precondition(
          replica.pointee.load > 0 || replica.pointee.holdsOnlyComputedPrompts,
          "every KV block taken is given back")
        precondition(replica.pointee.load > 0 || replica.pointee.usesNoAdapter, "every slot is let go")
      }
      tally.queued += tally.inFlight
      let disaggregation = disaggregatedOutcome(ofService: index)
      tally.queued += disaggregation?.betweenRoles ?? 0
      if let first = disaggregation { blocks = first.blocksPerPrefillReplica }
      let isMember = state.pointee.frontIndex >= 0
      if state.pointee.endpoint != nil && !isMember {
        tally.running = tally.offered - tally.completed - tally.rejected
      }
      precondition(
        isMember || tally.isConserved, "requests in = completed + rejected + failed + running + queued")
      last = max(last, tally.lastCompletion)
      var sendingEnd = min(sendingEnd, now)
      if earlyEnd == nil {
        if self.sendingEnd == .never || state.pointee.source.isSpent {
          tally.endAnswersAtLastSending()
          sendingEnd = tally.lastSending
        } else {
          sendingEnd = self.sendingEnd
        }
      }
      let life = lifeOutcome(of: index, isCutShort: earlyEnd != nil)
      var result = ServiceOutcome(
        tally: tally, replicas: totals, blocksPerReplica: blocks, samples: sampler.samples[index],
        slices: slices, disaggregation: disaggregation, startup: state.pointee.startup,
        life: life?.all, roleLives: life?.roles ?? [], sendingEnd: sendingEnd)
      // A run that drained before the warm-up's end did nothing after it.
      result.atStart =
        state.pointee.atStart
        ?? (isMeasuring ? nil : ServiceMark(replicas: totals, heldSeconds: result.heldSeconds))
      result.atSendingEnd = state.pointee.atSendingEnd
      results.append(result)
    }
    gatherFronts(&results)
    if earlyEnd != nil { last = now }
    for pool in lifecycle.pools.indices { verifyPlaces(pool) }
    let jobs = jobOutcomes(isCutShort: earlyEnd != nil)
    last = jobs.reduce(last) { max($0, $1.finish ?? $0) }
    last = max(last, model.scenario.duration ?? .zero)
    var outcome = Outcome(
      designIndex: model.designIndex, replication: replication, services: results, records: records,
      measuredFrom: measuredFrom, end: last, events: events, earlyEnd: earlyEnd)
    outcome.jobs = jobs
    let fleets = fleetOutcomes(isCutShort: earlyEnd != nil)
    if fleets.contains(where: { $0 != nil }) { outcome.fleets = fleets }
    return outcome
  }
}
