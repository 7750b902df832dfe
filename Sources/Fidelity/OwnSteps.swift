import DryRack

/// The training model beside steps that `tools/profile-training.py` timed on single accelerators: time and
/// memory. Nothing is fitted to them.
struct OwnSteps {
  struct Row {
    var gpu: String
    /// Model, sequence, microbatches of a step and their size, recompute.
    var name: String
    /// `nil` where the step did not fit.
    var measuredTime: Double?
    var predictedTime: Double
    /// Bytes that the allocator handed out at most.
    var measuredMemory: Double?
    /// Of the state, activations and logits: without the runtime's own, which no allocator sees.
    var predictedMemory: Double
    var predictedFits: Bool

    var timeError: Double? { measuredTime.map { predictedTime / $0 - 1 } }
    var memoryError: Double? { measuredMemory.map { predictedMemory / $0 - 1 } }
    /// Whether it ran where it was said to fit, and did not where it was said not to.
    var foretellsFit: Bool { predictedFits == (measuredTime != nil) }
  }

  var rows: [Row] = []
  var timeErrors: [Double] { rows.compactMap(\.timeError) }
  var memoryErrors: [Double] { rows.compactMap(\.memoryError) }

  init(_ bytes: [UInt8], catalog: Catalog = .builtIn) {
    NamedRows.forEach(in: bytes) { cells in
      guard let run = Self.run(cells, catalog) else { return }
      let preset = catalog.training(
        framework: "default", accelerator: run.accelerator, format: run.precision.rawValue)
      let memory = TrainingMemory(run, preset: preset)
      let network = TrainingNetwork(of: run, words: "", catalog: catalog)
      let step = TrainingStepModel(
        run, framework: "default", collectives: network.collectives, catalog: catalog
      ).step()
      let microbatches = run.globalBatch / run.layout.microbatch
      rows.append(
        Row(
          gpu: run.accelerator.name,
          name: "\(run.model.name), \(microbatches) × \(run.layout.microbatch) × \(run.sequence), "
            + run.layout.recompute.rawValue,
          measuredTime: cells["step_time_s"].flatMap(Double.init), predictedTime: step.time.value,
          measuredMemory: cells["peak_allocated_gib"].flatMap(Double.init).map { $0 * 1_073_741_824 },
          predictedMemory: (memory.total - memory.runtime).value, predictedFits: memory.fits))
    }
  }

  private static func run(_ cells: [String: String], _ catalog: Catalog) -> TrainingRun? {
    func integer(_ name: String) -> Int? { cells[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }
    guard
      let accelerator = TrainingRowReader.accelerator((cells["gpu"] ?? "").replacing("NVIDIA ", with: ""))
        .flatMap({ catalog.accelerator($0) }),
      let layers = integer("layers"), let hidden = integer("hidden"), let heads = integer("heads"),
      let groups = integer("kv_heads"), let size = integer("head_size"), let width = integer("intermediate"),
      let vocabulary = integer("vocabulary"), let sequence = integer("sequence"),
      let batch = integer("global_batch"), let microbatch = integer("microbatch"),
      let recompute = TrainingLayout.Recompute(rawValue: cells["recompute"] ?? "")
    else { return nil }
    let shape = ModelShape(
      name: cells["model"] ?? "", layers: layers, hidden: hidden, heads: heads, keyValueHeads: groups,
      headSize: size, intermediate: width, vocabulary: vocabulary, gated: cells["gated"] == "true",
      tiedEmbeddings: cells["tied_embeddings"] == "true")
    var layout = TrainingLayout()
    layout.microbatch = microbatch
    layout.recompute = recompute
    return TrainingRun(
      model: shape, accelerator: accelerator, layout: layout, globalBatch: batch, sequence: sequence,
      domain: 1, acceleratorsPerNode: 1)
  }

  // MARK: Text

  func text() -> String {
    var page = """
      ## Steps and memory that were measured for this page

      `tools/profile-training.py` on one H100 and one H200: blocks compiled by PyTorch, products in bf16,
      sums of gradients, masters and moments in fp32. **No coefficient was fitted to these steps**; they
      are judged with those of the catalogue's `default` framework, which come from servers of eight and
      more. Memory is what the allocator handed out at most, against the model's without the runtime's own
      share. *Fit foretold* counts shapes that ran where the model said that they fit, and stopped for
      memory where it said that they do not.

      Two things account for most of what is off. The coefficients know models of a billion weights and
      more on frameworks that launch each kernel from the host; compiled blocks of small models launch far
      fewer. And PyTorch's compiled loss keeps some 2 bytes a logit, where the model counts the 6 of
      frameworks that do not fuse it: small models with large vocabularies need less memory than it says.


      """
    page += MarkdownTable.header(
      ["accelerator", "n", "step time: median", "90th", "bias", "memory: median / 90th", "fit foretold"])
    for gpu in Set(rows.map(\.gpu)).sorted() {
      let own = rows.filter { $0.gpu == gpu }
      page += MarkdownTable.row(
        [gpu] + MarkdownTable.errors(own.compactMap(\.timeError))
          + [
            MarkdownTable.pair(own.compactMap(\.memoryError)),
            "\(own.filter(\.foretellsFit).count) of \(own.count)",
          ])
    }
    page += "\n"
    page += MarkdownTable.header([
      "accelerator", "model, microbatches × size × tokens, recompute", "measured [ms]", "predicted [ms]",
      "error", "measured [GiB]", "predicted [GiB]", "error",
    ])
    for row in rows { page += line(row) }
    return page
  }

  private func line(_ row: Row) -> String {
    func rounded(_ value: Double?, _ scale: Double) -> String {
      value.map { "\(($0 * scale * 10).rounded() / 10)" } ?? "out of memory"
    }
    return MarkdownTable.row([
      row.gpu, row.name, rounded(row.measuredTime, 1e3), rounded(row.predictedTime, 1e3),
      row.timeError.map { Scoreboard.percent($0, signed: true) } ?? "–",
      rounded(row.measuredMemory, 1 / 1_073_741_824), rounded(row.predictedMemory, 1 / 1_073_741_824),
      row.memoryError.map { Scoreboard.percent($0, signed: true) } ?? "–",
    ])
  }
}
