/// A mergeable histogram of non-negative integers whose buckets are as wide as 1/128 of their value.
///
/// Values below 256 have a bucket each; above, a bucket holds the values that agree in their eight leading
/// bits, so a quantile is off by at most 1/256, under 0.4 %. Count, sum, sum of squares, minimum and maximum
/// are exact integers. Merging is addition: it commutes and associates, so results do not depend on the order
/// in which runs finish, and equal sets of values give equal histograms. (The layout is that of HdrHistogram,
/// Gil Tene.)
///
/// Memory is 8 bytes a bucket over the octaves from the smallest value to the largest, 1 KiB an octave; none
/// while empty.
public struct LogHistogram: Sendable, Equatable {
  /// Counts of the buckets from `firstBucket` on: whole octaves, from that of the minimum to that of the
  /// maximum.
  @usableFromInline var counts: [Int64] = []
  /// A multiple of 128; 0 while empty.
  @usableFromInline var firstBucket = 0
  @usableFromInline var total: Int64 = 0
  @usableFromInline var low: Int64 = .max
  @usableFromInline var high: Int64 = .min
  @usableFromInline var exactSum: Int128 = 0
  /// Stays at its largest value when it would pass it.
  @usableFromInline var squares: UInt128 = 0

  /// An empty histogram.
  public init() {}

  /// How many values were recorded.
  @inlinable public var count: Int64 { total }
  /// The sum of the recorded values, exact.
  @inlinable public var sum: Int128 { exactSum }
  /// The smallest value recorded, exact.
  @inlinable public var min: Int64? { total == 0 ? nil : low }
  /// The largest value recorded, exact.
  @inlinable public var max: Int64? { total == 0 ? nil : high }

  /// Records one value, which must not be negative.
  ///
  /// - Complexity: O(1), about 7 nanoseconds; growing copies the buckets.
  @inlinable public mutating func record(_ value: Int64) {
    precondition(value >= 0, "a histogram holds non-negative values")
    add(1, toBucket: LogHistogram.bucket(of: value))
    low = Swift.min(low, value)
    high = Swift.max(high, value)
    total += 1
    exactSum &+= Int128(value)
    let wide = UInt128(UInt64(bitPattern: value))
    addSquares(wide &* wide)
  }

  /// Records a value `count` times; neither may be negative.
  ///
  /// - Complexity: O(1).
  @inlinable public mutating func record(_ value: Int64, count times: Int64) {
    precondition(value >= 0 && times >= 0, "a histogram holds non-negative values, a whole number of times")
    if times == 0 { return }
    add(times, toBucket: LogHistogram.bucket(of: value))
    low = Swift.min(low, value)
    high = Swift.max(high, value)
    total += times
    exactSum &+= Int128(value) &* Int128(times)
    let wide = UInt128(UInt64(bitPattern: value))
    addSquares(LogHistogram.saturatingProduct(wide &* wide, UInt128(times)))
  }

  /// Adds everything that another histogram holds.
  ///
  /// - Complexity: O(buckets of `other`).
  public mutating func merge(_ other: LogHistogram) {
    if other.total == 0 { return }
    if total == 0 {
      self = other
      return
    }
    makeRoom(forBucket: other.firstBucket)
    makeRoom(forBucket: other.firstBucket + other.counts.count - 1)
    let offset = other.firstBucket - firstBucket
    for index in other.counts.indices { counts[offset + index] += other.counts[index] }
    low = Swift.min(low, other.low)
    high = Swift.max(high, other.high)
    total += other.total
    exactSum += other.exactSum
    addSquares(other.squares)
  }

  // MARK: Buckets

  /// The bucket of a value: 0...127 hold themselves; from there each octave has 128 buckets.
  @inlinable @inline(__always) static func bucket(of value: Int64) -> Int {
    if value < 128 { return Int(value) }
    let shift = 56 &- value.leadingZeroBitCount
    return shift &* 128 &+ Int(value &>> Int64(shift))
  }

  /// The smallest value that belongs to a bucket.
  static func lowerBound(of bucket: Int) -> Int64 {
    if bucket < 256 { return Int64(bucket) }
    return Int64(bucket % 128 + 128) << Int64(bucket / 128 - 1)
  }

  /// The largest value that belongs to a bucket.
  static func upperBound(of bucket: Int) -> Int64 {
    if bucket < 256 { return Int64(bucket) }
    return lowerBound(of: bucket) + ((1 << Int64(bucket / 128 - 1)) - 1)
  }

  @inlinable @inline(__always) mutating func add(_ times: Int64, toBucket bucket: Int) {
    // Below the first bucket, the unsigned difference is huge: one comparison covers both ends.
    if UInt(bitPattern: bucket &- firstBucket) >= UInt(bitPattern: counts.count) {
      makeRoom(forBucket: bucket)
    }
    counts[bucket &- firstBucket] += times
  }

  /// Extends the buckets by whole octaves, so that their extent depends on what was recorded and not on the
  /// order.
  @usableFromInline @inline(never) mutating func makeRoom(forBucket bucket: Int) {
    let octave = bucket & ~127
    if counts.isEmpty {
      firstBucket = octave
      counts = Array(repeating: 0, count: 128)
    } else if octave < firstBucket {
      counts.insert(contentsOf: repeatElement(0, count: firstBucket - octave), at: 0)
      firstBucket = octave
    } else if octave + 128 > firstBucket + counts.count {
      counts.append(contentsOf: repeatElement(0, count: octave + 128 - firstBucket - counts.count))
    }
  }

  @inlinable @inline(__always) mutating func addSquares(_ more: UInt128) {
    let (sum, overflow) = squares.addingReportingOverflow(more)
    squares = overflow ? .max : sum
  }

  @inlinable @inline(__always)
  static func saturatingProduct(_ left: UInt128, _ right: UInt128) -> UInt128 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
  }
}
