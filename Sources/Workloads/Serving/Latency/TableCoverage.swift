import Catalog

/// How well a kernel table fits a deployment.
public struct TableCoverage: Sendable, Hashable {
  /// What it lacks: with any of it missing, steps cannot be priced.
  public var missing: [String] = []
  /// Where the run may leave what was measured, and what was guessed, as sentences.
  public var notes: [String] = []
  /// Measured as long as nothing is scaled from another layout or left out; estimated otherwise.
  public var basis = Basis.measured
}

extension KernelTable {
  /// What a deployment asks of a table.
  public struct Demand: Sendable {
    public var model: ModelShape
    public var accelerator: String
    public var weights: String
    public var tensorParallelism: Int
    public var pipelineParallelism: Int
    public var maximumBatchedTokens: Int
    public var maximumSequences: Int
    /// Tokens of the longest request, prompt and answer; `nil` when traffic sets no bound.
    public var longestRequest: Int?

    public init(
      model: ModelShape, accelerator: String, weights: String, tensorParallelism: Int,
      pipelineParallelism: Int, maximumBatchedTokens: Int, maximumSequences: Int, longestRequest: Int?
    ) {
      self.model = model
      self.accelerator = accelerator
      self.weights = weights
      self.tensorParallelism = tensorParallelism
      self.pipelineParallelism = pipelineParallelism
      self.maximumBatchedTokens = maximumBatchedTokens
      self.maximumSequences = maximumSequences
      self.longestRequest = longestRequest
    }
  }

  /// Compares the table with what a deployment asks of it.
  /// - Complexity: O(rows).
  public func coverage(_ demand: Demand) -> TableCoverage {
    var taken = rows.filter { $0.kind == .allReduce }
    for kind in Kind.allCases where kind != .allReduce {
      taken += rows(kind, for: demand.tensorParallelism)
    }
    var check = CoverageCheck(demand: demand, origin: origin, rows: taken)
    check.kinds()
    if check.coverage.missing.isEmpty {
      check.origins()
      check.range()
    }
    return check.coverage
  }
}

/// Compares the rows that price a deployment with what it asks.
private struct CoverageCheck {
  typealias Kind = KernelTable.Kind
  typealias Layer = KernelTable.Layer

  let demand: KernelTable.Demand
  let origin: KernelTable.Origin
  let rows: [KernelTable.Row]
  var coverage = TableCoverage()

  private func has(_ kind: Kind, _ isMeant: (KernelTable.Row) -> Bool = { _ in true }) -> Bool {
    rows.contains { $0.kind == kind && isMeant($0) }
  }

  private mutating func guess(_ note: String) {
    coverage.basis = .estimated
    coverage.notes.append(note)
  }

  mutating func kinds() {
    let model = demand.model
    if let hidden = origin.hidden, hidden != model.hidden {
      coverage.missing.append(
        "times of this model: it was taken of one of width \(hidden), not \(model.hidden)")
      return
    }
    if has(.prefillStep) {
      if !has(.prefillStep, { $0.prefix == 0 }) {
        coverage.missing.append("rows of kind 'prefill_step' without a prefix")
      }
    } else {
      var needed: [Layer] = [.qkv, .o]
      if model.denseLayers > 0 { needed += [.gateUp, .down] }
      for layer in needed where !has(.dense, { $0.layer == layer }) {
        coverage.missing.append("rows of kind 'dense' and layer '\(layer.rawValue)'")
      }
      if model.expertLayers > 0 && !has(.experts) { coverage.missing.append("rows of kind 'moe'") }
      if !has(.attention, { $0.tokens > 0 && $0.sequences == 0 }) {
        coverage.missing.append("rows of kind 'attention' with tokens and no sequences")
      }
    }
    let decodes = rows.filter { $0.kind == .attention && $0.tokens == 0 }
    let steps = rows.filter { $0.kind == .decodeStep }
    if decodes.isEmpty && steps.isEmpty {
      coverage.missing.append(
        "rows of kind 'attention' with sequences and no tokens, or of kind 'decode_step'")
    }
    for (list, kind) in [(decodes, Kind.attention), (steps, .decodeStep)] where !list.isEmpty {
      let means = list.map { $0.context / $0.sequences }
      if means.min() == means.max() {
        coverage.missing.append("a second context in the decoding rows of kind '\(kind.rawValue)'")
      }
    }
  }

  mutating func origins() {
    if let accelerator = origin.accelerator, accelerator != demand.accelerator {
      guess("it was taken on \(accelerator), and the pool has \(demand.accelerator)")
    }
    if let weights = origin.weights, weights != demand.weights {
      guess("it was taken with weights in \(weights), not \(demand.weights)")
    }
    if let layers = origin.layers, layers != demand.model.layers, has(.decodeStep) || has(.prefillStep) {
      guess("its steps have \(layers) layers; they are scaled to \(demand.model.layers)")
    }
    let tensor = demand.tensorParallelism
    for kind in Kind.allCases where kind != .allReduce {
      if let taken = rows.first(where: { $0.kind == kind })?.tensor, taken != tensor {
        guess("its \(kind.rawValue) rows have tensor parallelism \(taken); they are scaled to \(tensor)")
      }
    }
    if tensor > 1 && !has(.allReduce, { $0.devices == tensor }) && !has(.prefillStep, { $0.tensor == tensor })
    {
      guess("it times no all-reduce of \(tensor) devices; links are estimated")
    }
    if demand.pipelineParallelism > 1 { guess("it times no pipeline; hops between stages are estimated") }
    let untimed = untimedLayers()
    if !untimed.isEmpty {
      guess("it does not time \(untimed.map(\.rawValue).joined(separator: ", ")): they cost nothing")
    }
    if let window = demand.model.slidingWindow, demand.model.slidingWindowLayers > 0 {
      guess("layers with a window of \(window) tokens cost as much as those without")
    }
  }

  /// Layers that every model has and that no row holds, by itself or inside a whole step.
  private func untimedLayers() -> [Layer] {
    var absent: [Layer] = []
    if !has(.prefillStep) {
      let small: [Layer] = [.norm, .activation, .rotary, .embedding, .finalNorm]
      absent += small.filter { layer in !has(.dense) { $0.layer == layer } }
    }
    if !has(.prefillStep) || !has(.decodeStep) {
      let heads: [Layer] = [.head, .sampler]
      absent += heads.filter { layer in !has(.perSequence) { $0.layer == layer } }
    }
    return absent
  }

  /// Beyond the last row costs go on in proportion; that is no measurement any more.
  mutating func range() {
    let lanes = demand.pipelineParallelism
    let ofPrompts: Kind = has(.prefillStep) ? .prefillStep : .dense
    let prompts = rows.filter { $0.kind == ofPrompts }
    compare(
      (demand.maximumBatchedTokens + lanes - 1) / lanes, prompts.map(\.tokens).max(), "tokens of a step")
    let hasSteps = has(.decodeStep)
    let decoding = rows.filter {
      hasSteps ? $0.kind == .decodeStep : $0.kind == .attention && $0.tokens == 0
    }
    compare(
      (demand.maximumSequences + lanes - 1) / lanes, decoding.map(\.sequences).max(), "sequences of a step")
    if let longest = demand.longestRequest {
      compare(longest, decoding.map { $0.context / $0.sequences }.max(), "tokens of a sequence")
    }
  }

  private mutating func compare(_ asked: Int, _ measured: Int?, _ what: String) {
    guard let measured, asked > measured else { return }
    coverage.notes.append("\(what) may reach \(asked), it ends at \(measured); costs beyond are extrapolated")
  }
}
