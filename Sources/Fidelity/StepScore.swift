import DryRack

/// Whole steps that the project measured on GPUs of its own (`dryrack catalog kernel-tables`) against what
/// two models say of them: the sum of the same table's kernels, and the catalogue's coefficients, which
/// never saw them. Steps of random weights in plain PyTorch, launched as one graph: no engine and no host
/// is in them.
enum StepScore {
  private struct Case {
    var table: String
    var kind: KernelTable.Kind
    var kernels: [Double] = []
    var coefficients: [Double] = []
  }

  /// The section of the scoreboard; empty when the catalogue has no table with whole steps.
  static func text(catalog: Catalog) -> String {
    let cases = catalog.measuredTableNames.flatMap { self.cases(of: $0, catalog) }
    if cases.isEmpty { return "" }
    var page = """

      ## Whole steps on our own GPUs

      Steps timed with `tools/profile-gpu.py` (median / 90th percentile of the error and its median with sign,
      per cent). *Kernels* adds up the same table's kernels; *coefficients* are the catalogue's, as of an
      engine without host time, whose fused kernels PyTorch does not have: its steps of few tokens take
      longer. The table of qwen3-30b-a3b on H200 times experts from 16 tokens on, and fewer sequences read
      fewer of them.

      | table | steps | n | kernels | bias | coefficients | bias |
      |---|---|---|---|---|---|---|

      """
    for one in cases {
      let kernels = ErrorStatistics(one.kernels)
      let coefficients = ErrorStatistics(one.coefficients)
      page +=
        "| \(one.table) | \(one.kind == .decodeStep ? "decode" : "prompt") | \(kernels.count) | "
        + "\(pair(kernels)) | "
        + "\(Scoreboard.percent(kernels.bias, signed: true)) | \(pair(coefficients)) | "
        + "\(Scoreboard.percent(coefficients.bias, signed: true)) |\n"
    }
    return page
  }

  private static func pair(_ errors: ErrorStatistics) -> String {
    "\(Scoreboard.percent(errors.median)) / \(Scoreboard.percent(errors.ninetieth))"
  }

  private static func cases(of name: String, _ catalog: Catalog) -> [Case] {
    guard let file = catalog.measuredTable(name),
      case .success(let table) = KernelTableReader.read(file.bytes),
      let model = file.remarks.first(where: { $0.key == "model" }).flatMap({ catalog.model($0.value) }),
      let accelerator = table.origin.accelerator.flatMap({ catalog.accelerator($0) }),
      let weights = table.origin.weights.flatMap({ catalog.precision($0) }),
      let wide = catalog.precision("bf16"), var engine = catalog.engine("vllm", on: accelerator.name)
    else { return [] }
    engine.stepOverhead = Seconds(0)
    engine.layerOverhead = Seconds(0)
    engine.sequenceOverhead = Seconds(0)
    let estimate = RooflineModel(
      model: model, accelerator: accelerator, weights: weights, activations: weights, keyValue: wide,
      layout: ParallelLayout(), engine: engine, maximumBatchedTokens: 8192, maximumSequences: 256,
      catalog: catalog)
    let sums = TableModel(
      table: table.withoutSteps, model: model, tensorParallelism: 1, pipelineParallelism: 1, engine: engine,
      estimate: estimate, basis: .measured)
    return [KernelTable.Kind.decodeStep, .prefillStep].compactMap { kind in
      var one = Case(table: name, kind: kind)
      for row in table.rows where row.kind == kind {
        one.kernels.append(seconds(sums, row) / row.seconds - 1)
        one.coefficients.append(seconds(estimate, row) / row.seconds - 1)
      }
      return one.kernels.isEmpty ? nil : one
    }
  }

  private static func seconds(_ model: some LatencyModel, _ row: KernelTable.Row) -> Double {
    if row.kind == .decodeStep {
      let line = model.decodeLine(sequences: row.sequences, context: row.context)
      return line.duration(context: row.context).value
    }
    let shape = StepShape(
      decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: row.tokens,
      sampledSequences: 1,
      attentionProducts: row.tokens * row.prefix + row.tokens * (row.tokens + 1) / 2,
      prefixTokens: row.prefix, largestChunk: row.tokens, longestPrefix: row.prefix)
    return model.stepCost(shape).duration.value
  }
}
