import Catalog
import Foundation
import Testing

@testable import Workloads

@Suite struct TableCoverageTests {
  static func coverage(
    _ made: MadeUpTable, of name: String = "llama-3.1-8b", tensor: Int = 1, tokens: Int = 4096,
    sequences: Int = 256, longest: Int? = 5000, comments: String = ""
  ) throws -> TableCoverage {
    let table = try KernelTableReader.read(Array((comments + made.text).utf8)).get()
    return table.coverage(
      KernelTable.Demand(
        model: try #require(Catalog.builtIn.model(name)), accelerator: "h100-sxm", weights: "bf16",
        tensorParallelism: tensor, pipelineParallelism: 1, maximumBatchedTokens: tokens,
        maximumSequences: sequences, longestRequest: longest))
  }

  @Test func aFullTableIsMeasured() throws {
    var made = MadeUpTable()
    made.addKernels()
    let coverage = try Self.coverage(
      made, comments: "# hidden: 4096\n# layers: 8\n# accelerator: h100-sxm\n# weights: bf16\n")
    #expect(coverage == TableCoverage(missing: [], notes: [], basis: .measured))
    var steps = MadeUpTable()
    steps.addSteps()
    #expect(try Self.coverage(steps).basis == .measured)
  }

  @Test func whatIsMissingIsNamed() throws {
    var made = MadeUpTable()
    made.addKernels()
    #expect(try Self.coverage(made, of: "mixtral-8x7b").missing == ["rows of kind 'moe'"])
    #expect(try Self.coverage(made, comments: "# hidden: 8192\n").missing[0].contains("width 8192, not 4096"))
    made.text = made.text.split(separator: "\n").filter { !$0.contains("gate_up") }.joined(separator: "\n")
    #expect(try Self.coverage(made).missing == ["rows of kind 'dense' and layer 'gate_up'"])
    var lone = MadeUpTable()
    lone.add("decode_step", sequences: 4, mean: 100, time: 9)
    lone.add("prefill_step", tokens: 16, prefix: 8, time: 9)
    let missing = try Self.coverage(lone).missing
    #expect(missing[0].contains("without a prefix") && missing[1].contains("second context"))
    var empty = MadeUpTable()
    empty.add("all_reduce", bytes: 8, devices: 2, time: 1)
    #expect(try Self.coverage(empty).missing.count == 6)
    // Rows of another layout do not fill the gap of the one that is taken.
    var split = MadeUpTable()
    split.addKernels()
    split.add("dense", layer: "qkv", tensor: 2, tokens: 1, time: 3)
    #expect(try Self.coverage(split, tensor: 2).missing.count == 3)
  }

  @Test func leavingTheMeasuredRangeIsSaid() throws {
    var made = MadeUpTable()
    made.addKernels()
    let coverage = try Self.coverage(made, tokens: 8192, sequences: 512, longest: 20_000)
    #expect(coverage.basis == .measured && coverage.notes.count == 3)
    #expect(coverage.notes[0].contains("8192") && coverage.notes[0].contains("4096"))
    #expect(try Self.coverage(made, longest: nil).notes.isEmpty)
  }

  @Test func whatIsGuessedIsNoMeasurement() throws {
    var made = MadeUpTable()
    made.addKernels()
    for comment in ["# accelerator: a100-sxm-80gb\n", "# weights: fp8\n"] {
      let coverage = try Self.coverage(made, comments: comment)
      #expect(coverage.basis == .estimated && coverage.notes.count == 1)
    }
    let scaled = try Self.coverage(made, tensor: 4)
    #expect(scaled.basis == .estimated && scaled.notes.contains { $0.contains("all-reduce") })
    #expect(scaled.notes.contains { $0.contains("scaled to 4") })
    var steps = MadeUpTable()
    steps.addSteps()
    let layers = try Self.coverage(steps, comments: "# layers: 8\n")
    #expect(layers.basis == .estimated && layers.notes == ["its steps have 8 layers; they are scaled to 32"])
    made.text = made.text.split(separator: "\n").filter { !$0.contains("sampler") }.joined(separator: "\n")
    #expect(try Self.coverage(made).notes == ["it does not time sampler: they cost nothing"])
  }

  /// What `tools/profile-gpu.py --dry-run` wrote: our own measurement of a toy model on a processor.
  @Test func aProfiledTableIsReadAndPricesSteps() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/profiled-cpu.csv")
    let table = try KernelTableReader.read([UInt8](try Data(contentsOf: file))).get()
    let toy = ModelShape(
      name: "toy", layers: 4, hidden: 64, heads: 4, keyValueHeads: 2, headSize: 16, intermediate: 160,
      vocabulary: 512)
    let coverage = table.coverage(
      KernelTable.Demand(
        model: toy, accelerator: "epyc-9005", weights: "fp32", tensorParallelism: 1, pipelineParallelism: 1,
        maximumBatchedTokens: 128, maximumSequences: 8, longestRequest: 256))
    #expect(coverage == TableCoverage(missing: [], notes: [], basis: .measured))
    let kinds = KernelTable.Kind.allCases.filter { kind in table.rows.contains { $0.kind == kind } }
    #expect(kinds == [.dense, .attention, .perSequence, .decodeStep, .prefillStep])
    var engine = try #require(Catalog.builtIn.engine("vllm"))
    (engine.stepOverhead, engine.layerOverhead, engine.sequenceOverhead) = (.zero, .zero, .zero)
    let linear = LinearModel(
      coefficients: .init(
        step: 1, perToken: 1, perSequence: 1, perContextEntry: 1, perAttentionProduct: 1))
    let model = TableModel(
      table: table, model: toy, tensorParallelism: 1, pipelineParallelism: 1, engine: engine,
      estimate: linear, basis: coverage.basis)
    // Steps were timed whole: at a measured size they cost what was measured, or what scatter left of it.
    for row in table.rows where row.kind == .decodeStep {
      let line = model.decodeLine(sequences: row.sequences, context: row.context)
      let seconds = Double(line.base.total + line.slope * Int64(row.context)) / FineTicks.perSecond
      #expect(seconds > row.seconds / 3 && seconds < row.seconds * 3)
    }
    #expect(model.basis == .measured)
  }
}
