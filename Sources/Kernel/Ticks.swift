/// A point in simulated time, or a span between two points, in sixteenths of a nanosecond.
///
/// Time is an integer so that event order never depends on rounding and so that leaping over a
/// thousand steps lands on the same tick as walking them. A sixteenth of a nanosecond (62.5 ps, an
/// exact decimal) resolves single kernels and still reaches 18 years in 64 bits; picoseconds would
/// end after 106 days, too short for a run over years.
@frozen public struct Ticks: Comparable, Hashable, Sendable, CustomStringConvertible {
  /// Sixteenths of a nanosecond.
  public var count: Int64

  @inlinable public init(_ count: Int64) { self.count = count }

  /// Ticks in one second.
  @inlinable public static var perSecond: Int64 { 16_000_000_000 }

  /// The nearest tick to `seconds`. Magnitudes past the range (±18 years) are clamped to it.
  @inlinable public init(seconds: Double) {
    precondition(!seconds.isNaN, "a time is a number")
    let scaled = (seconds * 16e9).rounded()
    count = scaled >= 9.2e18 ? .max : scaled <= -9.2e18 ? .min : Int64(scaled)
  }

  @inlinable public var seconds: Double { Double(count) / 16e9 }

  @inlinable public static var zero: Ticks { Ticks(0) }
  /// Later than every event; stands for "never".
  @inlinable public static var never: Ticks { Ticks(.max) }
  @inlinable public static func < (left: Ticks, right: Ticks) -> Bool { left.count < right.count }
  @inlinable public static func + (left: Ticks, right: Ticks) -> Ticks { Ticks(left.count + right.count) }
  @inlinable public static func - (left: Ticks, right: Ticks) -> Ticks { Ticks(left.count - right.count) }
  @inlinable public static func += (left: inout Ticks, right: Ticks) { left.count += right.count }
  @inlinable public static func -= (left: inout Ticks, right: Ticks) { left.count -= right.count }
  @inlinable public static func * (left: Ticks, factor: Int64) -> Ticks { Ticks(left.count * factor) }

  /// That much later; `.never` past the range of time.
  @inlinable public func later(by span: Ticks) -> Ticks {
    let (sum, isOver) = count.addingReportingOverflow(span.count)
    return isOver ? .never : Ticks(sum)
  }

  public var description: String { "\(seconds) s" }
}
