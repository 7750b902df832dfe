import Catalog
import Scenario
import Workloads

/// Reads what benchmark clients write. The format is told from the content, never from the name.
public enum MeasurementReader {
  /// Reads a file, plain or gzip.
  /// - Returns: its runs in the order of the file, at least one; or every fault.
  public static func read(path: String) -> Result<[BenchmarkRun], FaultReport> {
    switch NamedFiles.contents(of: path, limit: 512 << 20) {
    case .failure(let failure): failed(path, failure.message)
    case .success(let bytes): read(bytes: bytes, file: path)
    }
  }

  /// Reads the bytes of a file of that name.
  /// - Complexity: O(bytes).
  public static func read(bytes: [UInt8], file: String) -> Result<[BenchmarkRun], FaultReport> {
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
    let runs = parse(plain, file: file, &faults)
    if runs.isEmpty && faults.faults.isEmpty {
      faults.add(line: 1, "the file holds no run of a benchmark", help: knownFormats)
    }
    guard faults.faults.isEmpty else {
      return .failure(FaultReport(faults: faults.faults, text: text, file: file))
    }
    return .success(runs)
  }

  private static func failed(_ file: String, _ message: String) -> Result<[BenchmarkRun], FaultReport> {
    let fault = Fault(file: file, line: 0, column: 0, message: message)
    return .failure(FaultReport(faults: [fault], text: "", file: file))
  }

  private static let knownFormats =
    "known are " + MeasurementFormat.allCases.map(\.rawValue).joined(separator: "; ")

  private static func parse(_ bytes: [UInt8], file: String, _ faults: inout ReportFaults) -> [BenchmarkRun] {
    let first = bytes.first { ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains($0) }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      switch JSONDocuments.read(bytes) {
      case .failure(let problem):
        faults.add(line: problem.line, column: problem.column, problem.message)
        return []
      case .success(let documents): return runs(documents, file: file, &faults)
      }
    }
    let table = MeasurementTable(bytes)
    if let header = table.rows.first?.cells {
      if header.first == "Metric" { return AIPerfTable.runs(table, file: file, &faults) }
      if Set(["run_id", "metric", "value"]).isSubset(of: header) {
        return CampaignTable.runs(table, file: file, &faults)
      }
    }
    return yaml(bytes, file: file, &faults)
  }

  private static func yaml(_ bytes: [UInt8], file: String, _ faults: inout ReportFaults) -> [BenchmarkRun] {
    switch WrittenReader.read(bytes, file: file) {
    case .success((let written, _)) where written.members != nil:
      return runs([ReportNode(written)], file: file, &faults)
    case .failure(let report) where bytes.starts(with: "results:".utf8) || bytes.starts(with: "run:".utf8):
      for fault in report.faults { faults.add(line: fault.line, column: fault.column, fault.message) }
    default: faults.add(line: 1, "the format is not known", help: knownFormats)
    }
    return []
  }

  private static func runs(
    _ documents: [ReportNode], file: String, _ faults: inout ReportFaults
  ) -> [BenchmarkRun] {
    // A list of results is a way to keep several.
    let documents = documents.flatMap { $0.items ?? [$0] }
    if let first = documents.first, AIPerfRecords.isRecord(first) {
      return AIPerfRecords.runs(documents, file: file, &faults)
    }
    var runs: [BenchmarkRun] = []
    for (index, document) in documents.enumerated() {
      let name = documents.count == 1 ? file : "\(file), run \(index + 1)"
      if VLLMBench.isResult(document) {
        runs += VLLMBench.run(document, name: name, &faults).map { [$0] } ?? []
      } else if document["benchmarks"]?.items != nil {
        runs += GuideLLM.runs(document, name: name, &faults)
      } else if document["results"] != nil && document["version"] != nil {
        runs += LLMDReport.run(document, name: name, &faults).map { [$0] } ?? []
      } else if document["input_config"] != nil || document["time_to_first_token"] != nil {
        faults.add(
          document, "AIPerf's summary in JSON does not say when requests were sent",
          help: "give the profile_export.jsonl that stands beside it")
      } else {
        faults.add(document, "the format is not known", help: knownFormats)
      }
    }
    return runs
  }
}

/// The rows of a file of comma-separated values, with the lines they stand on.
struct MeasurementTable {
  struct Row {
    var line: Int
    var cells: [String]
  }

  /// Without empty lines.
  private(set) var rows: [Row] = []

  init(_ bytes: [UInt8]) {
    var line = 0
    let content = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    content.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { cells in
        line += 1
        if cells != [""] { rows.append(Row(line: line, cells: cells)) }
        // A quoted cell may span lines.
        line += cells.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: "\n") } }
      }
    }
  }
}
