import Kernel
import Scenario

/// What a router's circuit breaker knows of one replica.
struct CircuitState {
  enum Phase: UInt8 {
    case closed
    /// It opens: what was lost is handed over again on this very tick, once all that falls together has.
    case tripped
    case open
    /// One request may try the replica, or does.
    case halfOpen, trying
  }
  private(set) var phase = Phase.closed
  /// Frees the pending change.
  private(set) var version = 0
  /// Requests that were answered and lost, by time; within the window as of the last look.
  private var answered = Window()
  private var lost = Window()

  /// Whether the router sends requests.
  var admits: Bool { phase == .closed || phase == .halfOpen }

  /// - Returns: whether it trips.
  mutating func lose(_ count: Int, _ settings: CircuitBreaker, at now: Ticks) -> Bool {
    lost.add(count, at: now)
    answered.forget(before: now, settings.window)
    lost.forget(before: now, settings.window)
    let all = lost.count + answered.count
    switch phase {
    case .closed where Double(lost.count) < settings.errors * Double(all): return false
    case .tripped, .open: return false
    default:
      phase = .tripped
      version &+= 1
      return true
    }
  }

  /// - Returns: whether that closes it.
  mutating func answer(_ count: Int, _ settings: CircuitBreaker, at now: Ticks) -> Bool {
    if phase == .trying {
      reset()
      return true
    }
    answered.add(count, at: now)
    answered.forget(before: now, settings.window)
    return false
  }

  /// - Returns: whether nobody else may be sent until the request is answered.
  mutating func send() -> Bool {
    if phase != .halfOpen { return false }
    phase = .trying
    return true
  }

  mutating func open() {
    phase = .open
    version &+= 1
  }

  mutating func halfOpen() { phase = .halfOpen }

  mutating func reset() {
    phase = .closed
    version &+= 1
    (answered, lost) = (Window(), Window())
  }

  /// Counts of the last while.
  private struct Window {
    private var entries: [(time: Ticks, count: Int)] = []
    private(set) var count = 0

    mutating func add(_ number: Int, at time: Ticks) {
      entries.append((time, number))
      count += number
    }

    mutating func forget(before now: Ticks, _ window: Ticks) {
      guard let first = entries.first, now - first.time > window else { return }
      let kept = entries.firstIndex { now - $0.time <= window } ?? entries.count
      for entry in entries[..<kept] { count -= entry.count }
      entries.removeFirst(kept)
    }
  }
}

/// Routers that go by what becomes of a replica's requests.
///
/// A request that is inside a replica when it falls, or is sent to one that is down, is an error at once,
/// where a health check takes its probes. When the share of errors within the window reaches the limit the
/// router sends nothing there, and what was lost is handed over again; after the cool-down one request tries
/// the replica, and when it is answered the replica is as any other. What falls together opens together.
extension World {
  /// Requests of a replica were lost.
  mutating func noteLost(_ count: Int, at index: Int, of service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    guard count > 0, let settings = state.pointee.life!.care.breaker,
      state.pointee.life!.replicas[index].circuit.lose(count, settings, at: now)
    else { return }
    recount(service)
    let version = state.pointee.life!.replicas[index].circuit.version
    pending.push(
      EventCode(.circuit, service: service, index: index, version: version).payload, at: now)
  }

  /// Requests were answered.
  @inline(never)
  mutating func noteAnswered(_ count: Int, at index: Int, of service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    guard let settings = state.pointee.life!.care.breaker,
      state.pointee.life!.replicas[index].circuit.answer(count, settings, at: now)
    else { return }
    recount(service)
    deliverWaiting(service, &pending)
  }

  /// A request was sent to a replica that is up.
  @inline(never)
  mutating func noteSent(to index: Int, of service: Int) {
    let state = services[service]
    guard state.pointee.life!.care.breaker != nil, state.pointee.life!.replicas[index].circuit.send() else {
      return
    }
    recount(service)
  }

  /// The breaker opens, or lets one request through.
  mutating func turnCircuit(
    _ service: Int, _ index: Int, _ version: Int, _ pending: inout PendingEvents
  ) {
    let circuit = services[service].pointee.life!.replicas[index].circuit
    guard EventCode.isCurrent(version, of: circuit.version) else { return }
    if circuit.phase == .tripped { return openCircuits(service, &pending) }
    services[service].pointee.life!.replicas[index].circuit.halfOpen()
    recount(service)
    deliverWaiting(service, &pending)
  }

  private mutating func openCircuits(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    guard let settings = state.pointee.life!.care.breaker else { return }
    var opened: [Int] = []
    for index in state.pointee.life!.replicas.indices
    where state.pointee.life!.replicas[index].circuit.phase == .tripped {
      state.pointee.life!.replicas[index].circuit.open()
      opened.append(index)
      let code = EventCode(
        .circuit, service: service, index: index,
        version: state.pointee.life!.replicas[index].circuit.version)
      let end = now.later(by: settings.coolDown)
      if end < Self.endOfTime { pending.push(code.payload, at: end) }
    }
    state.pointee.life!.opens += opened.count
    recount(service)
    for index in opened {
      for slot in state.pointee.life!.takeLost(of: index) { handBack(service, slot, &pending) }
    }
  }

  private mutating func deliverWaiting(_ service: Int, _ pending: inout PendingEvents) {
    let state = services[service]
    if state.pointee.life!.serving.isEmpty { return }
    let waiting = state.pointee.life!.waiting
    state.pointee.life!.waiting = []
    for slot in waiting { deliver(service, slot, &pending) }
    if state.pointee.frontIndex >= 0 { callWaiting(of: state.pointee.frontIndex, &pending) }
  }
}
