/// A model that events happen to.
public protocol EventHandler: ~Copyable {
  /// Handles one event; it may schedule more.
  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents)
}

/// How a run of the loop came to its end.
public struct RunEnd: Sendable, Hashable {
  /// Why the loop returned.
  public enum Reason: Sendable {
    /// No event was left.
    case drained
    /// The next event lies past the horizon; it stays in the set.
    case horizon
    case eventLimit
  }
  public var reason: Reason
  /// Events handled.
  public var events: Int

  @inlinable public init(reason: Reason, events: Int) {
    self.reason = reason
    self.events = events
  }
}

/// Hands events to the model in order until none is left, the horizon is passed or a limit is reached.
///
/// - Complexity: one `pop` and one call of the handler an event, both specialised for the model.
@inlinable public func run<Model: EventHandler & ~Copyable>(
  _ model: inout Model, pending: inout PendingEvents, until horizon: Ticks = .never, maximumEvents: Int = .max
) -> RunEnd {
  var events = 0
  while events < maximumEvents {
    if horizon != .never {
      guard let next = pending.nextTime else { return RunEnd(reason: .drained, events: events) }
      if next > horizon { return RunEnd(reason: .horizon, events: events) }
    }
    guard let event = pending.pop() else { return RunEnd(reason: .drained, events: events) }
    events += 1
    model.handle(event.payload, at: event.time, pending: &pending)
  }
  return RunEnd(reason: pending.isEmpty ? .drained : .eventLimit, events: events)
}
