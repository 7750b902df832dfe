/// An event to come: when, and 64 bits that mean something to whoever scheduled it.
@frozen public struct ScheduledEvent: Sendable, Equatable {
  public var time: Ticks
  public var payload: UInt64
  @inlinable public init(time: Ticks, payload: UInt64) {
    self.time = time
    self.payload = payload
  }
}

/// The pending-event set: a monotone radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, "Faster Algorithms for the
/// Shortest Path Problem", JACM 1990) in base 32, with a short sorted run in front.
///
/// Events come out in order of time; events of equal time come out in the order they were pushed (first in,
/// first out). No event may be scheduled before the time of the last event taken out.
///
/// An event's bucket is named by the highest base-32 digit in which its time differs from the wheel's
/// origin.
/// When the lowest bucket is small its events move, sorted, into the run; a large one is dealt out again
/// over
/// the lower digits. Nothing depends on how times are distributed, so microseconds may meet years.
///
/// - Complexity: `push` O(1); `pop` O(1) amortised over at most 13 digits.
public struct PendingEvents: ~Copyable {
  @usableFromInline static var digitBits: UInt64 { 5 }
  @usableFromInline static var levels: Int { 13 }
  /// Buckets up to this size are sorted into the run rather than dealt out again.
  @usableFromInline static var sortedRunLimit: Int { 16 }
  /// A run longer than this goes back into the wheel: insertion into it would cost too much.
  @usableFromInline static var longestRun: Int { 64 }

  @usableFromInline var buckets: UnsafeMutablePointer<EventBuffer>
  /// Bit `b` of word `l` is set when bucket `b` of level `l` holds events.
  @usableFromInline var occupied: UnsafeMutablePointer<UInt32>
  /// Bit `l` is set when level `l` holds events.
  @usableFromInline var occupiedLevels: UInt32 = 0
  @usableFromInline var origin: UInt64 = 0
  @usableFromInline var run = EventBuffer()
  @usableFromInline var runHead = 0
  /// Every pending event up to this time is in the run; −1 when no such time is known.
  @usableFromInline var runEnd: Int64 = -1

  /// Events pending.
  public var count: Int { pendingCount }
  @usableFromInline var pendingCount = 0
  /// The time of the last event taken out.
  public var now: Ticks { currentTime }
  @usableFromInline var currentTime = Ticks.zero

  /// - Parameter capacity: events expected at once; a hint.
  public init(capacity: Int = 64) {
    buckets = .allocate(capacity: Self.levels * 32)
    buckets.initialize(repeating: EventBuffer(), count: Self.levels * 32)
    occupied = .allocate(capacity: Self.levels)
    occupied.initialize(repeating: 0, count: Self.levels)
    run.reserve(max(Self.longestRun, 16))
  }

  deinit {
    for index in 0..<(Self.levels * 32) { buckets[index].deallocate() }
    run.deallocate()
    buckets.deallocate()
    occupied.deallocate()
  }

  @inlinable public var isEmpty: Bool { pendingCount == 0 }

  /// Schedules an event. `time` must not lie before `now`.
  @inlinable public mutating func push(_ payload: UInt64, at time: Ticks) {
    precondition(time.count >= currentTime.count, "an event is scheduled for now or later")
    pendingCount &+= 1
    let event = ScheduledEvent(time: time, payload: payload)
    if time.count <= runEnd { insertIntoRun(event) } else { place(event) }
  }

  /// Takes out the earliest event.
  @inlinable public mutating func pop() -> ScheduledEvent? {
    if runHead == run.count {
      if pendingCount == 0 { return nil }
      refillRun()
    }
    let event = run.base.unsafelyUnwrapped[runHead]
    runHead += 1
    pendingCount &-= 1
    currentTime = event.time
    return event
  }

  /// The time of the earliest event.
  ///
  /// - Complexity: O(1) while the run holds events, else the size of the lowest bucket.
  public var nextTime: Ticks? {
    if runHead < run.count { return run.base![runHead].time }
    guard count > 0 else { return nil }
    let bucket = buckets[lowestBucket]
    var earliest = bucket.base![0].time
    for index in 1..<max(1, bucket.count) where bucket.base![index].time < earliest {
      earliest = bucket.base![index].time
    }
    return earliest
  }

  // MARK: Wheel

  @inlinable var lowestBucket: Int {
    let level = occupiedLevels.trailingZeroBitCount
    return level &* 32 &+ occupied[level].trailingZeroBitCount
  }

