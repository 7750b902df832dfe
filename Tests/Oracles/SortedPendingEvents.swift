import Kernel

/// The obvious pending-event set: an array kept in order.
public struct SortedPendingEvents {
  private var events: [ScheduledEvent] = []
  public init() {}
  public var count: Int { events.count }
  public var nextTime: Ticks? { events.first?.time }

  public mutating func push(_ payload: UInt64, at time: Ticks) {
    let place = events.firstIndex { $0.time > time } ?? events.count
    events.insert(ScheduledEvent(time: time, payload: payload), at: place)
  }

  public mutating func pop() -> ScheduledEvent? { events.isEmpty ? nil : events.removeFirst() }
}
