import Infrastructure
import Kernel
import Quantities
import Statistics
import TestSupport
import Testing

@Suite("Spot traces are read, measured and fitted")
struct SpotTraceTests {
  /// A row of the shared statistics: a file and what it holds.
  struct Row: Sendable, CustomStringConvertible {
    let file: String
    let points: Int
    let most: Int
    let some: Double
    let full: Double
    let losses: Int
    let meanUpHours: Double?
    var description: String { file }
  }

  static let rows: [Row] = (SharedData.rows("traces/spot_stats.csv") ?? []).compactMap { cells in
    guard cells.count == 10, let points = Int(cells[3]), let most = Double(cells[5]),
      let some = Double(cells[6]),
      let full = Double(cells[7]), let losses = Int(cells[8])
    else { return nil }
    return Row(
      file: cells[0], points: points, most: Int(most), some: some, full: full, losses: losses,
      meanUpHours: Double(cells[9]))
  }

  static func trace(_ row: Row) throws -> SpotTrace {
    try SpotTrace.read(try #require(SharedData.bytes("traces/spot/\(row.file)")))
  }

  @Test("the shared table has the traces this suite reads", .enabled(if: SharedData.folder != nil))
  func present() { #expect(Self.rows.count == 34) }

  @Test(
    "the statistics of every trace are those of the shared table", .enabled(if: SharedData.folder != nil),
    arguments: rows)
  func statistics(row: Row) throws {
    let trace = try Self.trace(row)
    #expect(trace.points == row.points && trace.levelMaximum == row.most && trace.losses(of: 1) == row.losses)
    #expect(abs(trace.availability(of: 1) - row.some) <= 0.5e-4)
    #expect(abs(trace.availability(of: row.most) - row.full) <= 0.5e-4)
    let hours = trace.meanUp(of: 1).map { $0.value / 3600 }
    #expect((hours == nil) == (row.meanUpHours == nil))
    if let hours, let known = row.meanUpHours { #expect(abs(hours - known) <= 0.5e-3) }
  }

  /// Availability and mean time between losses over a long run of a law, in independent pieces.
  private static func measure(_ law: CapacityLaw, nodes: Int, span: Seconds) -> (
    up: [Double], losses: [Double]
  ) {
    var up: [Double] = []
    var losses: [Double] = []
    for replication in 0..<150 {
      var market = StochasticMarket(zones: [law], seed: 9, replication: replication, entity: "market")
      let end = Ticks(seconds: span.value)
      var now = Ticks.zero
      var held = Ticks.zero
      var lost = 0
      while now < end {
        let before = market.capacity(in: 0)
        let next = min(market.nextChange, end)
        if before >= nodes { held += next - now }
        now = next
        market.advance(to: now)
        if before >= nodes && market.capacity(in: 0) < nodes { lost += 1 }
      }
      up.append(Double(held.count) / Double(end.count))
      losses.append(Double(lost) / span.value)
    }
    return (up, losses)
  }

  @Test(
    "fitted markets keep each trace's availability and its rate of losses, inside 99.9 % intervals",
    .enabled(if: SharedData.folder != nil), arguments: rows.filter { $0.losses >= 3 })
  func fits(row: Row) throws {
    let trace = try Self.trace(row)
    for nodes in Set([1, row.most]).sorted() {
      let losses = Self.ringLosses(trace, nodes)
      for law in [CapacityLaw.chain(CapacityChain(trace)), .fittedOnOff(trace, nodes: nodes)] {
        #expect(abs(law.availability(of: nodes) - trace.availability(of: nodes)) < 1e-12)
        let measured = Self.measure(law, nodes: nodes, span: Seconds(trace.duration.seconds))
        let up = try #require(studentInterval(measured.up, confidence: 0.999))
        #expect(up.contains(trace.availability(of: nodes)), "\(nodes) nodes: \(up)")
        let rate = try #require(studentInterval(measured.losses, confidence: 0.999))
        #expect(rate.contains(Double(losses) / trace.duration.seconds), "\(nodes) nodes: \(losses), \(rate)")
      }
    }
  }

  /// Losses of the trace as a ring, where one more may lie at the seam.
  private static func ringLosses(_ trace: SpotTrace, _ nodes: Int) -> Int {
    let isSeam = trace.runs[trace.runs.count - 1].level >= nodes && trace.runs[0].level < nodes
    return trace.losses(of: nodes) + (isSeam ? 1 : 0)
  }

  @Test("hostile files are faults in plain words")
  func faults() {
    let ones = Array(repeating: "1", count: 100).joined(separator: ",")
    let cases = [
      "", "[]", "{}", "{\"metadata\": 3, \"data\": [1]}", "{\"metadata\": {\"gap_seconds\": 300}}",
      "{\"metadata\": {\"gap_seconds\": -1}, \"data\": [1]}",
      "{\"metadata\": {\"gap_seconds\": 1e300}, \"data\": [1]}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": []}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [1, -1]}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [1, 0.5]}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [1, \"2\"]}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [1, 1e30]}",
      "{\"metadata\": {\"gap_seconds\": 300}, \"data\": [1, 2", "{\"data\": [1]}",
      "{\"metadata\": {\"gap_seconds\": 1e7}, \"data\": [\(ones)]}",
    ]
    for text in cases {
      #expect(throws: SpotTraceFault.self, "\(text.prefix(60))") { try SpotTrace.read(Array(text.utf8)) }
    }
    let good = Array("{\"metadata\": {\"gap_seconds\": 300}, \"data\": [0, 3, 3, 16]}".utf8)
    #expect((try? SpotTrace.read(good))?.runs.count == 3)
    var stream = RandomStream(seed: 1, replication: 0, entity: "files", purpose: "noise")
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0...stream.below(4) {
        bytes[Int(stream.below(UInt32(bytes.count)))] = UInt8(stream.below(256))
      }
      _ = try? SpotTrace.read(bytes)
    }
  }

  @Test("phase-type laws have the mean and variation asked for, and their residual the renewal mean")
  func phaseType() throws {
    for variation in [0.04, 0.3, 0.5, 0.99, 1, 1.7, 20] {
      let law = PhaseType(mean: Seconds(50), squaredVariation: variation)
      #expect(abs(law.mean.value - 50) < 1e-9)
      #expect(abs(law.squaredVariation - variation) < 1e-9 * max(1, variation), "\(variation)")
      #expect(abs(law.branches.reduce(0) { $0 + $1.weight } - 1) < 1e-12)
      var stream = RandomStream(seed: 6, replication: 0, entity: "law", purpose: "residual")
      let residual = (0..<40_000).map { _ in law.sampleResidual(&stream) }
      // E[X²] ÷ 2E[X], the mean residual life of renewal theory.
      let expected = 50 * (1 + variation) / 2
      let found = try #require(studentInterval(residual, confidence: 0.999))
      #expect(found.contains(expected), "\(variation): \(found)")
    }
  }
}
