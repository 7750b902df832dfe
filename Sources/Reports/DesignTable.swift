import Experiments

extension RunResults {
  /// The answer for people: the designs side by side, workload by workload, then money, thresholds and
  /// the verdict in one line.
  ///
  /// - Complexity: O(rows × designs).
  public func table(style: TextStyle) -> String {
    var table = TextTable(widthLimit: 30)
    table.append([Cell(text: "")] + designs.map { Cell(text: $0.name, mark: .bold) })
    table.append(["made of"] + designs.map(\.composition))
    if designs.contains(where: { !$0.binding.isEmpty }) {
      table.append(["bound by"] + designs.map { $0.binding.isEmpty ? "–" : $0.binding })
    }
    table.append(["figures are"] + designs.map(\.basis))
    for workload in workloadNames() {
      section(
        workload, lines: TableLine.ofWorkload + TableLine.ofTraining, workload: workload, into: &table)
      appendCollectives(workload, into: &table)
    }
    section("whole design", lines: TableLine.ofWorkload + TableLine.ofDesign, workload: "", into: &table)
    append(factors, titled: "factors", into: &table)
    append(growth, titled: "if demand goes", into: &table)
    thresholds(into: &table)
    var text = "\(style.apply(.bold, to: TextStyle.printable(manifest.scenario)))  \(identity)\n\n"
    text += table.text(style: style)
    text += differencesText(style: style)
    if !notes.isEmpty { text += "\n" }
    for note in notes { text += style.apply(.dim, to: "note: \(TextStyle.printable(note))") + "\n" }
    return text + "\n" + verdict() + "\n"
  }

  /// The cheapest design that holds every threshold, in one sentence. A design that none of them judges holds
  /// none.
  public func verdict() -> String {
    if !manifest.complete {
      return "Incomplete: \(manifest.stoppedBy ?? "stopped before its end"). The figures cover only what ran."
    }
    let fit = designs.filter { design in
      let own = verdicts.filter { $0.design == design.name }
      return own.allSatisfy(\.holds) && (verdicts.isEmpty || !own.isEmpty)
    }
    guard !fit.isEmpty else { return "No design holds every threshold." }
    if let sentence = trainingVerdict(fit.map(\.name)) { return sentence }
    let all = offers(fit.map(\.name))
    let priced = all.filter { !$0.meetsNothing }
    guard let best = priced.first else {
      if !all.isEmpty {
        let which = verdicts.isEmpty ? "No design" : "No design that holds every threshold"
        return "\(which) meets any demand."
      }
      let names = fit.map { TextStyle.printable($0.name) }.joined(separator: ", ")
      return verdicts.isEmpty ? "No prices to compare." : "Every threshold holds on: \(names)."
    }
    let unknown = fit.count > all.count ? " (some designs have no price)" : ""
    let cost = best.cost
    let name = TextStyle.printable(best.name)
    let rest = best.shortfall(among: priced) + all.filter(\.meetsNothing).map(\.nothing).joined()
    if verdicts.isEmpty {
      let span = weighsHorizon(fit.map(\.name)) ? "over the horizon" : "a month"
      let all =
        designs.count > 1
        ? "No threshold judges the designs; least \(span): "
        : "No threshold to hold: "
      return "\(all)\(name), \(cost)\(unknown)\(rest)."
    }
    if designs.count == 1 { return "Every threshold holds: \(name), \(cost)\(rest)." }
    let close = priced.dropFirst().filter { Self.isClose(best.row, $0.row) }
    let others = close.map { other in
      let percent = (other.total / best.total - 1) * 100
      let gap = percent < 0.05 ? "costs the same" : "within \(HumanNumber.fixed(percent, decimals: 1)) %"
      return "; \(TextStyle.printable(other.name)) \(gap)"
    }.joined()
    return "Cheapest design that holds every threshold: \(name), \(cost)\(others)\(unknown)\(rest)."
  }

  /// Whether two costs do not tell designs apart: their intervals meet, or they differ by less than prices
  /// and models are good for.
  private static func isClose(_ best: MetricRow, _ other: MetricRow) -> Bool {
    guard let low = best.value, let high = other.value else { return false }
    if high <= low * 1.05 { return true }
    return (best.high ?? low) >= (other.low ?? high)
  }

  private typealias Cell = TextTable.Cell

  private var identity: String {
    let replications = manifest.replications == 1 ? "1 replication" : "\(manifest.replications) replications"
    return "seed \(manifest.seed), \(replications), run \(manifest.runID), dryrack \(manifest.version)"
  }

