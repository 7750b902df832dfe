import Catalog

/// Adds a table's rows up to what one step of a model takes: times [s] of all layers together.
///
/// Rows of another tensor parallelism stand in for missing ones: what is split among accelerators takes its
/// share of the time, what is not takes all of it.
struct TableSums {
  let table: KernelTable
  let model: ModelShape
  let tensor: Int
  let pipeline: Int
  /// Prices the links that the table does not time.
  let estimate: any LatencyModel
  let hasWholeSteps: Bool
  let promptAttention: MeasuredSurface?
  /// Where whole steps alone say what attention costs.
  let secondsPerPair: Double

  init(table: KernelTable, model: ModelShape, tensor: Int, pipeline: Int, estimate: any LatencyModel) {
    self.table = table
    self.model = model
    self.tensor = tensor
    self.pipeline = pipeline
    self.estimate = estimate
    hasWholeSteps = table.rows.contains { $0.kind == .decodeStep || $0.kind == .prefillStep }
    let prompts = table.rows(.attention, for: tensor).filter { $0.tokens > 0 && $0.sequences == 0 }
    let factor = Double(model.keyValueLayers) * Self.shardedShare(table, .attention, tensor)
    promptAttention =
      prompts.isEmpty
      ? nil
      : MeasuredSurface(prompts.map { .init(row: $0.tokens, column: $0.prefix, time: $0.seconds * factor) })
    secondsPerPair = prompts.isEmpty ? Self.perPair(table, model, tensor) : 0
  }

  // MARK: Rows of one tensor parallelism

  private func rows(_ kind: KernelTable.Kind) -> [KernelTable.Row] {
    table.rows(kind, for: tensor)
  }

  /// Time of a kernel that is split among accelerators, over that of the row that stands for it.
  private static func shardedShare(_ table: KernelTable, _ kind: KernelTable.Kind, _ tensor: Int) -> Double {
    Double(table.tensor(for: tensor, kind) ?? tensor) / Double(tensor)
  }

  private func shardedShare(_ kind: KernelTable.Kind) -> Double { Self.shardedShare(table, kind, tensor) }

  /// A whole step of as many layers as the model has.
  private static func stepShare(
    _ table: KernelTable, _ kind: KernelTable.Kind, _ model: ModelShape, _ tensor: Int
  ) -> Double {
    let layers = Double(model.layers) / Double(table.origin.layers ?? model.layers)
    return layers * shardedShare(table, kind, tensor)
  }

  // MARK: Work on every token

  func body() -> TabulatedCost {
    let kernels = Kernels(terms())
    let steps = rows(.prefillStep)
    return steps.isEmpty ? kernelBody(kernels) : stepBody(steps, kernels)
  }

  /// How often a layer runs in a step.
  private func calls(_ layer: KernelTable.Layer) -> Int {
    switch layer {
    case .norm: 2 * model.layers
    case .gateUp, .down, .activation: model.denseLayers
    case .shared: model.expertLayers
    case .embedding, .finalNorm, .head, .sampler: 1
    case .qkv, .o, .qkNorm, .rotary, .other: model.layers
    }
  }

  /// All calls of one kernel in a step.
  private struct Term {
    var curve: MeasuredCurve
    var factor: Double
    /// Whether arithmetic takes what more tokens cost; its weights are read whatever their number.
    var isProduct: Bool
  }

  private struct Kernels {
    var terms: [Term]
    var knots: [Int]

    init(_ terms: [Term]) {
      self.terms = terms
      knots = MeasuredSurface.distinct(terms.flatMap(\.curve.knots).sorted())
    }

    func parts(_ tokens: Int) -> TabulatedCost.Parts {
      var parts = TabulatedCost.Parts()
      for term in terms {
        let time = term.curve.time(tokens) * term.factor
        let reading = term.isProduct ? min(time, term.curve.times[0] * term.factor) : time
        parts.memory += reading
        parts.compute += time - reading
      }
      return parts
    }
  }

