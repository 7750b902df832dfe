import Quantities
import Testing

@testable import Catalog
@testable import Workloads

@Suite("The time of a training step keeps its laws")
struct StepLawsTests {
  @Test("every sample runs, and its parts sum to the whole", arguments: SampleTraining.runs)
  func parts(run: TrainingRun) {
    #expect(run.faults == [])
    let step = SampleTraining.step(run)
    #expect(step.time > .zero && step.time.value.isFinite)
    #expect(abs(step.shares.total / step.time - 1) < 1e-12)
    #expect(step.modelUtilization > 0.02 && step.modelUtilization < 1)
    #expect(step.accelerators == run.layout.accelerators)
  }

  @Test("more arithmetic, memory bandwidth or network is never slower", arguments: SampleTraining.runs)
  func faster(run: TrainingRun) {
    let base = SampleTraining.step(run).time
    for factor in [1.1, 2, 10, 1000] {
      var quick = run
      quick.accelerator.peaks = run.accelerator.peaks.map {
        Accelerator.PeakRate(computeName: $0.computeName, rate: $0.rate * factor)
      }
      #expect(SampleTraining.step(quick).time <= base)
      var wide = run
      wide.accelerator.memoryBandwidth = run.accelerator.memoryBandwidth * factor
      #expect(SampleTraining.step(wide).time <= base)
      let inside = SimpleNetwork(scaleUp: 360e9 * factor)
      #expect(SampleTraining.step(run, network: inside).time <= base)
      let outside = SimpleNetwork(scaleOut: 40e9 * factor)
      #expect(SampleTraining.step(run, network: outside).time <= base)
    }
  }

  @Test("fewer tokens are never slower", arguments: SampleTraining.runs)
  func shorter(run: TrainingRun) {
    let base = SampleTraining.step(run).time
    var short = run
    short.sequence = run.sequence / 2
    #expect(SampleTraining.step(short).time <= base)
    var few = run
    few.globalBatch = run.globalBatch / 2
    if few.faults.isEmpty { #expect(SampleTraining.step(few).time <= base) }
  }

  @Test("twice the replicas for the same batch are never slower", arguments: SampleTraining.runs)
  func moreReplicas(run: TrainingRun) {
    var more = run
    more.layout.data *= 2
    guard more.faults.isEmpty else { return }
    #expect(SampleTraining.step(more).time <= SampleTraining.step(run).time)
  }

  @Test("computing again is never faster", arguments: SampleTraining.runs)
  func recompute(run: TrainingRun) {
    for framework in ["default", "llm-foundry"] {
      var times: [Seconds] = []
      for recompute in TrainingLayout.Recompute.allCases {
        var changed = run
        changed.layout.recompute = recompute
        times.append(SampleTraining.step(changed, framework: framework).time)
      }
      // A pass that the host bounds hides what is computed again; its two parts sum to a rounding.
      #expect(times[0] <= times[1] * (1 + 1e-12) && times[1] <= times[2] * (1 + 1e-12))
    }
  }

  @Test("computing layers again costs up to a third of the time that products take, and at least a seventh")
  func fullRecompute() {
    let none = SampleTraining.step(SampleTraining.run(TrainingLayout(data: 8, microbatch: 4)))
    let full = SampleTraining.step(
      SampleTraining.run(TrainingLayout(data: 8, microbatch: 4, recompute: .full)))
    #expect(full.time > none.time * (1 + 1.0 / 7) && full.time < none.time * (1 + 1.0 / 3))
    #expect(full.modelFlops == none.modelFlops)
  }

  @Test("chunks shrink the bubble")
  func bubble() {
    var last = Seconds(.infinity)
    for chunks in [1, 2, 4, 8] {
      let layout = TrainingLayout(tensor: 8, pipeline: 4, virtualPipeline: chunks, data: 2)
      let step = SampleTraining.step(SampleTraining.run(layout))
      #expect(step.shares.bubble < last)
      last = step.shares.bubble
    }
  }

  @Test("frozen weights spare the weight gradients: between two thirds of the time and all of it")
  func lowRank() {
    let layout = TrainingLayout(tensor: 4, data: 2)
    let all = SampleTraining.step(SampleTraining.run("llama-2-70b", layout, batch: 8))
    let few = SampleTraining.step(
      SampleTraining.run("llama-2-70b", layout, batch: 8, trained: .lowRank(rank: 16)))
    #expect(few.time < all.time * 0.85 && few.time > all.time * 0.6)
    #expect(few.modelFlops.value < all.modelFlops.value * 0.7)
  }

  @Test("model arithmetic is 6 per weight and token, and 12 per causal pair, head element and layer")
  func flops() {
    let run = SampleTraining.run(TrainingLayout(data: 8))
    let model = run.model
    let width = Double(model.layers * model.heads * model.headSize)
    let pairs = 6 * width * (Double(run.sequence) + 1)
    let expected = 6 * model.activeParameters + pairs
    #expect(abs(run.modelFlopsPerToken.value / expected - 1) < 1e-12)
  }

  @Test("windows count what they see: the mean over queries by direct count")
  func windows() {
    var run = SampleTraining.run(TrainingLayout(data: 8), sequence: 100)
    run.model.slidingWindow = 30
    run.model.slidingWindowLayers = 8
    let seen = (1...100).reduce(0.0) { $0 + Double(min($1, 30)) } / 100
    let whole = Double(run.model.layers - 8) * 50.5
    #expect(abs(run.contextLayers - (whole + 8 * seen)) < 1e-9)
  }
}

extension TrainingRun: CustomTestStringConvertible {
  public var testDescription: String {
    "\(model.name) tensor \(layout.tensor) pipeline \(layout.pipeline)x\(layout.virtualPipeline) context "
      + "\(layout.context) expert \(layout.expert) data \(layout.data) sharding \(layout.optimizerSharding)"
  }
}
