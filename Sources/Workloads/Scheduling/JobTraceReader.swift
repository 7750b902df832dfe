import Kernel

/// How a recorded job trace is written.
public enum JobTraceFormat: String, Sendable, CaseIterable {
  /// A header and the columns `arrival_s, accelerators, duration_s` in any order, and where they are known
  /// `user`, `busy_ratio` (share of the time held in which the accelerators compute), `priority`,
  /// `estimate_s` (what its user said that it takes) and `deadline_s` (by when it should be done, on the
  /// clock of `arrival_s`).
  case table
  /// Pods of Alibaba's 2023 GPU cluster trace (cluster-trace-gpu-v2023, openb pods): one row a pod; users are
  /// its classes of service.
  case alibabaPods = "alibaba-pods"
  /// Philly arrivals as Gavel lays them out (stanford-futuredata/gavel, scheduler/traces/msr): tab-separated,
  /// with training steps in place of run times.
  case gavel
}

/// What a reader made of a trace.
public struct JobTrace: Sendable {
  /// In order of the rows; arrivals count from the earliest.
  public var jobs: [Job]
  /// Names of the users, queues or classes, by index.
  public var users: [String]
  /// Rows that are no jobs of accelerators, or that never ran.
  public var skipped: Int
}

/// Reads job traces; faults name their line, up to twenty of them.
public struct JobTraceReader {
  private static let faultLimit = 20
  private static let longestSpan = 2e8
  private static let acceleratorLimit = 1_000_000.0
  private var rows: [Row] = []
  private var users: [String] = []
  private var skipped = 0
  private var faults: [TraceFault] = []
  private let stepTime: Double

  private struct Row {
    var arrival: Double
    var duration: Double
    var request: JobRequest
    var user: Int
    var extras = Extras()
  }

  /// What a table may tell beside what it must.
  private struct Extras {
    var busyShare: Double?
    var priority = 0
    var estimate: Double?
    var deadline: Double?
  }

  /// - Parameters:
  ///   - bytes: plain or gzip.
  ///   - stepTime: seconds of a training step, for `gavel`, which counts steps.
  /// - Complexity: O(bytes).
  public static func read(
    _ bytes: [UInt8], format: JobTraceFormat, stepTime: Double = 1
  ) -> Result<JobTrace, TraceFaults> {
    var plain = bytes
    if Gzip.isGzip(bytes) {
      guard let inflated = Gzip.inflate(bytes) else {
        return .failure(
          TraceFaults([TraceFault(line: 1, message: "the gzip stream is damaged or larger than 512 MiB")]))
      }
      plain = inflated
    }
    var reader = JobTraceReader(stepTime: stepTime)
    plain.withUnsafeBufferPointer { reader.readLines(Slice(base: $0, bounds: 0..<$0.count), format) }
    if reader.faults.isEmpty && reader.rows.isEmpty { reader.fail(1, "the trace holds no jobs") }
    return reader.faults.isEmpty ? .success(reader.trace()) : .failure(TraceFaults(reader.faults))
  }

  private init(stepTime: Double) { self.stepTime = stepTime }

  private func trace() -> JobTrace {
    let first = rows.reduce(Double.infinity) { min($0, $1.arrival) }
    let jobs = rows.map { row in
      Job(
        arrival: Ticks(seconds: row.arrival - first), request: row.request,
        duration: Ticks(seconds: row.duration), estimate: row.extras.estimate.map { Ticks(seconds: $0) },
        user: row.user, priority: row.extras.priority,
        deadline: row.extras.deadline.map { Ticks(seconds: $0 - first) } ?? .never,
        busyShare: row.extras.busyShare)
    }
    return JobTrace(jobs: jobs, users: users, skipped: skipped)
  }

  private mutating func fail(_ line: Int, _ message: String) {
    if faults.count < Self.faultLimit { faults.append(TraceFault(line: line, message: message)) }
  }

  private mutating func readLines(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ format: JobTraceFormat) {
    var rest = TableCell(bytes)
    var columns: [Int]?
    var cells: [TableCell] = []
    var line = 0
    while let text = rest.cut(at: UInt8(ascii: "\n")) {
      line += 1
      if text.trimmed.isEmpty || faults.count == Self.faultLimit { continue }
      if format == .gavel {
        readGavel(text, line)
        continue
      }
      text.split(into: &cells)
      if let columns {
        readRow(cells, columns, format, line)
      } else {
        columns = header(cells, Self.columns(of: format), line)
        if columns == nil { return }
      }
    }
  }