  private func terms() -> [Term] {
    var terms: [Term] = []
    let dense = rows(.dense)
    for layer in KernelTable.Layer.allCases where calls(layer) > 0 {
      let points = dense.filter { $0.layer == layer }.map { (count: $0.tokens, time: $0.seconds) }
      if points.isEmpty { continue }
      let isWhole = [.norm, .other, .embedding, .finalNorm].contains(layer)
      terms.append(
        Term(
          curve: MeasuredCurve(points),
          factor: Double(calls(layer)) * (isWhole ? 1 : shardedShare(.dense)),
          isProduct: [.qkv, .o, .gateUp, .down, .shared].contains(layer)))
    }
    let experts = rows(.experts).map { (count: $0.tokens, time: $0.seconds) }
    if model.expertLayers > 0 && !experts.isEmpty {
      let factor = Double(model.expertLayers) * shardedShare(.experts)
      terms.append(Term(curve: MeasuredCurve(experts), factor: factor, isProduct: true))
    }
    return terms
  }

  private func kernelBody(_ kernels: Kernels) -> TabulatedCost {
    let network = network()
    return TabulatedCost(knots: kernels.knots) { tokens in
      var parts = kernels.parts(tokens)
      parts.network = network(tokens)
      return parts
    }
  }

  /// Whole steps of one prompt, less its attention and one sequence's head. Kernels, where they were timed
  /// too, say what lies between the measured steps: each step is so many times their sum.
  private func stepBody(_ steps: [KernelTable.Row], _ kernels: Kernels) -> TabulatedCost {
    let share = Self.stepShare(table, .prefillStep, model, tensor)
    let curve = MeasuredCurve(
      steps.filter { $0.prefix == 0 }.map { (count: $0.tokens, time: $0.seconds * share) })
    let output = headTimes().first ?? 0
    let rest = curve.knots.map { tokens in
      let pairs = Double(tokens) * Double(tokens + 1) / 2
      let attention = promptAttention?.time(tokens, 0) ?? secondsPerPair * pairs
      return max(1e-9, curve.time(tokens) - attention - output)
    }
    let network = table.tensor(for: tensor, .prefillStep) == tensor ? { _ in 0 } : network()
    if kernels.terms.isEmpty {
      let times = NeverFalling.repaired(rest, shape: [rest.count])
      return TabulatedCost(knots: curve.knots) { tokens in
        let time = times[curve.knots.firstIndex(atLeast: tokens)]
        return TabulatedCost.Parts(compute: time - times[0], memory: times[0], network: network(tokens))
      }
    }
    let ratios = zip(curve.knots, rest).map { $1 / kernels.parts($0).sum }
    let knots = MeasuredSurface.distinct((curve.knots + kernels.knots).sorted())
    let parts = knots.map { tokens in
      kernels.parts(tokens).scaled(MeasuredSurface.clamped(curve.knots, ratios, tokens))
    }
    let times = NeverFalling.repaired(parts.map(\.sum), shape: [knots.count])
    return TabulatedCost(knots: knots) { tokens in
      let index = knots.firstIndex(atLeast: tokens)
      var part = parts[index].scaled(times[index] / parts[index].sum)
      part.network = network(tokens)
      return part
    }
  }

  /// Time of a query–key pair by whole steps with and without a cached prefix: the middle one. Nothing where
  /// no prefix was measured: then a prompt costs what its tokens cost.
  private static func perPair(_ table: KernelTable, _ model: ModelShape, _ tensor: Int) -> Double {
    let steps = table.rows(.prefillStep, for: tensor)
    let share = stepShare(table, .prefillStep, model, tensor)
    let points = steps.filter { $0.prefix == 0 }.map { (count: $0.tokens, time: $0.seconds) }
    if points.isEmpty { return 0 }
    let without = MeasuredCurve(points)
    let slopes = steps.filter { $0.prefix > 0 }.map { row in
      max(0, row.seconds - without.time(row.tokens)) * share / (Double(row.tokens) * Double(row.prefix))
    }.sorted()
    return slopes.isEmpty ? 0 : slopes[slopes.count / 2]
  }

  // MARK: Links

  /// Two all-reduces a layer, and the hops of a pipeline, by tokens.
  private func network() -> (Int) -> Double {
    if tensor == 1 && pipeline == 1 { return { _ in 0 } }
    let rows = table.rows.filter { $0.kind == .allReduce }
    let devices = rows.map(\.devices)
    guard pipeline == 1, let nearest = devices.filter({ $0 <= tensor }).max() ?? devices.min() else {
      return { Double(estimate.decodeLine(sequences: $0).base.network) / FineTicks.perSecond }
    }
    let curve = MeasuredCurve(
      rows.filter { $0.devices == nearest }.map { (count: $0.bytes, time: $0.seconds) })
    // A ring leaves each link (n − 1) / n of the data, both ways.
    let ring = max(1, (1 - 1 / Double(tensor)) / (1 - 1 / Double(nearest)))
    return { tokens in
      let bytes = min(1e15, 2 * Double(tokens) * Double(model.hidden))
      return 2 * Double(model.layers) * curve.time(Int(bytes)) * ring
    }
  }

