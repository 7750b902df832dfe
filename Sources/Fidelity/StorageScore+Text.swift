import DryRack
import Infrastructure

extension StorageScore {
  /// What is promised of accelerators kept busy: every result within a tenth.
  static let goal = 0.1

  static func verdict(_ errors: [Double]) -> String {
    let within = errors.filter { abs($0) <= goal }.count
    return
      "\(Scoreboard.percent(goal)) each: \(within) of \(errors.count) \(within == errors.count ? "✓" : "✗")"
  }

  /// The section of the report.
  func text() -> String {
    var page = """
      ## Storage

      Accelerators that a store keeps busy, for each client that reads from it: results of MLPerf Storage
      1.0, whose accelerators are emulated (a fixed time a batch). Errors are predicted ÷ measured − 1: +
      promises more than was seen.

      **Its own rate** gives the model what the clients read in the same run: a check of the loader's
      arithmetic, no more. **Another workload's rate** is how a designer would use such results: the fastest
      that the same system read with another workload stands for the store. A submission adds accelerators
      until they no longer stay busy (90 %, CosmoFlow 70 %), so that its rate lies near what its system can
      do with *that* workload; files of another size are read at another rate, of which the model is told
      nothing. Take a store's rate from a workload like your own.


      """
    page += MarkdownTable.header(["accelerators kept busy", "n", "median", "90th", "bias", "worst"])
    page += line("its own rate", ownErrors)
    for kind in Set(rows.map(\.kind)).sorted() {
      let some = rows.filter { $0.kind == kind }
      page += line("its own rate: \(kind)", some.map { busy($0, at: $0.rate) / $0.busy - 1 })
    }
    page += line("another workload's rate", crossErrors)
    page += crossTable() + worst()
    page += "\n### Storage rows left out, and why\n\n" + MarkdownTable.header(["rows", "kind and reason"])
    return page + MarkdownTable.counts(omissions)
  }

  /// From each workload to each other: errors of accelerators kept busy, and of the rate itself, which has no
  /// ceiling where accelerators are busy all the time.
  private func crossTable() -> String {
    var page = "\n### One workload's rate for another\n\n"
    page += MarkdownTable.header(
      ["rate of", "used for", "n", "busy: median", "90th", "bias", "rate: median / 90th", "rate: bias"])
    let kinds = Set(rows.map(\.kind)).sorted()
    for source in kinds {
      for target in kinds where target != source {
        let mine = rows.filter { $0.kind == target && rateElsewhere($0, from: source) != nil }
        guard !mine.isEmpty else { continue }
        let rates = mine.compactMap { row in rateElsewhere(row, from: source).map { $0 / row.rate - 1 } }
        page += MarkdownTable.row(
          [source, target] + MarkdownTable.errors(mine.compactMap { crossError($0, from: source) })
            + [MarkdownTable.pair(rates), Scoreboard.percent(ErrorStatistics(rates).bias, signed: true)])
      }
    }
    return page
  }

  private func line(_ name: String, _ errors: [Double]) -> String {
    let worst = errors.max { abs($0) < abs($1) }
    return MarkdownTable.row(
      [name] + MarkdownTable.errors(errors) + [Scoreboard.percent(worst, signed: true)])
  }

  private func worst() -> String {
    var page = "\n### Worst storage results, by their own rate\n\n"
    page += MarkdownTable.header(
      ["row", "system", "workload", "accelerators a client", "measured busy", "predicted busy", "error"])
    let pairs = rows.map { (row: $0, busy: busy($0, at: $0.rate)) }
    func size(_ pair: (row: Row, busy: Double)) -> Double { abs(pair.busy / pair.row.busy - 1) }
    for pair in pairs.sorted(by: { (size($0), $0.row.id) > (size($1), $1.row.id) }).prefix(5) {
      let each = Double(pair.row.accelerators) / Double(pair.row.clients)
      page += MarkdownTable.row([
        pair.row.id, pair.row.system, pair.row.workload, "\((each * 10).rounded() / 10)",
        Self.count(each * pair.row.busy), Self.count(each * pair.busy),
        Scoreboard.percent(pair.busy / pair.row.busy - 1, signed: true),
      ])
    }
    return page
  }

  private static func count(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
