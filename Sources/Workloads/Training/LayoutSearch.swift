import Catalog
import Infrastructure
import Quantities

/// The layouts that a run could take on so many accelerators, and which of those that fit is the fastest:
/// what `parallelism: auto` means.
///
/// It looks at every layout of the families below, in a fixed order; equal times keep the earlier one, so the
/// answer is the same everywhere. A layout costs some microseconds.
public struct LayoutSearch: Sendable {
  /// A layout that fits.
  public struct Candidate: Sendable {
    public var layout: TrainingLayout
    public var step: TrainingStep
    public var memory: TrainingMemory
  }

  /// What somebody has decided already; `nil` leaves it to the search.
  public struct Wanted: Sendable, Hashable {
    public var microbatch: Int?
    public var recompute: TrainingLayout.Recompute?
    public var optimizerSharding: Int?

    public init(
      microbatch: Int? = nil, recompute: TrainingLayout.Recompute? = nil, optimizerSharding: Int? = nil
    ) {
      self.microbatch = microbatch
      self.recompute = recompute
      self.optimizerSharding = optimizerSharding
    }

    /// A layout of the search as it is wanted; `nil` for all but one of those that come to the same.
    func applied(to layout: TrainingLayout) -> TrainingLayout? {
      var layout = layout
      if let microbatch {
        guard layout.microbatch == 1 else { return nil }
        layout.microbatch = microbatch
      }
      if let optimizerSharding {
        guard layout.optimizerSharding == 1 else { return nil }
        layout.optimizerSharding = optimizerSharding
      }
      layout.recompute = recompute ?? layout.recompute
      return layout
    }
  }

  /// What a search found.
  public struct Answer: Sendable {
    /// Fastest first; empty when nothing fits.
    public var candidates: [Candidate]
    /// Layouts that the model, the batch and the accelerators allow, and how many of them fit the memory.
    public var considered: Int
    public var fitting: Int
    /// Of those that do not fit, the layout that lacks the least; its `remedies` say more. `nil` when every
    /// layout fits or none is allowed.
    public var nearest: (layout: TrainingLayout, memory: TrainingMemory)?

    /// The fastest that fits.
    public var best: Candidate? { candidates.first }
    public var runnersUp: ArraySlice<Candidate> { candidates.dropFirst() }
  }

  /// Tries all layouts of `accelerators` for a run, whose own layout is ignored.
  ///
  /// Families: tensor ranks within a scale-up domain; pipelines of up to 64 stages, 1F1B or interleaved;
  /// context ranks of 4,096 tokens and more; expert ranks that divide the experts; microbatches of up to 8
  /// sequences; optimizer state sharded, or weights too without a pipeline; and of the recomputations the
  /// least that fits, as more never is faster.
  /// - Parameter runnersUp: how many layouts behind the best are kept.
  /// - Complexity: O(layouts), 10 µs each; some thousands for a thousand accelerators.
  public static func best(
    for run: TrainingRun, accelerators: Int, framework: String = "default",
    collectives: any CollectiveModel, catalog: Catalog = .builtIn, runnersUp: Int = 4,
    wanted: Wanted = Wanted()
  ) -> Answer {
    var answer = Answer(candidates: [], considered: 0, fitting: 0, nearest: nil)
    guard accelerators >= 1, run.model.faults.isEmpty, run.sequence >= 1, run.globalBatch >= 1 else {
      return answer
    }
    let model = TrainingStepModel(run, framework: framework, collectives: collectives, catalog: catalog)
    forEachLayout(run, accelerators) { layout in
      var tried = run
      guard let chosen = wanted.applied(to: layout) else { return }
      tried.layout = chosen
      guard tried.faults.isEmpty else { return }
      answer.considered += 1
      var memory = TrainingMemory(tried, preset: model.preset)
      for recompute in TrainingLayout.Recompute.allCases
      where recompute != .none && !memory.fits && wanted.recompute == nil {
        tried.layout.recompute = recompute
        memory = TrainingMemory(tried, preset: model.preset)
      }
      guard memory.fits else {
        if memory.shortfall < (answer.nearest?.memory.shortfall ?? Bytes(.infinity)) {
          answer.nearest = (tried.layout, memory)
        }
        return
      }
      answer.fitting += 1
      let candidate = Candidate(
        layout: tried.layout, step: model.laidOut(tried.layout).step(), memory: memory)
      insert(candidate, into: &answer.candidates, atMost: max(0, runnersUp) + 1)
    }
    return answer
  }

  /// Keeps the fastest, in order; of equals the earlier.
  private static func insert(_ candidate: Candidate, into list: inout [Candidate], atMost count: Int) {
    var place = list.count
    while place > 0, candidate.step.time < list[place - 1].step.time { place -= 1 }
    guard place < count else { return }
    list.insert(candidate, at: place)
    if list.count > count { list.removeLast() }
  }

  private static func divisors(_ number: Int, atMost limit: Int) -> [Int] {
    (1...max(1, min(number, limit))).filter { number % $0 == 0 }
  }

  static func forEachLayout(
    _ run: TrainingRun, _ accelerators: Int, _ body: (TrainingLayout) -> Void
  ) {
    let model = run.model
    for tensor in divisors(accelerators, atMost: min(run.domain, 64)) where model.heads % tensor == 0 {
      for pipeline in divisors(accelerators / tensor, atMost: min(64, model.layers)) {
        let rest = accelerators / (tensor * pipeline)
        for context in divisors(rest, atMost: max(1, run.sequence / 4096)) {
          let data = rest / context
          guard data <= run.globalBatch, run.globalBatch % data == 0 else { continue }
          for expert in expertRanks(model, tensor * context * data) {
            for microbatch in [1, 2, 4, 8] where (run.globalBatch / data) % microbatch == 0 {
              let base = TrainingLayout(
                tensor: tensor, pipeline: pipeline, context: context, expert: expert, data: data,
                microbatch: microbatch)
              variants(base, model, body)
            }
          }
        }
      }
    }
  }

  private static func expertRanks(_ model: ModelShape, _ ranks: Int) -> [Int] {
    guard let experts = model.experts else { return [1] }
    return divisors(experts.count, atMost: ranks).filter { ranks % $0 == 0 }
  }

  /// Chunks of layers for a pipeline, or sharded weights without one.
  private static func variants(
    _ base: TrainingLayout, _ model: ModelShape, _ body: (TrainingLayout) -> Void
  ) {
    body(base)
    var layout = base
    if base.pipeline == 1 {
      guard base.copies > 1 else { return }
      layout.optimizerSharding = 3
      body(layout)
      return
    }
    for chunks in 2...16 {
      // Layers divide as they are, or with embedding and output head as a layer each.
      let parts = base.pipeline * chunks
      guard (0...2).contains(where: { (model.layers + $0) % parts == 0 }) else { continue }
      layout.virtualPipeline = chunks
      layout.schedule = .interleaved
      body(layout)
    }
  }
}
