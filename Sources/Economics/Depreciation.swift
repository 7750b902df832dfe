import Quantities

/// How the price of what is bought is written off over its life.
public enum Depreciation: String, Sendable, Hashable, CaseIterable {
  /// The same in every month.
  case straightLine = "straight-line"
  /// Twice the straight-line rate on what is left of the price, until the straight line over the rest of the
  /// life takes more (double-declining balance). Never below the residual value.
  case declining

  /// What is written off of a price of 1 by the end of each month of its life, from 0 to `1 - residual`.
  ///
  /// - Parameters:
  ///   - life: positive; its last month may be a part of one.
  ///   - residual: share of the price that is left, 0...1.
  /// - Returns: one number more than the life has months, begun ones counted.
  /// - Complexity: O(months).
  public func writtenOff(life: Seconds, residual: Double) -> [Double] {
    let months = life.value / Calendar.secondsPerMonth
    let count = max(1, Int((months - 1e-9).rounded(.up)))
    let goal = 1 - residual
    var written = [0.0]
    for month in 0..<count {
      let share = min(1, months - Double(month))
      let left = months - Double(month)
      let value = 1 - written[month]
      let straight = (value - residual) / left
      let step =
        switch self {
        case .straightLine: goal / months
        case .declining: min(max(2 / months * value, straight), (value - residual) / share)
        }
      written.append(min(goal, written[month] + step * share))
    }
    written[count] = goal
    return written
  }

  /// What of a price of 1 is written off at that age.
  public func share(at age: Seconds, life: Seconds, residual: Double) -> Double {
    WriteOff(self, life: life, residual: residual).share(at: age)
  }
}

/// The write-off of a price over time, read at any age.
struct WriteOff: Sendable {
  private let written: [Double]
  private let months: Double

  init(_ method: Depreciation, life: Seconds, residual: Double) {
    written = method.writtenOff(life: life, residual: residual)
    months = life.value / Calendar.secondsPerMonth
  }

  /// What of a price of 1 is written off at that age; even within a month.
  func share(at age: Seconds) -> Double {
    let position = age.value / Calendar.secondsPerMonth
    if position <= 0 { return 0 }
    if position >= months { return written[written.count - 1] }
    let month = min(Int(position), written.count - 2)
    let length = min(1, months - Double(month))
    return written[month] + (written[month + 1] - written[month]) * (position - Double(month)) / length
  }
}
