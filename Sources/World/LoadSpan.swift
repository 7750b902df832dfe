import Kernel
import Scenario
import Workloads

/// What a service's replicas had done by a moment.
public struct ServiceMark: Sendable, Hashable {
  public var replicas: [ReplicaTotals]
  /// Replica-seconds held, of each role; `nil` where all replicas are held all the time.
  public var heldSeconds: [Double]?
}

/// What a service's replicas did while requests were being sent: what busy shares, power and energy are taken
/// from, over the same span as the rates (`RateSpan`). What else the run waits for - its own tail, jobs on
/// other machines - is no part of it.
public struct LoadSpan: Sendable {
  public var seconds: Double
  /// Of each replica, in the span alone.
  public var replicas: [ReplicaTotals]
  /// Replicas of each role that were held, on the mean; `nil` where all are, all the time.
  public var held: [Double]?

  /// The part of `replicas` that one of the service's deployments has.
  public func replicas(ofRole role: Int, in outcome: ServiceOutcome) -> ArraySlice<ReplicaTotals> {
    let range = outcome.replicas(ofRole: role)
    return replicas[range.startIndex..<range.endIndex]
  }
}

extension Outcome {
  /// The span of a service, its front's where it has one. Where nothing was sent after the warm-up it is all
  /// of the service's time.
  public func load(ofService index: Int, of design: Design) -> LoadSpan {
    let service = services[index]
    let owner = services[design.services[index].front ?? index]
    let span = owner.rateSpan(from: measuredFrom)
    guard let seconds = span.seconds else {
      let all = max(owner.sendingEnd, owner.tally.lastCompletion).seconds
      return LoadSpan(
        seconds: all, replicas: service.replicas,
        held: service.life.flatMap { life in
          life.span > 0 ? service.heldSeconds?.map { $0 / life.span } : nil
        })
    }
    let end = span.holdsTail ? nil : service.atSendingEnd
    var replicas = end?.replicas ?? service.replicas
    if let start = service.atStart {
      replicas = zip(replicas, start.replicas).map { $0.since($1) }
    }
    let held = (end?.heldSeconds ?? service.heldSeconds)?.enumerated().map { role, held in
      max(0, held - (service.atStart?.heldSeconds?[role] ?? 0)) / seconds
    }
    return LoadSpan(seconds: seconds, replicas: replicas, held: held)
  }
}

extension ServiceOutcome {
  /// Replica-seconds held, of each role; `nil` where all replicas are held all the time.
  public var heldSeconds: [Double]? {
    life.map { all in roleLives.isEmpty ? [all.heldSeconds] : roleLives.map(\.heldSeconds) }
  }
}

extension World {
  /// Keeps what services have done by the marks that lie before `time`: the end of the warm-up, and of the
  /// sending. Nothing happens between the last event and this one: replicas can tell of any moment between.
  @inline(never)
  mutating func passMarks(before time: Ticks) {
    while nextMark < time {
      let mark = nextMark
      let isStart = mark == measuredFrom && mark > .zero && !isMeasuring
      for service in 0..<services.count {
        if isStart {
          services[service].pointee.atStart = self.mark(service, at: mark)
        } else if services[service].pointee.atSendingEnd == nil {
          services[service].pointee.atSendingEnd = self.mark(service, at: mark)
        }
      }
      isMeasuring = true
      nextMark = isStart && sendingEnd > mark ? sendingEnd : .never
    }
  }

  /// Keeps what a service and its members have done by now: the last of its requests is sent.
  @inline(never)
  mutating func markSendingEnd(of service: Int) {
    for member in model.design.members(ofService: service)
    where services[member].pointee.atSendingEnd == nil {
      services[member].pointee.atSendingEnd = mark(member, at: now)
    }
  }

  private func mark(_ service: Int, at time: Ticks) -> ServiceMark {
    let state = services[service]
    var mark = ServiceMark(replicas: [])
    for index in 0..<state.pointee.replicas.count {
      mark.replicas.append(state.pointee.replicas[index].pointee.totals(at: time))
    }
    if state.pointee.life != nil {
      state.pointee.life!.settle(at: time)
      mark.heldSeconds = state.pointee.life!.roles.map { Double($0.heldTime) / Double(Ticks.perSecond) }
    }
    return mark
  }
}
