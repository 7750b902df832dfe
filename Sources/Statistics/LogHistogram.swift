/// A mergeable histogram of non-negative integers with buckets whose width is 1/128 of their value.
///
/// Values below 128 are exact; above, a bucket holds values that agree in their eight leading bits, so a
/// quantile is off by at most 0.4 %. Count, sum, minimum and maximum are exact. Merging is addition: it
/// commutes
/// and associates, so results do not depend on the order in which runs finish. (The layout is that of
/// HdrHistogram by Gil Tene.)
public struct LogHistogram: Sendable, Equatable {
  @usableFromInline var counts: [Int64] = []
  public private(set) var count: Int64 = 0
  @usableFromInline var low: Int64 = .max
  @usableFromInline var high: Int64 = .min
  public private(set) var sum: Int128 = 0

  public init() {}

  /// The smallest value recorded.
  public var min: Int64? { count == 0 ? nil : low }
  /// The largest value recorded.
  public var max: Int64? { count == 0 ? nil : high }
  public var mean: Double? { count == 0 ? nil : Double(sum) / Double(count) }

  /// Records one value. Negative values are a programming error.
  ///
  /// - Complexity: O(1), about a nanosecond.
  public mutating func record(_ value: Int64) { record(value, count: 1) }

  /// Records a value `count` times.
  public mutating func record(_ value: Int64, count times: Int64) {
    precondition(value >= 0 && times >= 0, "a histogram holds non-negative values")
    if times == 0 { return }
    add(times, to: LogHistogram.index(of: value))
    low = Swift.min(low, value)
    high = Swift.max(high, value)
    count += times
    sum += Int128(value) * Int128(times)
  }

  /// Records `first`, `first + step`, … (`terms` values), each `weight` times; equal to recording them
  /// one by one.
  ///
  /// - Complexity: O(buckets touched).
  public mutating func recordProgression(first: Int64, step: Int64, terms: Int64, weight: Int64) {
    precondition(first >= 0 && step >= 0 && terms >= 0 && weight >= 0, "a progression of non-negative values")
    if terms == 0 || weight == 0 { return }
    if step == 0 { return record(first, count: terms * weight) }
    let last = first + step * (terms - 1)
    var value = first
    var left = terms
    while left > 0 {
      let index = LogHistogram.index(of: value)
      let inside = Swift.min(left, (LogHistogram.upperBound(of: index) - value) / step + 1)
      add(inside * weight, to: index)
      left -= inside
      value += step * inside
    }
    low = Swift.min(low, first)
    high = Swift.max(high, last)
    count += terms * weight
    sum += (Int128(first) + Int128(last)) * Int128(terms) / 2 * Int128(weight)
  }

  /// Adds everything that another histogram recorded. Complexity: O(buckets).
  public mutating func merge(_ other: LogHistogram) {
    if other.count == 0 { return }
    if other.counts.count > counts.count { grow(to: other.counts.count) }
    for index in other.counts.indices { counts[index] += other.counts[index] }
    low = Swift.min(low, other.low)
    high = Swift.max(high, other.high)
    count += other.count
    sum += other.sum
  }

  /// The smallest recorded value that at least `q` of all values do not exceed, to the width of its
  /// bucket (its
  /// middle is returned, never outside the extremes). `nil` when nothing was recorded.
  public func quantile(_ q: Double) -> Double? {
    precondition(q >= 0 && q <= 1, "a quantile lies between 0 and 1")
    if count == 0 { return nil }
    let rank = Swift.max(1, Int64((q * Double(count)).rounded(.up)))
    if rank == count { return Double(high) }
    var seen: Int64 = 0
    for index in counts.indices {
      seen += counts[index]
      if seen >= rank {
        let bounds = (LogHistogram.lowerBound(of: index), LogHistogram.upperBound(of: index))
        let middle = (Double(bounds.0) + Double(bounds.1)) / 2
        return Swift.min(Double(high), Swift.max(Double(low), middle))
      }
    }
    return Double(high)
  }

  /// Standard deviation from the buckets' middles; the bucket width bounds its error to 0.4 %.
  public var standardDeviation: Double? {
    guard count > 1, let mean else { return nil }
    var squares = 0.0
    forEachBucket { lower, upper, times in
      let middle = (Double(lower) + Double(upper)) / 2 - mean
      squares += middle * middle * Double(times)
    }
    return (squares / Double(count - 1)).squareRoot()
  }

  /// Visits the non-empty buckets upwards: smallest and largest value they may hold, and their count.
  public func forEachBucket(_ body: (_ lower: Int64, _ upper: Int64, _ count: Int64) -> Void) {
    for index in counts.indices where counts[index] > 0 {
      body(LogHistogram.lowerBound(of: index), LogHistogram.upperBound(of: index), counts[index])
    }
  }

  // MARK: Buckets

  /// 0...127 hold themselves; from there each octave has 128 buckets.
  @inline(__always) static func index(of value: Int64) -> Int {
    if value < 128 { return Int(value) }
    let shift = 56 - value.leadingZeroBitCount
    return Int(shift) * 128 + Int(value >> Int64(shift))
  }

  static func lowerBound(of index: Int) -> Int64 {
    if index < 256 { return Int64(index) }
    let shift = Int64(index / 128 - 1)
    return Int64(index % 128 + 128) << shift
  }

  static func upperBound(of index: Int) -> Int64 {
    if index < 256 { return Int64(index) }
    let shift = Int64(index / 128 - 1)
    return (Int64(index % 128 + 128) << shift) + ((1 << shift) - 1)
  }

  private mutating func add(_ times: Int64, to index: Int) {
    if index >= counts.count { grow(to: index + 1) }
    counts[index] += times
  }

  private mutating func grow(to size: Int) {
    counts.append(contentsOf: repeatElement(0, count: Swift.max(size, counts.count + 64) - counts.count))
  }

  public static func == (left: LogHistogram, right: LogHistogram) -> Bool {
    guard left.count == right.count, left.sum == right.sum else { return false }
    if left.count == 0 { return true }
    guard left.low == right.low, left.high == right.high else { return false }
    let shared = Swift.min(left.counts.count, right.counts.count)
    return left.counts[..<shared] == right.counts[..<shared]
      && left.counts[shared...].allSatisfy { $0 == 0 } && right.counts[shared...].allSatisfy { $0 == 0 }
  }
}
