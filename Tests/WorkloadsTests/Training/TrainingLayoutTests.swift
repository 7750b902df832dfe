import Quantities
import Testing

@testable import Catalog
@testable import Workloads

@Suite("Layouts of training runs")
struct TrainingLayoutTests {
  private func faults(
    _ layout: TrainingLayout, _ name: String = "llama-3.1-8b", batch: Int = 128, count: Int? = nil
  )
    -> [String]
  {
    layout.faults(
      model: SampleTraining.model(name), accelerators: count, globalBatch: batch, sequence: 4096)
  }

  @Test("each fault is told plainly")
  func told() {
    let cases: [(TrainingLayout, String)] = [
      (TrainingLayout(tensor: 3), "tensor is 3, which does not divide the model's heads, 32"),
      (TrainingLayout(data: 3), "microbatch × data is 3, which does not divide the global batch, 128"),
      (TrainingLayout(tensor: 0), "tensor is 0; it must lie between 1 and 1024"),
      (TrainingLayout(pipeline: 64), "pipeline 64 × virtual pipeline 1 is more than the 32 layers"),
      (TrainingLayout(expert: 2, data: 2), "expert is 2, and llama-3.1-8b has no experts"),
      (TrainingLayout(virtualPipeline: 2), "virtual pipeline is 2, and there is one stage"),
      (
        TrainingLayout(context: 3, data: 1),
        "twice context is 6, which does not divide the sequence of tokens, 4096"
      ),
      (
        TrainingLayout(pipeline: 4, virtualPipeline: 2, data: 64),
        "the interleaved schedule needs microbatches in multiples of pipeline, and there are 2"
      ),
      (
        TrainingLayout(data: 4, optimizerSharding: 3, shardRanks: 3),
        "shard ranks is 3, which does not divide data × context, 4"
      ),
    ]
    for (layout, fault) in cases { #expect(faults(layout).contains(fault), "\(faults(layout))") }
    #expect(
      faults(TrainingLayout(data: 8), count: 16).first?.contains("takes 8 accelerators; there are 16") == true
    )
    #expect(faults(TrainingLayout(tensor: 2, pipeline: 2, data: 2), count: 8).isEmpty)
  }

  @Test("no size traps", arguments: [Int.min, -1, 0, 1, 7, 1 << 20, Int.max])
  func extremes(size: Int) {
    for key in [
      \TrainingLayout.tensor, \.pipeline, \.context, \.expert, \.data, \.microbatch, \.virtualPipeline,
    ] {
      var layout = TrainingLayout()
      layout[keyPath: key] = size
      for model in ["llama-3.1-8b", "deepseek-v3"] {
        for batch in [1, 128, size] { _ = faults(layout, model, batch: batch) }
      }
    }
  }

  @Test("the search is the fastest of all that fits, and the same twice")
  func search() throws {
    let run = SampleTraining.run("llama-3.1-70b", TrainingLayout(), precision: .fp8)
    let first = LayoutSearch.best(for: run, accelerators: 64, collectives: SimpleNetwork())
    let again = LayoutSearch.best(for: run, accelerators: 64, collectives: SimpleNetwork())
    let best = try #require(first.best)
    #expect(first.candidates.map(\.layout) == again.candidates.map(\.layout))
    #expect(first.candidates.map(\.step.time) == first.candidates.map(\.step.time).sorted())
    #expect(first.candidates.count == 5 && first.fitting <= first.considered)
    #expect(best.layout.accelerators == 64 && best.memory.fits)
    // A layout that somebody would write by hand is not faster.
    var byHand = run
    byHand.layout = TrainingLayout(tensor: 4, pipeline: 8, virtualPipeline: 5, data: 2)
    #expect(best.step.time <= SampleTraining.step(byHand).time)
  }

  @Test("where nothing fits, the search says what lacks the least")
  func nothingFits() {
    let run = SampleTraining.run("llama-3.1-405b", TrainingLayout(), batch: 8)
    let answer = LayoutSearch.best(for: run, accelerators: 8, collectives: SimpleNetwork())
    #expect(answer.best == nil && answer.considered > 0)
    #expect((answer.nearest?.memory.shortfall ?? .zero) > .zero)
  }
}
