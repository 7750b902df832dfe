import DryRack

/// The page on how accurate the models of infrastructure are: a section for each.
struct InfrastructureReport {
  /// `nil` where there was no table to judge by.
  var fabric: FabricScore?
  /// Whether collectives were also judged by fits without their campaign.
  var hasLeftOutFabric = false
  var training: TrainingScore?
  var ownSteps: OwnSteps?
  var storage: StorageScore?
  var network: NetworkScore?
  var longRun: LongRunScore?
  var spot: SpotScore?

  func text() -> String {
    var page = Self.opening + glance()
    page += "\n" + (fabric?.text() ?? Self.absent("Collectives", "collective benchmarks"))
    if fabric != nil, !hasLeftOutFabric {
      page += "\nThe columns of left-out campaigns are empty: `tools/distil-fabric.py` did not run.\n"
    }
    page += "\n" + (training?.text() ?? Self.absent("Training steps", "training runs"))
    if let ownSteps { page += "\n" + ownSteps.text() }
    page += "\n" + (storage?.text() ?? Self.absent("Storage", "storage results"))
    page += "\n" + (network?.text() ?? Self.absent("Networks", "finish times"))
    page += "\n" + (longRun?.text() ?? Self.absent("A long training: Llama 3 405B", "such a scenario"))
    page += "\n" + (spot?.text() ?? Self.absent("Spot markets", "traces"))
    return page
  }

  /// What is promised of steps and collectives that were left out: median and 90th percentile.
  static let goal = (median: 0.08, ninetieth: 0.25)

  static func verdict(_ errors: [Double]) -> String {
    let summary = ErrorStatistics(errors)
    guard let median = summary.median, let ninetieth = summary.ninetieth else { return "–" }
    let holds = median <= goal.median && ninetieth <= goal.ninetieth
    return "\(Scoreboard.percent(goal.median)) / \(Scoreboard.percent(goal.ninetieth)) \(holds ? "✓" : "✗")"
  }

  /// The page in one table.
  private func glance() -> String {
    var page = "## At a glance\n\n" + MarkdownTable.header(["figure", "n", "median", "90th", "bias", "goal"])
    func line(_ name: String, _ errors: [Double], hasGoal: Bool = true) {
      guard !errors.isEmpty else { return }
      let goal = hasGoal ? Self.verdict(errors) : "none set"
      page += MarkdownTable.row([name] + MarkdownTable.errors(errors) + [goal])
    }
    let held = fabric?.pairs.filter(\.hasSibling).compactMap(\.leftOut) ?? []
    line("bus bandwidth of a collective, campaign left out, another measured the same links", held)
    line("bus bandwidth of a collective, campaign left out", fabric?.pairs.compactMap(\.leftOut) ?? [])
    line("bus bandwidth of a collective, shipped", fabric?.pairs.map(\.error) ?? [])
    line("time of a training step, campaign left out", training?.byCampaign.map(\.error) ?? [])
    line("time of a training step, family left out", training?.byFamily.map(\.error) ?? [])
    line("time of a training step, shipped", training?.shipped.map(\.error) ?? [])
    line("time of a step on one accelerator, measured here, not fitted", ownSteps?.timeErrors ?? [])
    line("its memory, measured here", ownSteps?.memoryErrors ?? [], hasGoal: false)
    for (name, errors) in [
      ("accelerators that storage keeps busy, the run's own rate", storage?.ownErrors ?? []),
      ("the same, the rate of another workload", storage?.crossErrors ?? []),
    ] where !errors.isEmpty {
      page += MarkdownTable.row([name] + MarkdownTable.errors(errors) + [StorageScore.verdict(errors)])
    }
    return page + holds()
  }

  /// What either holds or does not.
  private func holds() -> String {
    var page = "\n" + MarkdownTable.header(["figure", "n", "holds"])
    func line(_ name: String, _ count: Int, _ holds: Bool) {
      page += MarkdownTable.row([name, "\(count)", holds ? "✓" : "✗"])
    }
    if let network {
      line("finish times of flows, exact to 1e-9", network.exactErrors.count, network.exactHolds)
      line("mean flow time of runs in packets, within 15 %", network.packets.count, network.packetsHold)
      line(
        "hashed permutations of 128 hosts, mean within 421–531 µs", network.hashed.count,
        network.permutationsHold)
    }
    if let longRun {
      line("Llama 3 405B: a stop every 3.1 h, inside the interval", longRun.stops.count, longRun.stopsHold)
      line("Llama 3 405B: more than 90 % effective", longRun.effective.count, longRun.effectiveHolds)
    }
    if let spot {
      line(
        "spot traces replayed: availability and losses exact", spot.rows.count,
        spot.rows.allSatisfy(\.isExact))
    }
    return page
  }

  private static func absent(_ title: String, _ what: String) -> String {
    "## \(title)\n\nNot judged: no table of \(what).\n"
  }

  private static let opening = """
    # How accurate: infrastructure

    Written by `make fidelity`: published measurements of collectives, training steps, storage, networks, a
    long training and spot markets beside what the product's own models answer, with no coefficient set per
    row. How accurate served models are stands in [fidelity.md](fidelity.md).

    Errors are relative and in per cent. *Median* and *90th* are percentiles of their sizes, *bias* is the
    median error with its sign, *n* counts the rows, *shipped* are the catalogue's coefficients. A figure
    that was **left out** was predicted by coefficients that never saw its campaign (one table, one
    benchmark round, one laboratory): read these. Shipped coefficients were fitted to all rows; their errors
    say how well the form of a model can follow what was measured.


    """
}
