import Quantities

/// The span that costs are reckoned over, in months of `Calendar`; the last one is what is left of it.
public struct Horizon: Sendable, Hashable {
  public var length: Seconds
  /// Months that have begun before its end.
  public var months: Int

  /// - Parameter length: not negative; of more than 1,000 years only those count.
  public init(_ length: Seconds) {
    let most = 12_000 * Calendar.secondsPerMonth
    let value = length.value.isFinite ? max(0, min(length.value, most)) : most
    self.length = Seconds(value)
    // A horizon of whole months must not gain one by rounding.
    months = Int((value / Calendar.secondsPerMonth - 1e-9).rounded(.up))
  }

  /// When a month begins.
  public func start(ofMonth month: Int) -> Seconds {
    Seconds(min(length.value, Double(month) * Calendar.secondsPerMonth))
  }

  /// When it ends: at the latest with the horizon.
  public func end(ofMonth month: Int) -> Seconds { start(ofMonth: month + 1) }

  /// Which month a time falls in; the last one at the horizon's end.
  public func month(of time: Seconds) -> Int {
    max(0, min(months - 1, Int((time.value / Calendar.secondsPerMonth + 1e-9).rounded(.down))))
  }

  /// How much of a whole month lies both in that month and between two times.
  public func share(ofMonth month: Int, from: Seconds = .zero, to: Seconds = Seconds(.infinity)) -> Double {
    let begin = max(from, start(ofMonth: month))
    let end = min(to, end(ofMonth: month))
    return max(0, (end - begin).value / Calendar.secondsPerMonth)
  }
}