  private func workloadNames() -> [String] {
    var names: [String] = []
    for row in rows where !row.workload.isEmpty && !names.contains(row.workload) {
      names.append(row.workload)
    }
    return names
  }

  func wholeRow(design: String, metric: String) -> MetricRow? {
    rows.first {
      $0.design == design && $0.replication == nil && $0.metric == metric && $0.statistic == "value"
        && $0.workload.isEmpty
    } ?? row(design: design, metric: metric)
  }

  private func section(_ title: String, lines: [TableLine], workload: String, into table: inout TextTable) {
    var heading = false
    let isShared = workloadNames().count > 1
    for line in lines where isShared || line.metric != "cost_of_workload" {
      let found = designs.map { design in
        rows.first {
          $0.design == design.name && $0.workload == workload && $0.replication == nil
            && $0.metric == line.metric && line.statistics.contains($0.statistic)
        }
      }
      let values = found.compactMap { $0?.value }
      if values.isEmpty || (line.onlyWhenAny && values.allSatisfy { $0 == 0 }) { continue }
      if !heading {
        table.append([Cell(text: "")])
        table.append([Cell(text: title, mark: .bold)])
        heading = true
      }
      table.append(["  \(line.title)"] + found.map(DesignTableText.cell))
    }
  }

  /// The designs in words, a row for each thing that is held against them.
  private func append(_ rows: [FactorRow], titled title: String, into table: inout TextTable) {
    if rows.isEmpty { return }
    table.append([Cell(text: "")])
    table.append([Cell(text: title, mark: .bold)])
    for row in rows { table.append(["  \(row.factor)"] + row.values) }
  }

  /// A threshold a row, its verdict under each design; blank where it says nothing of a design.
  private func thresholds(into table: inout TextTable) {
    var texts: [String] = []
    for verdict in verdicts where !texts.contains(verdict.threshold.text) {
      texts.append(verdict.threshold.text)
    }
    if texts.isEmpty { return }
    table.append([Cell(text: "")])
    table.append([Cell(text: "thresholds", mark: .bold)])
    for text in texts {
      let cells = designs.map { design -> Cell in
        let here = verdicts.filter { $0.threshold.text == text && $0.design == design.name }
        if here.isEmpty { return Cell(text: "") }
        let worst = here.first { !$0.holds } ?? here[0]
        let value = worst.value.map { HumanNumber.plain($0) } ?? "unknown"
        return Cell(text: "\(worst.holds ? "✓" : "✗") \(value)", mark: worst.holds ? .good : .bad)
      }
      table.append([Cell(text: "  \(text)")] + cells)
    }
  }
}

private enum DesignTableText {
  static func cell(_ row: MetricRow?) -> String {
    guard let row, let value = row.value else { return "–" }
    return HumanNumber.text(.init(value: value, unit: row.unit, low: row.low, high: row.high))
  }
}

/// One line of the table: which number, under which name.
private struct TableLine {
  var title: String
  var metric: String
  var statistics: [String]
  /// Counts of trouble are shown only where there is any.
  var onlyWhenAny = false

  init(
    _ title: String, _ metric: String, _ statistics: [String] = ["value", "mean"], onlyWhenAny: Bool = false
  ) {
    self.title = title
    self.metric = metric
    self.statistics = statistics
    self.onlyWhenAny = onlyWhenAny
  }

