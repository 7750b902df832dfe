import Kernel

/// The average over time of a number that jumps, over one or more episodes of a run.
struct TimeAverage {
  private var value = 0.0
  private var since = 0.0
  private var area = 0.0
  /// Of all episodes together [s].
  private(set) var time = 0.0

  /// An episode starts at `time` [s]; what was before it does not count.
  mutating func begin(_ value: Double, at time: Double) {
    self.value = value
    since = time
  }

  /// The number is `value` from `time` on.
  mutating func set(_ value: Double, at time: Double) {
    area += self.value * (time - since)
    self.time += time - since
    self.value = value
    since = time
  }

  /// The average over all episodes up to the last call of `set`.
  var average: Double { area / time }
}
