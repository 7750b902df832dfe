import Kernel
import Workloads

/// The door of one service.
struct AdmissionState {
  let settings: AdmissionSettings
  private var limiter: RateLimiter?

  init(_ settings: AdmissionSettings) {
    self.settings = settings
    limiter = settings.rateLimit.map(RateLimiter.init)
  }

  mutating func isWithinRate(at now: Ticks) -> Bool { limiter?.admits(at: now) ?? true }
}

extension World {
  /// Turns a request away when the service's rate limit says so.
  mutating func isThrottled(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) -> Bool {
    let state = services[service]
    if state.pointee.admission!.isWithinRate(at: now) { return false }
    state.pointee.tally.throttled += 1
    turnAway(service, slot, &pending)
    return true
  }

  /// Turns a request away when its first token would come too late at the replica chosen for it.
  mutating func isShed(_ service: Int, _ slot: UInt32, from replica: Int, _ pending: inout PendingEvents)
    -> Bool
  {
    let state = services[service]
    guard let longest = state.pointee.admission!.settings.longestWait else { return false }
    let request = requests[slot]
    let wait = state.pointee.replicas[replica].pointee.forecastFirstToken(
      promptTokens: request.promptTokens, priority: rank(of: request, service), at: now)
    let elapsed = now - request.sent + Ticks(state.pointee.roundTrip.count / 2)
    if wait != .never && elapsed + wait <= longest { return false }
    state.pointee.tally.shed += 1
    turnAway(service, slot, &pending)
    return true
  }

  /// What a queue by priority goes by.
  func rank(of request: LiveRequest, _ service: Int) -> Int32 {
    let state = services[service]
    if !state.pointee.hasClasses { return 0 }
    return model.scenario.workloads[state.pointee.workloadIndex].classes[Int(request.kind)].rank
  }

  private mutating func turnAway(_ service: Int, _ slot: UInt32, _ pending: inout PendingEvents) {
    let state = services[service]
    let request = requests[slot]
    requests.remove(slot)
    state.pointee.tally.inFlight -= 1
    reject(service, request, retryAfter: state.pointee.admission!.settings.retryAfter, &pending)
    drainIfLast(service, &pending)
  }
}