  static let ofWorkload = [
    TableLine("TTFT p50", "ttft_s", ["p50"]),
    TableLine("TTFT p99", "ttft_s", ["p99"]),
    TableLine("TPOT p50", "tpot_s", ["p50"]),
    TableLine("TPOT p99", "tpot_s", ["p99"]),
    TableLine("E2E p50", "e2e_s", ["p50"]),
    TableLine("E2E p99", "e2e_s", ["p99"]),
    TableLine("requests per second", "throughput_rps"),
    TableLine("output tokens per second", "output_tokens_per_s"),
    TableLine("goodput", "goodput_ratio"),
    TableLine("good requests per second", "goodput_rps"),
    TableLine("weights read and up after", "startup_s", onlyWhenAny: true),
    TableLine("KV entries wait p99", "kv_wait_s", ["p99"]),
    TableLine("KV entries move p99", "kv_transfer_s", ["p99"]),
    TableLine("KV use", "kv_usage_ratio"),
    TableLine("prompt tokens cached", "prefix_hit_ratio"),
    TableLine("  on the GPU", "tier_hit_ratio", ["gpu"]),
    TableLine("  in CPU memory", "tier_hit_ratio", ["cpu"]),
    TableLine("  on NVMe", "tier_hit_ratio", ["nvme"]),
    TableLine("  in the remote store", "tier_hit_ratio", ["remote"]),
    TableLine("adapters at hand", "adapter_hit_ratio"),
    TableLine("adapter loads", "adapter_loads"),
    TableLine("wait for a load p99", "adapter_wait_s", ["p99"]),
    TableLine("GPU allocated", "gpu_allocated_ratio"),
    TableLine("GPU busy", "gpu_busy_ratio"),
    TableLine("  prefill", "gpu_busy_ratio", ["prefill"]),
    TableLine("  decode", "gpu_busy_ratio", ["decode"]),
    TableLine("MFU", "mfu"),
    TableLine("MBU", "mbu"),
    TableLine("preemptions", "preemptions", onlyWhenAny: true),
    TableLine("rejected", "rejected", onlyWhenAny: true),
    TableLine("failed", "failed", onlyWhenAny: true),
    TableLine("handed over again", "retried", onlyWhenAny: true),
    TableLine("replicas up", "availability_ratio"),
    TableLine("replica failures", "replica_failures", onlyWhenAny: true),
    TableLine("circuits opened", "circuit_opens", onlyWhenAny: true),
    TableLine("still running at the end", "running", onlyWhenAny: true),
    TableLine("still queued at the end", "queued", onlyWhenAny: true),
    TableLine("cost per month", "cost_per_month"),
    TableLine("cost per million output tokens", "cost_per_million_output_tokens"),
    TableLine("cost per good request", "cost_per_good_request"),
    TableLine("its part of the cost", "cost_of_workload"),
  ]

  static let ofTraining = [
    TableLine("step", "step_time_s", ["mean"]),
    TableLine("  p99", "step_time_s", ["p99"]),
    TableLine("tokens per second", "train_tokens_per_s"),
    TableLine("time to train", "time_to_train_s", ["mean"]),
    TableLine("  p95", "time_to_train_s", ["p95"]),
    TableLine("came to its end", "finished_ratio"),
    TableLine("within the deadline", "deadline_met_ratio"),
    TableLine("time that counts", "training_goodput_ratio"),
    TableLine("checkpoint every", "checkpoint_interval_s"),
    TableLine("slowed by others", "contention_s", onlyWhenAny: true),
    TableLine("interruptions", "interruptions", onlyWhenAny: true),
    TableLine("GPU hours", "gpu_hours"),
    TableLine("  lost", "lost_gpu_hours", onlyWhenAny: true),
    TableLine("cost of a run", "cost_per_training_run"),
    TableLine("  for its storage", "cost_of_storage", onlyWhenAny: true),
    TableLine("wait p50", "queue_wait_s", ["p50"]),
    TableLine("wait p90", "queue_wait_s", ["p90"]),
    TableLine("wait p99", "queue_wait_s", ["p99"]),
    TableLine("jobs done", "jobs_finished"),
    TableLine("jobs larger than the cluster", "jobs_refused", onlyWhenAny: true),
    TableLine("free GPUs that no whole-node job can use", "gpu_stranded_ratio"),
    TableLine("from first to last", "makespan_s"),
  ]

  static let ofDesign = [
    TableLine("cost over the horizon", "cost_total"),
    TableLine("  discounted to today", "cost_npv"),
    TableLine("  of which at once", "cost_upfront", onlyWhenAny: true),
    TableLine("  list price × hours alone", "cost_naive_total"),
    TableLine("  for hours that compute nothing", "cost_idle", onlyWhenAny: true),
    TableLine("per useful GPU hour", "cost_per_useful_gpu_hour"),
    TableLine("demand not met", "unmet_ratio", onlyWhenAny: true),
    TableLine("  is worth", "cost_unmet_total", onlyWhenAny: true),
    TableLine("energy", "energy_kwh"),
    TableLine("  emits", "carbon_kg"),
    TableLine("  making the machines", "carbon_embodied_kg"),
    TableLine("racks", "racks"),
    TableLine("  a rack costs", "cost_per_rack"),
    TableLine("  power no machine can take", "stranded_kw"),
    TableLine("draw at the meter at full load", "site_power_kw"),
    TableLine("first service after", "first_service_day"),
    TableLine("paid back after", "payback_days"),
    TableLine("break-even after hours of use", "break_even_hours"),
    TableLine("  in months", "break_even_months"),
    TableLine("  payments cross in month", "crossover_month"),
    TableLine("  return a year", "irr"),
    TableLine("break-even use", "break_even_utilization"),
    TableLine("break-even rent of a GPU hour", "cost_break_even_per_gpu_hour"),
    TableLine("break-even tokens a day", "break_even_tokens_per_day"),
  ]
}
