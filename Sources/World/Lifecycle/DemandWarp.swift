import Kernel
import Scenario

/// Sends a steady stream of requests faster for a time: a clock that runs `factor` times as fast then.
///
/// Requests keep their order and what they ask for; surges that overlap multiply.
struct DemandWarp: Sendable {
  /// A stretch in which the clock keeps its speed: where it begins, by the clock and in the run [s].
  private struct Piece {
    var clock: Double
    var time: Double
    var factor: Double
  }

  private let pieces: [Piece]

  /// `nil` where nothing changes.
  init?(_ surges: [DemandSurge]) {
    if surges.isEmpty { return nil }
    let ends = surges.flatMap { [$0.start.seconds, ($0.start.later(by: $0.duration)).seconds] }
    var pieces = [Piece(clock: 0, time: 0, factor: Self.factor(at: 0, surges))]
    for time in Set(ends).sorted() where time > 0 {
      let last = pieces[pieces.count - 1]
      pieces.append(
        Piece(
          clock: last.clock + (time - last.time) * last.factor, time: time,
          factor: Self.factor(at: time, surges)))
    }
    self.pieces = pieces
  }

  private static func factor(at time: Double, _ surges: [DemandSurge]) -> Double {
    surges.reduce(1) { factor, surge in
      let isOn = surge.start.seconds <= time && time < surge.start.later(by: surge.duration).seconds
      return isOn ? factor * surge.factor : factor
    }
  }

  /// When in the run the clock shows a time. O(pieces).
  func time(of clock: Ticks) -> Ticks {
    let seconds = clock.seconds
    let piece = pieces.last { $0.clock <= seconds } ?? pieces[0]
    if piece.factor == 1 && piece.clock == piece.time { return clock }
    return Ticks(seconds: piece.time + (seconds - piece.clock) / piece.factor)
  }
}