  private static func columns(of format: JobTraceFormat) -> [(name: StaticString, isNeeded: Bool)] {
    format == .alibabaPods
      ? [
        ("creation_time", true), ("num_gpu", true), ("deletion_time", true), ("qos", true),
        ("gpu_milli", true),
        ("scheduled_time", true),
      ]
      : [
        ("arrival_s", true), ("accelerators", true), ("duration_s", true), ("user", false),
        ("busy_ratio", false), ("priority", false), ("estimate_s", false),
        ("deadline_s", false),
      ]
  }

  private mutating func header(
    _ cells: [TableCell], _ wanted: [(name: StaticString, isNeeded: Bool)], _ line: Int
  ) -> [Int]? {
    let places = wanted.map { column in cells.firstIndex { $0.trimmed.equals(column.name) } ?? -1 }
    for (place, column) in zip(places, wanted) where place < 0 && column.isNeeded {
      fail(line, "the header has no column '\(column.name)'")
    }
    return faults.isEmpty ? places : nil
  }

  private mutating func readRow(
    _ cells: [TableCell], _ columns: [Int], _ format: JobTraceFormat, _ line: Int
  ) {
    func cell(_ index: Int) -> TableCell? {
      columns[index] >= 0 && columns[index] < cells.count ? cells[columns[index]].trimmed : nil
    }
    let name = cell(3)?.text ?? ""
    if format == .table {
      guard let extras = extras((4...7).map(cell), line) else { return }
      return append(line, cell(0)?.number, cell(1)?.number, cell(2)?.number, 1000, name, extras)
    }
    // A pod without accelerators, or one that was never scheduled, is no job of the cluster's.
    if cell(1)?.number == 0 || cell(5)?.isEmpty != false {
      skipped += 1
      return
    }
    guard let end = cell(2)?.number, let start = cell(5)?.number else {
      return fail(line, "expected the times of scheduling and deletion as numbers")
    }
    append(line, cell(0)?.number, cell(1)?.number, max(end - start, 0), cell(4)?.number, name)
  }

  /// `nil` after a fault; an empty cell says nothing.
  private mutating func extras(_ cells: [TableCell?], _ line: Int) -> Extras? {
    var extras = Extras()
    let (busy, priority, estimate, deadline) = (cells[0], cells[1], cells[2], cells[3])
    if let busy, !busy.isEmpty {
      guard let share = busy.number, share >= 0, share <= 1 else {
        fail(line, "expected a busy_ratio from 0 to 1")
        return nil
      }
      extras.busyShare = share
    }
    if let priority, !priority.isEmpty {
      guard let number = priority.number, abs(number) <= 1e6, number == number.rounded() else {
        fail(line, "expected a whole priority within a million of 0")
        return nil
      }
      extras.priority = Int(number)
    }
    if let estimate, !estimate.isEmpty {
      guard let seconds = estimate.number, seconds >= 0, seconds <= Self.longestSpan else {
        fail(line, "expected an estimate_s from 0 to 2e8 s")
        return nil
      }
      extras.estimate = seconds
    }
    if let deadline, !deadline.isEmpty {
      guard let seconds = deadline.number, abs(seconds) <= Self.longestSpan else {
        fail(line, "expected a deadline_s within 2e8 s of time 0")
        return nil
      }
      extras.deadline = seconds
    }
    return extras
  }

  private mutating func readGavel(_ text: TableCell, _ line: Int) {
    var rest = text
    var cells: [TableCell] = []
    while let cell = rest.cut(at: 9) { cells.append(cell.trimmed) }
    guard cells.count >= 7 else {
      return fail(line, "expected seven cells between tabs, found \(cells.count)")
    }
    let duration = cells[4].number.map { $0 * stepTime }
    append(line, cells[5].number, cells[6].number, duration, 1000, cells[0].text)
  }

  private mutating func append(
    _ line: Int, _ arrival: Double?, _ count: Double?, _ duration: Double?, _ milli: Double?, _ user: String,
    _ extras: Extras = Extras()
  ) {
    guard let arrival, abs(arrival) <= Self.longestSpan else {
      return fail(line, "expected an arrival within 2e8 s of time 0")
    }
    guard let duration, duration >= 0, duration <= Self.longestSpan else {
      return fail(line, "expected a duration from 0 to 2e8 s")
    }
    guard let count, count >= 1, count <= Self.acceleratorLimit, count == count.rounded() else {
      return fail(line, "expected a whole number of accelerators from 1 to 1000000")
    }
    guard let milli, milli >= 1, milli <= 1000 else {
      return fail(line, "expected a share from 1 to 1000 thousandths")
    }
    let index = users.firstIndex(of: user) ?? users.count
    if index == users.count {
      if users.count == 4096 { return fail(line, "there are more than 4096 users") }
      users.append(user)
    }
    rows.append(
      Row(
        arrival: arrival, duration: duration,
        request: JobRequest(accelerators: Int(count), milli: Int(milli)),
        user: index, extras: extras))
  }
}
