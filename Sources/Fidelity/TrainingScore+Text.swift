import DryRack

extension TrainingScore {
  /// The section of the report.
  func text() -> String {
    var page = """
      ## Training steps

      How long a step takes, against published runs: the layout, the model's shape and the batch are the
      row's, the links and the network are the catalogue's (`dryrack catalog transports`). Errors are
      predicted ÷ measured − 1: + predicts a slower step than was measured. **Campaign left out** is the
      honest column: the coefficients were fitted to all other campaigns. **Family left out** is harder: all
      versions of a framework's table, or all rounds of a benchmark, are left out together. **Shipped** are
      the coefficients of the catalogue (`dryrack catalog training`).

      Cards over PCIe are judged but not learned from: their collectives hang on the server's PCIe tree,
      which no row states. The catalogue's curve is that of one measured server, whose four L40S exchange
      5 GB/s each; at that rate the collectives of the two runs on L40S alone would take more than twice the
      measured step, so that their servers' trees must be better ones. They are among the worst below.


      """
    page += MarkdownTable.header(["judged", "n", "median", "90th", "bias", "goal"])
    page += verdict("campaign left out", byCampaign)
    page += verdict("family left out", byFamily)
    page += verdict("shipped", shipped)
    let groups: [(String, (TrainingRow) -> String)] = [
      ("family", { $0.family }), ("campaign", { $0.campaign }), ("accelerator", { $0.run.accelerator.name }),
      ("links within a domain, network between", { $0.network.name }),
    ]
    for (title, key) in groups { page += table(title, key) }
    return page + worst() + leftOutRows()
  }

  private func verdict(_ name: String, _ pairs: [Pair]) -> String {
    let errors = pairs.map(\.error)
    return MarkdownTable.row([name] + MarkdownTable.errors(errors) + [InfrastructureReport.verdict(errors)])
  }

  private func table(_ title: String, _ key: (TrainingRow) -> String) -> String {
    var page = "\n### Training by \(title)\n\n"
    page += MarkdownTable.header(
      [title, "n", "campaign left out: median", "90th", "bias", "family left out", "shipped"])
    for name in Set(shipped.map { key($0.row) }).sorted() {
      func errors(_ pairs: [Pair]) -> [Double] { pairs.filter { key($0.row) == name }.map(\.error) }
      page += MarkdownTable.row(
        [name] + MarkdownTable.errors(errors(byCampaign))
          + [MarkdownTable.pair(errors(byFamily)), MarkdownTable.pair(errors(shipped))])
    }
    return page
  }

  private func worst() -> String {
    var page = "\n### Worst training runs, left out by campaign\n\n"
    page += MarkdownTable.header(["row", "run", "links, network", "measured [s]", "predicted [s]", "error"])
    let sorted = byCampaign.sorted { (abs($0.error), $0.row.id) > (abs($1.error), $1.row.id) }
    for pair in sorted.prefix(10) {
      page += MarkdownTable.row([
        pair.row.id, pair.row.name, pair.row.network.name, Self.short(pair.row.measured),
        Self.short(pair.predicted), Scoreboard.percent(pair.error, signed: true),
      ])
    }
    return page
  }

  private func leftOutRows() -> String {
    var counts: [String: Int] = [:]
    for omission in omissions { counts["\(omission.kind): \(omission.reason)", default: 0] += 1 }
    var rules: [String: Int] = [:]
    for pair in shipped { for rule in pair.row.assumptions { rules[rule, default: 0] += 1 } }
    return "\n### Training runs left out, and why\n\n" + MarkdownTable.header(["rows", "kind and reason"])
      + MarkdownTable.counts(counts) + "\n### Taken where a training run is silent\n\n"
      + MarkdownTable.header(["rows", "rule"]) + MarkdownTable.counts(rules)
  }

  private static func short(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