  @inlinable mutating func place(_ event: ScheduledEvent) {
    let key = UInt64(bitPattern: event.time.count)
    let difference = key ^ origin
    let level = difference == 0 ? 0 : (63 &- difference.leadingZeroBitCount) / Int(Self.digitBits)
    let bucket = Int((key &>> (UInt64(level) &* Self.digitBits)) & 31)
    buckets[level &* 32 &+ bucket].append(event)
    occupied[level] |= 1 &<< UInt32(bucket)
    occupiedLevels |= 1 &<< UInt32(level)
  }

  @inlinable mutating func markEmpty(_ index: Int) {
    let level = index / 32
    occupied[level] &= ~(1 &<< UInt32(index & 31))
    if occupied[level] == 0 { occupiedLevels &= ~(1 &<< UInt32(level)) }
  }

  /// Moves the earliest bucket into the run, dealing out large ones on the way.
  @usableFromInline mutating func refillRun() {
    run.count = 0
    runHead = 0
    while true {
      let index = lowestBucket
      let level = index / 32
      let shift = UInt64(level) * Self.digitBits
      markEmpty(index)
      if level == 0 {
        // One bucket of level 0 holds one time: its events are in order as they stand.
        swap(&run, &buckets[index])
        origin = UInt64(bitPattern: run.base![0].time.count)
        runEnd = run.base![0].time.count
        return
      }
      if buckets[index].count <= Self.sortedRunLimit {
        sortIntoRun(index)
        let low = UInt64(bitPattern: run.base![0].time.count) & ~((1 << shift) - 1)
        origin = low
        runEnd = Int64(bitPattern: low | ((1 << shift) - 1))
        return
      }
      dealOut(index)
    }
  }

  private mutating func sortIntoRun(_ index: Int) {
    let bucket = buckets[index]
    run.reserve(bucket.count)
    for position in 0..<bucket.count {
      let event = bucket.base![position]
      var hole = position
      while hole > 0 && run.base![hole - 1].time > event.time {
        run.base![hole] = run.base![hole - 1]
        hole -= 1
      }
      run.base![hole] = event
    }
    run.count = bucket.count
    buckets[index].count = 0
  }

  /// Spreads a bucket over the lower digits, forward, so that equal times keep their order.
  private mutating func dealOut(_ index: Int) {
    let bucket = buckets[index]
    var earliest = bucket.base![0].time.count
    for position in 1..<bucket.count { earliest = min(earliest, bucket.base![position].time.count) }
    origin = UInt64(bitPattern: earliest)
    buckets[index].count = 0
    for position in 0..<bucket.count { place(bucket.base![position]) }
  }

  // MARK: Run

  @inlinable mutating func insertIntoRun(_ event: ScheduledEvent) {
    if run.count &- runHead >= Self.longestRun, run.base.unsafelyUnwrapped[run.count &- 1].time > event.time {
      spillRun()
      place(event)
      return
    }
    if runHead == run.count {
      runHead = 0
      run.count = 0
    }
    run.append(event)
    let base = run.base.unsafelyUnwrapped
    var hole = run.count &- 1
    while hole > runHead && base[hole &- 1].time.count > event.time.count {
      base[hole] = base[hole &- 1]
      hole &-= 1
    }
    base[hole] = event
  }

  /// Puts a run that has grown too long back into the wheel.
  @usableFromInline mutating func spillRun() {
    for position in runHead..<run.count { place(run.base![position]) }
    run.count = 0
    runHead = 0
    runEnd = -1
  }
}

/// A growable buffer of events; its owner frees it.
@frozen @usableFromInline struct EventBuffer {
  @usableFromInline var base: UnsafeMutablePointer<ScheduledEvent>?
  @usableFromInline var count = 0
  @usableFromInline var capacity = 0

  @inlinable init() {}

  @inlinable @inline(__always) mutating func append(_ event: ScheduledEvent) {
    if count == capacity { reserve(max(4, capacity &* 2)) }
    base.unsafelyUnwrapped[count] = event
    count &+= 1
  }

  @usableFromInline mutating func reserve(_ wanted: Int) {
    if wanted <= capacity { return }
    let larger = UnsafeMutablePointer<ScheduledEvent>.allocate(capacity: wanted)
    if let base {
      larger.moveInitialize(from: base, count: count)
      base.deallocate()
    }
    base = larger
    capacity = wanted
  }

  func deallocate() { base?.deallocate() }
}
