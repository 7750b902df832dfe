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
/// Shortest Path Problem", JACM 1990) in base 64, with a short sorted run in front.
///
/// Events come out in order of time; events of equal time come out in the order they were pushed (first in,
/// first out). No event may be scheduled before the time of the last event taken out.
///
/// An event's bucket is named by the highest base-64 digit in which its time differs from the wheel's
/// origin. When the lowest bucket is small its events move, sorted, into the run; a large one is dealt out
/// again over the next lower digit. Nothing depends on how times are distributed, so microseconds may meet
/// years.
///
/// - Complexity: `push` O(1); `pop` O(1) amortised over at most 11 digits.
public struct PendingEvents: ~Copyable {
  @usableFromInline static var digitBits: Int { 6 }
  @usableFromInline static var levels: Int { 11 }
  @usableFromInline static var bucketsOfLevel: Int { 64 }
  /// Buckets up to this size are sorted into the run rather than dealt out again.
  @usableFromInline static var sortedRunLimit: Int { 16 }
  /// A run longer than this goes back into the wheel: insertion into it would cost too much.
  @usableFromInline static var longestRun: Int { 64 }

  @usableFromInline let buckets: UnsafeMutablePointer<EventBuffer>
  /// Bit `b` of word `l` is set when bucket `b` of level `l` holds events.
  @usableFromInline let occupied: UnsafeMutablePointer<UInt64>
  /// Bit `l` is set when level `l` holds events.
  @usableFromInline var occupiedLevels: UInt64 = 0
  /// No pending event outside the run is earlier; digits are compared with its digits.
  @usableFromInline var origin: UInt64 = 0
  @usableFromInline var run = EventBuffer()
  @usableFromInline var runHead = 0
  /// Every pending event up to this time is in the run; −1 when no such time is known.
  @usableFromInline var runEnd: Int64 = -1
  /// Where each event of a small bucket goes in the run.
  private let ranks: UnsafeMutablePointer<Int>

  /// Events pending.
  public var count: Int { pendingCount }
  @usableFromInline var pendingCount = 0
  /// The time of the last event taken out.
  public var now: Ticks { currentTime }
  @usableFromInline var currentTime = Ticks.zero

  public init() {
    buckets = .allocate(capacity: Self.levels * Self.bucketsOfLevel)
    buckets.initialize(repeating: EventBuffer(), count: Self.levels * Self.bucketsOfLevel)
    occupied = .allocate(capacity: Self.levels)
    occupied.initialize(repeating: 0, count: Self.levels)
    ranks = .allocate(capacity: Self.sortedRunLimit)
    ranks.initialize(repeating: 0, count: Self.sortedRunLimit)
    run.reserve(Self.longestRun)
  }

  deinit {
    for index in 0..<(Self.levels * Self.bucketsOfLevel) { buckets[index].deallocate() }
    run.deallocate()
    buckets.deallocate()
    occupied.deallocate()
    ranks.deallocate()
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
    runHead &+= 1
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
    return level &* Self.bucketsOfLevel &+ occupied[level].trailingZeroBitCount
  }

  @inlinable @inline(__always) mutating func place(_ event: ScheduledEvent) {
    let key = UInt64(bitPattern: event.time.count)
    // The lowest bit changes no level, and spares the case of no difference.
    let highest = 63 &- ((key ^ origin) | 1).leadingZeroBitCount
    // A sixth of it: 43/256 is exact up to 63.
    let level = (highest &* 43) &>> 8
    let digit = key &>> UInt64(truncatingIfNeeded: level &* Self.digitBits) & 63
    buckets[level &* Self.bucketsOfLevel &+ Int(truncatingIfNeeded: digit)].append(event)
    occupied[level] |= 1 &<< digit
    occupiedLevels |= 1 &<< UInt64(truncatingIfNeeded: level)
  }

  @inline(__always) private mutating func markEmpty(_ index: Int) {
    let level = index &>> Self.digitBits
    let left = occupied[level] & ~(1 &<< UInt64(truncatingIfNeeded: index & 63))
    occupied[level] = left
    if left == 0 { occupiedLevels &= ~(1 &<< UInt64(truncatingIfNeeded: level)) }
  }

