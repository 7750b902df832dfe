import Foundation
import Scenario
import Workloads

/// Reads results that `run --out`, `sweep --out` or a baseline left: folders, `summary.json`, tidy CSV, plain
/// or gzip. Mistakes of a file come with their lines, all at once.
public enum ResultReader {
  /// The columns of a tidy table; every other is one of the point.
  public static let columns = [
    "run_id", "design", "workload", "replication", "metric", "statistic", "value", "unit", "ci_low",
    "ci_high",
  ]
  static let largestFile = 512 << 20

  /// Reads a file, or the `summary.json` or else the `metrics.csv` of a folder.
  ///
  /// - Complexity: O(bytes).
  public static func read(path: String) -> Result<ResultSet, FaultReport> {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return failed(path, "there is no such file or folder")
    }
    if !isFolder.boolValue { return readFile(path, named: path) }
    let place = path.hasSuffix("/") ? path : path + "/"
    // The summary knows whether the run came to its end.
    for name in ["summary.json", "metrics.csv"] where FileManager.default.fileExists(atPath: place + name) {
      return readFile(place + name, named: path)
    }
    return failed(
      path, "the folder holds neither summary.json nor metrics.csv; `dryrack run --out` writes them")
  }

  private static func readFile(_ path: String, named name: String) -> Result<ResultSet, FaultReport> {
    switch NamedFiles.contents(of: path, limit: largestFile) {
    case .failure(let failure): return failed(path, failure.message)
    case .success(let bytes):
      return read(bytes: bytes, file: path).map { set in
        var set = set
        set.name = name
        return set
      }
    }
  }

  /// Reads the bytes of a file of that name.
  ///
  /// - Complexity: O(bytes).
  public static func read(bytes: [UInt8], file: String) -> Result<ResultSet, FaultReport> {
    var plain = bytes
    if Gzip.isGzip(bytes) {
      guard let inflated = Gzip.inflate(bytes) else {
        return failed(file, "the gzip stream is damaged or larger than 512 MiB")
      }
      plain = inflated
    }
    guard let text = String(validating: plain, as: UTF8.self) else {
      return failed(file, "the file is not valid UTF-8")
    }
    var faults = ReportFaults(file: file)
    let first = plain.first { ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains($0) }
    let set =
      first == UInt8(ascii: "{") ? summary(plain, file, &faults) : table(plain, file, &faults)
    if set.rows.isEmpty && faults.faults.isEmpty {
      faults.add(line: 1, "the file holds no row of results")
    }
    guard faults.faults.isEmpty else {
      return .failure(FaultReport(faults: faults.faults, text: text, file: file))
    }
    return .success(set)
  }

  static func failed(_ file: String, _ message: String) -> Result<ResultSet, FaultReport> {
    let fault = Fault(file: file, line: 0, column: 0, message: message)
    return .failure(FaultReport(faults: [fault], text: "", file: file))
  }

  // MARK: summary.json

  private static func summary(
    _ bytes: [UInt8], _ file: String, _ faults: inout ReportFaults
  ) -> ResultSet {
    var set = ResultSet(name: file, pointColumns: [], rows: [])
    switch JSONDocuments.read(bytes) {
    case .failure(let problem): faults.add(line: problem.line, column: problem.column, problem.message)
    case .success(let documents):
      guard let root = documents.first, let items = root["results"]?.items else {
        faults.add(line: 1, "the list `results` is missing", help: "a summary.json of `dryrack run` has it")
        return set
      }
      if case .flag(let complete)? = root.at("manifest", "complete")?.content { set.isComplete = complete }
      let hasMessages = items.contains { $0["message_bytes"] != nil }
      if hasMessages { set.pointColumns = ["message_bytes"] }
      for item in items {
        guard let row = row(item, hasMessages: hasMessages, &faults) else { continue }
        set.rows.append(row)
      }
    }
    return set
  }

  private static func row(
    _ item: ReportNode, hasMessages: Bool, _ faults: inout ReportFaults
  ) -> ResultSet.Row? {
    guard let design = item["design"]?.text, let metric = item["metric"]?.text,
      let statistic = item["statistic"]?.text
    else {
      faults.add(item, "a result names its design, metric and statistic")
      return nil
    }
    func number(_ name: String) -> Double? {
      guard let node = item[name] else { return nil }
      guard case .number(let value) = node.content, value.isFinite else {
        faults.add(node, "'\(name)' is a number or null")
        return nil
      }
      return value
    }
    let replication = number("replication")
    if let replication, Int(exactly: replication).map({ $0 >= 0 }) != true {
      faults.add(item, "'replication' is a whole number from 0")
      return nil
    }
    let message = hasMessages ? [number("message_bytes").flatMap { Int64(exactly: $0) }] : []
    return ResultSet.Row(
      run: item["run_id"]?.text ?? "", design: design, workload: item["workload"]?.text ?? "",
      point: message.map { $0.map { String($0) } ?? "" }, replication: replication.map { Int($0) },
      metric: metric, statistic: statistic, value: number("value"), unit: item["unit"]?.text ?? "",
      low: number("ci_low"), high: number("ci_high"))
  }
}
