/// A physical dimension held as one `Double` in a fixed base unit.
///
/// The wrapper costs nothing at run time; it exists so that bytes are never added to seconds. Only
/// the operations that mean something are defined: same-dimension sums, scaling by a pure number,
/// and the named conversions between dimensions in `Conversions.swift`.
public protocol Dimension: Comparable, Hashable, Sendable, CustomStringConvertible {
  /// The magnitude in the dimension's base unit.
  var value: Double { get }
  /// Wraps a magnitude given in the base unit.
  init(_ value: Double)
  /// The base unit as it is printed, such as `s` or `B/s`.
  static var unit: String { get }
}

extension Dimension {
  @inlinable public static var zero: Self { Self(0) }
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
  @inlinable public static func + (left: Self, right: Self) -> Self { Self(left.value + right.value) }
  @inlinable public static func - (left: Self, right: Self) -> Self { Self(left.value - right.value) }
  @inlinable public static func += (left: inout Self, right: Self) { left = left + right }
  @inlinable public static func * (left: Self, factor: Double) -> Self { Self(left.value * factor) }
  @inlinable public static func * (factor: Double, right: Self) -> Self { Self(factor * right.value) }
  @inlinable public static func / (left: Self, divisor: Double) -> Self { Self(left.value / divisor) }
  /// The ratio of two magnitudes of one dimension, a pure number.
  @inlinable public static func / (left: Self, right: Self) -> Double { left.value / right.value }
  public var description: String { "\(value) \(Self.unit)" }
}

/// A span of time [s].
@frozen public struct Seconds: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "s"
}

/// An amount of data [B]. Fractions occur in derived sizes such as bytes per weight.
@frozen public struct Bytes: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "B"
}

/// A data rate [B/s].
@frozen public struct BytesPerSecond: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "B/s"
}

/// An amount of arithmetic [FLOP]; a multiply-add counts as two.
@frozen public struct Flops: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "FLOP"
}

/// An arithmetic rate [FLOP/s].
@frozen public struct FlopsPerSecond: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "FLOP/s"
}

/// Electrical power [W].
@frozen public struct Watts: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "W"
}

/// Energy [J]. `kilowattHours` is how bills count it.
@frozen public struct Joules: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "J"
  @inlinable public var kilowattHours: Double { value / 3.6e6 }
}

/// A mass [kg].
@frozen public struct Kilograms: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "kg"
}

/// A rate of events [1/s], such as requests per second.
@frozen public struct PerSecond: Dimension {
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  public static let unit = "1/s"
}

@inlinable public func / (data: Bytes, rate: BytesPerSecond) -> Seconds { Seconds(data.value / rate.value) }
@inlinable public func / (data: Bytes, time: Seconds) -> BytesPerSecond {
  BytesPerSecond(data.value / time.value)
}
@inlinable public func * (rate: BytesPerSecond, time: Seconds) -> Bytes { Bytes(rate.value * time.value) }
@inlinable public func / (work: Flops, rate: FlopsPerSecond) -> Seconds { Seconds(work.value / rate.value) }
@inlinable public func * (power: Watts, time: Seconds) -> Joules { Joules(power.value * time.value) }
