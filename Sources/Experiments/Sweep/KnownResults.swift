/// Results on disk that earlier starts of a sweep left, or other sweeps in the same folder.
struct KnownResults: Sendable {
  /// Of this very sweep, by the number of the point: what need not be written again.
  private var own: [Int: (key: SweepKey, place: Segment.Place)] = [:]
  /// By what was simulated, whatever sweep it was for: the same values give the same results.
  private var any: [SweepKey: Segment.Place] = [:]

  mutating func add(_ entry: Segment.Entry, isOfThisSweep: Bool) {
    any[entry.key] = entry.place
    if isOfThisSweep { own[entry.index] = (entry.key, entry.place) }
  }

  /// The result of a point as this sweep wrote it.
  func own(point index: Int, key: SweepKey) -> Segment.Place? {
    own[index].flatMap { $0.key == key ? $0.place : nil }
  }

  /// A result of the same simulation, which may have another number and other columns beside it.
  func alike(_ key: SweepKey) -> Segment.Place? { any[key] }
}