  // MARK: Sequences that get a token

  private func headKnots() -> [Int] { MeasuredSurface.distinct(rows(.perSequence).map(\.sequences).sorted()) }

  /// At `headKnots`.
  private func headTimes() -> [Double] {
    let knots = headKnots()
    var times = [Double](repeating: 0, count: knots.count)
    for layer in [KernelTable.Layer.head, .sampler] {
      let points = rows(.perSequence).filter { $0.layer == layer }
      if points.isEmpty { continue }
      let curve = MeasuredCurve(points.map { (count: $0.sequences, time: $0.seconds) })
      let share = layer == .head ? shardedShare(.perSequence) : 1
      for index in knots.indices { times[index] += curve.time(knots[index]) * share }
    }
    return times
  }

  func head() -> TabulatedCost {
    let (knots, times) = (headKnots(), headTimes())
    return TabulatedCost(knots: knots) { TabulatedCost.Parts(memory: times[knots.firstIndex(atLeast: $0)]) }
  }

  // MARK: Attention of decoding sequences

  private static func surface(_ rows: [KernelTable.Row], factor: Double) -> TabulatedSurface {
    if rows.isEmpty { return .nothing }
    let surface = MeasuredSurface(
      rows.map { .init(row: $0.sequences, column: $0.context / $0.sequences, time: $0.seconds * factor) })
    return TabulatedSurface(rows: surface.rows, columns: surface.columns, times: surface.times)
  }

  func decodeAttention() -> TabulatedSurface {
    let rows = table.rows(.attention, for: tensor).filter { $0.tokens == 0 }
    return Self.surface(rows, factor: Double(model.keyValueLayers) * shardedShare(.attention))
  }

  func decodeSteps() -> TabulatedSurface? {
    var steps = rows(.decodeStep)
    if steps.isEmpty { return nil }
    let share = Self.stepShare(table, .decodeStep, model, tensor)
    let network = table.tensor(for: tensor, .decodeStep) == tensor ? { _ in 0 } : network()
    for index in steps.indices {
      steps[index].seconds = steps[index].seconds * share + network(steps[index].sequences)
    }
    return Self.surface(steps, factor: 1)
  }

  /// What decoding sequences add to the kernel of a prompt, by the prompt's tokens.
  func mixedAttention() -> (chunks: [Int], surfaces: [TabulatedSurface]) {
    let both = table.rows(.attention, for: tensor).filter { $0.tokens > 0 && $0.sequences > 0 }
      .sorted {
        ($0.tokens, $0.sequences, $0.context, $0.prefix) < ($1.tokens, $1.sequences, $1.context, $1.prefix)
      }
    guard let promptAttention, !both.isEmpty else { return ([], []) }
    let factor = Double(model.keyValueLayers) * shardedShare(.attention)
    let chunks = MeasuredSurface.distinct(both.map(\.tokens))
    var points: [[MeasuredSurface.Point]] = chunks.map { _ in [] }
    for row in both {
      let chunk = chunks.firstIndex(atLeast: row.tokens)
      let column = row.context / row.sequences
      // Sorted by prefix: the first of each place has the shortest.
      if let last = points[chunk].last, last.row == row.sequences && last.column == column { continue }
      let alone = promptAttention.time(row.tokens, row.prefix)
      points[chunk].append(
        .init(row: row.sequences, column: column, time: max(0, row.seconds * factor - alone)))
    }
    let surfaces = points.map(MeasuredSurface.init)
    let sequences = MeasuredSurface.distinct(surfaces.flatMap(\.rows).sorted())
    let contexts = MeasuredSurface.distinct(surfaces.flatMap(\.columns).sorted())
    let full = surfaces.flatMap { surface in
      sequences.flatMap { row in contexts.map { surface.time(row, $0) } }
    }
    let size = sequences.count * contexts.count
    let times = NeverFalling.repaired(full, shape: [chunks.count, sequences.count, contexts.count])
    return (
      chunks,
      chunks.indices.map { index in
        TabulatedSurface(
          rows: sequences, columns: contexts, times: Array(times[index * size..<(index + 1) * size]))
      }
    )
  }
}
