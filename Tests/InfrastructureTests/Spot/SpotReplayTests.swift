import Infrastructure
import Kernel
import TestSupport
import Testing

@Suite("Replayed spot traces are the traces")
struct SpotReplayTests {
  /// Plays a market from `offset` once round: the time with at least so many nodes, and how often they were
  /// lost, the seam between the trace's end and its beginning told apart.
  private static func play(_ trace: SpotTrace, nodes: Int, offset: Ticks) -> (held: Ticks, losses: Int) {
    var market = TracedMarket([trace], prices: [], offset: offset)
    let end = trace.duration
    var (now, held, losses) = (Ticks.zero, Ticks.zero, 0)
    while now < end {
      let had = market.capacity(in: 0) >= nodes
      let told = market.noticeTime(in: 0, nodes: nodes, notice: .zero, now: now)
      let next = min(market.nextChange, end)
      if had { held += next - now }
      now = next
      market.advance(to: now)
      let isLost = had && market.capacity(in: 0) < nodes
      // Whoever holds nodes is told of every loss, and of nothing else.
      if had { #expect((told == now) == isLost) }
      if isLost { losses += 1 }
    }
    return (held, losses)
  }

  @Test(
    "availability and losses of every trace, exactly, wherever in it a replication starts",
    .enabled(if: SharedData.folder != nil), arguments: SpotTraceTests.rows)
  func replay(row: SpotTraceTests.Row) throws {
    let trace = try SpotTraceTests.trace(row)
    for nodes in Set([1, row.most]).filter({ $0 > 0 }).sorted() {
      let last = trace.runs[trace.runs.count - 1].level
      let isSeam = last >= nodes && trace.runs[0].level < nodes
      for offset in [Ticks.zero, Ticks(seconds: 7 * 3600), Ticks(seconds: 123_456)] {
        let (held, losses) = Self.play(trace, nodes: nodes, offset: offset)
        let points = trace.runs.reduce(0) { $0 + ($1.level >= nodes ? $1.points : 0) }
        #expect(held == trace.gap * Int64(points), "\(nodes) nodes from \(offset)")
        #expect(losses == trace.losses(of: nodes) + (isSeam ? 1 : 0), "\(nodes) nodes from \(offset)")
      }
      let share =
        Double(Self.play(trace, nodes: nodes, offset: .zero).held.count) / Double(trace.duration.count)
      #expect(abs(share - (nodes == 1 ? row.some : row.full)) <= 0.5e-4)
    }
    #expect(trace.losses(of: 1) == row.losses)
  }

  @Test("all traces are replayed", .enabled(if: SharedData.folder != nil))
  func all() { #expect(SpotTraceTests.rows.count == 34) }
}