  /// Moves the earliest bucket into the run, dealing out large ones on the way.
  @usableFromInline mutating func refillRun() {
    runHead = 0
    while true {
      let index = lowestBucket
      let level = index &>> Self.digitBits
      markEmpty(index)
      let first = UInt64(bitPattern: buckets[index].base.unsafelyUnwrapped[0].time.count)
      let lowerDigits: UInt64 = (1 &<< UInt64(truncatingIfNeeded: level &* Self.digitBits)) &- 1
      // Nothing lies between here and the bucket's start: whoever asked takes an event of it out at once.
      origin = first & ~lowerDigits
      if level == 0 {
        // One bucket of level 0 holds one time: its events are in order as they stand.
        run.count = 0
        swap(&run, &buckets[index])
        runEnd = Int64(bitPattern: first)
        return
      }
      if buckets[index].count <= Self.sortedRunLimit {
        sortIntoRun(index)
        runEnd = Int64(bitPattern: origin | lowerDigits)
        return
      }
      dealOut(index)
    }
  }

  /// Each event's rank is counted, not searched for: in so short a list that costs less than wrong guesses.
  /// Of equal times the one that came first ranks first.
  @inline(__always) private mutating func sortIntoRun(_ index: Int) {
    let bucket = buckets[index].base.unsafelyUnwrapped
    let count = buckets[index].count
    buckets[index].count = 0
    if run.capacity < count { run.reserve(Self.longestRun) }
    run.count = count
    let sorted = run.base.unsafelyUnwrapped
    if count == 1 {
      sorted[0] = bucket[0]
      return
    }
    if count == 2 {
      let first = bucket[1].time.count < bucket[0].time.count ? 1 : 0
      sorted[first] = bucket[0]
      sorted[1 &- first] = bucket[1]
      return
    }
    ranks[0] = 0
    for later in 1..<count {
      let time = bucket[later].time.count
      var rank = later
      for earlier in 0..<later {
        let isBefore = time < bucket[earlier].time.count ? 1 : 0
        ranks[earlier] &+= isBefore
        rank &-= isBefore
      }
      ranks[later] = rank
    }
    for position in 0..<count { sorted[ranks[position]] = bucket[position] }
  }

  /// Spreads a bucket over the next lower digit, forward, so that equal times keep their order.
  ///
  /// Those that agree with the origin in this digit, too, belong on lower levels. They may wait in its bucket
  /// all the same: all lower levels are empty, so it is the next to be looked at.
  private mutating func dealOut(_ index: Int) {
    let bucket = buckets[index]
    buckets[index].count = 0
    let level = (index &>> Self.digitBits) &- 1
    let shift = UInt64(truncatingIfNeeded: level &* Self.digitBits)
    let targets = buckets + level &* Self.bucketsOfLevel
    var filled: UInt64 = 0
    var event = bucket.base.unsafelyUnwrapped
    let end = event + bucket.count
    while event < end {
      let digit = UInt64(bitPattern: event.pointee.time.count) &>> shift & 63
      targets[Int(truncatingIfNeeded: digit)].append(event.pointee)
      filled |= 1 &<< digit
      event += 1
    }
    occupied[level] = filled
    occupiedLevels |= 1 &<< UInt64(truncatingIfNeeded: level)
  }

  // MARK: Run

  @usableFromInline @inline(never) mutating func insertIntoRun(_ event: ScheduledEvent) {
    let isLong = run.count &- runHead >= Self.longestRun
    if isLong, run.base.unsafelyUnwrapped[run.count &- 1].time.count > event.time.count {
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

/// A growable buffer of events, in 16 bytes; its owner frees it.
@frozen @usableFromInline struct EventBuffer {
  @usableFromInline var base: UnsafeMutablePointer<ScheduledEvent>?
  @usableFromInline var shortCount: UInt32 = 0
  @usableFromInline var shortCapacity: UInt32 = 0

  @inlinable var count: Int {
    get { Int(truncatingIfNeeded: shortCount) }
    set { shortCount = UInt32(truncatingIfNeeded: newValue) }
  }
  @inlinable var capacity: Int { Int(truncatingIfNeeded: shortCapacity) }

  @inlinable init() {}

  @inlinable @inline(__always) mutating func append(_ event: ScheduledEvent) {
    if shortCount == shortCapacity { grow() }
    base.unsafelyUnwrapped[count] = event
    shortCount &+= 1
  }

  @usableFromInline @inline(never) mutating func grow() {
    reserve(max(PendingEvents.sortedRunLimit, capacity * 2))
  }

  @usableFromInline mutating func reserve(_ wanted: Int) {
    if wanted <= capacity { return }
    let larger = UnsafeMutablePointer<ScheduledEvent>.allocate(capacity: wanted)
    if let base {
      larger.moveInitialize(from: base, count: count)
      base.deallocate()
    }
    base = larger
    shortCapacity = UInt32(wanted)
  }

  func deallocate() { base?.deallocate() }
}
