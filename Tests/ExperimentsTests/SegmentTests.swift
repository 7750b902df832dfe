import Foundation
import Testing

@testable import Experiments

/// The file that results are added to, whatever was torn or damaged in it.
@Suite("Segments of results")
struct SegmentTests {
  static let identity = String(repeating: "ab", count: 32)

  static func key(_ number: Int) -> SweepKey { SweepKey(words: (UInt64(number), 2, 3, .max)) }

  /// A segment of three records, and where each ends.
  static func bytes() -> (bytes: [UInt8], ends: [Int]) {
    var bytes = Segment.header(identity: identity)
    var ends: [Int] = []
    for (number, length) in [0, 1, 300].enumerated() {
      bytes += Segment.record(
        index: number * 10, key: key(number), payload: (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) })
      ends.append(bytes.count)
    }
    return (bytes, ends)
  }

  static func read(_ bytes: [UInt8]) throws -> (entries: [Segment.Entry], lost: Int) {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var entries: [Segment.Entry] = []
    let end = try #require(
      Segment.read(file.path, number: 4) { identity, entry in
        #expect(identity == Self.identity)
        entries.append(entry)
      })
    for entry in entries {
      let payload = try SweepStore.payload(at: entry.place, in: file.path)
      #expect(payload == (0..<payload.count).map { UInt8(truncatingIfNeeded: $0 * 7) })
    }
    return (entries, end.lost)
  }

  @Test("the checksum is CRC-32 of the standard")
  func checksum() {
    #expect(Checksum.crc32(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(Checksum.crc32([]) == 0)
  }

  @Test("cut at any byte, a segment gives the records before the cut and counts the rest")
  func torn() throws {
    let (bytes, ends) = Self.bytes()
    for length in 0...bytes.count {
      let (entries, lost) = try Self.read(Array(bytes.prefix(length)))
      let whole = ends.filter { $0 <= length }
      #expect(entries.map(\.index) == whole.indices.map { $0 * 10 }, "\(length) bytes")
      #expect(entries.map(\.key) == whole.indices.map(Self.key))
      #expect(lost == (length < Segment.headerBytes ? length : length - (whole.last ?? Segment.headerBytes)))
    }
  }

  @Test("a damaged byte costs the record that it is in, and in a record's length what follows too")
  func damaged() throws {
    let (bytes, ends) = Self.bytes()
    let starts = [Segment.headerBytes] + ends.dropLast()
    for place in Segment.headerBytes..<bytes.count {
      var damaged = bytes
      damaged[place] ^= 0x40
      let (entries, lost) = try Self.read(damaged)
      let hit = ends.count { $0 <= place }
      let isOfLength = place - starts[hit] < 4
      let left = ends.indices.filter { $0 < hit || ($0 > hit && !isOfLength) }
      #expect(entries.map(\.index) == left.map { $0 * 10 }, "byte \(place)")
      #expect(lost == bytes.count - Segment.headerBytes - left.reduce(0) { $0 + ends[$1] - starts[$1] })
    }
  }

  @Test("a result reads back as it was, unknown values and awkward words too")
  func roundTrip() throws {
    var row = MetricRow(
      design: "a", workload: "", replication: nil, metric: "ttft_s", statistic: "p99.9", value: 0.1 + 0.2,
      unit: "s", low: nil, high: -1e-300)
    row.messageBytes = 1 << 40
    let unknown = MetricRow(
      design: "b", workload: "w/x", replication: 3, metric: "m", statistic: "value", value: nil, unit: "")
    var result = SweepPointResult(
      index: 7, values: [.number(1 / 3), .text("a b"), .text("")],
      results: RunResults(
        manifest: Manifest(
          scenario: "s", scenarioHash: "h", seed: .max, replications: 1, version: "v", catalogHash: "c",
          complete: false, stoppedBy: "the end of time"), designs: [], rows: [row, unknown], verdicts: [],
        series: [], costs: [], requests: [], timeline: [], notes: ["one", "two · three"]),
      keepsReplications: true)
    result.verdicts = [.init(design: "a", judged: 2, held: 1)]
    #expect(SweepPointResult(encoded: result.encoded) == result)
    let bytes = result.encoded
    for length in 0..<bytes.count { _ = SweepPointResult(encoded: Array(bytes.prefix(length))) }
  }

  @Test("numbers of points are told as ranges")
  func ranges() {
    #expect(SweepMerge.ranges([]) == "")
    #expect(SweepMerge.ranges([3, 4, 5, 9, 11, 12]) == "3-5, 9, 11-12")
    #expect(SweepMerge.ranges([1, 3, 5, 7, 8], atMost: 2) == "1, 3 and 3 more")
  }
}
