import Experiments

extension RunResults {
  /// The files `--out` writes, in the order they are written; requests and timeline only when kept.
  /// `summary.json` comes last: where it stands, the others do.
  public func files() -> [(name: String, text: String)] {
    var files = [
      ("metrics.csv", metricsCSV()), ("series.csv", seriesCSV()), ("costs.csv", costsCSV()),
      ("metrics.prom", openMetrics()), ("junit.xml", junitXML()),
    ]
    if !months.isEmpty { files.append(("months.csv", monthsCSV())) }
    if !requests.isEmpty {
      files.append(("requests.csv", requestsCSV()))
      files.append(("requests.jsonl", requestsJSONLines()))
    }
    if !timeline.isEmpty { files.append(("timeline.json", timelineJSON())) }
    files.append(("summary.json", summaryJSON()))
    return files.map { (name: $0.0, text: $0.1) }
  }

  /// Writes the result files into `folder`, all of them or none, making the folder when missing.
  public func write(to folder: String) throws(AtomicFile.Failure) {
    try AtomicFile.makeFolder(folder)
    let place = folder.hasSuffix("/") ? folder : folder + "/"
    try AtomicFile.writeTogether(files().map { (path: place + $0.name, text: $0.text) })
  }

  /// Writes the requests to a file of the user's choice: JSON lines when its name ends in `.jsonl` or
  /// `.ndjson`, CSV otherwise.
  public func writeRequests(to path: String) throws(AtomicFile.Failure) {
    let lines = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson")
    try AtomicFile.write(lines ? requestsJSONLines() : requestsCSV(), to: path)
  }
}
