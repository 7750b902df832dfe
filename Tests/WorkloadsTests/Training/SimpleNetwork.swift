import Infrastructure
import Quantities

@testable import Catalog
@testable import Workloads

/// Latency and bandwidth alone, so that laws of the training model do not hang on a network's.
struct SimpleNetwork: CollectiveModel {
  var scaleUp = 360e9
  var scaleOut = 40e9

  func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    guard group.ranks > 1 else { return .zero }
    let link = group.crossesDomains ? min(scaleUp, scaleOut * Double(group.ranksPerDomain)) : scaleUp
    return Seconds(1e-5 + bytes.value * operation.busFactor(ranks: group.ranks) / link)
  }
}

/// Runs that tests share.
enum SampleTraining {
  static let hopper = Catalog.builtIn.accelerator("h100-sxm")!

  static func model(_ name: String = "llama-3.1-8b") -> ModelShape { Catalog.builtIn.model(name)! }

  static func run(
    _ name: String, _ layout: TrainingLayout, batch: Int = 128, sequence: Int = 4096,
    precision: TrainingPrecision = .bf16, accelerator: Accelerator = hopper, trained: TrainedWeights = .all
  ) -> TrainingRun {
    TrainingRun(
      model: model(name), accelerator: accelerator, precision: precision, layout: layout, globalBatch: batch,
      sequence: sequence, trained: trained)
  }

  static func run(
    _ layout: TrainingLayout, batch: Int = 128, sequence: Int = 4096, precision: TrainingPrecision = .bf16
  ) -> TrainingRun {
    run("llama-3.1-8b", layout, batch: batch, sequence: sequence, precision: precision)
  }

  static func step(
    _ run: TrainingRun, framework: String = "default", network: SimpleNetwork = SimpleNetwork()
  ) -> TrainingStep {
    TrainingStepModel(run, framework: framework, collectives: network).step()
  }

  /// Layouts of every kind, each with a model and a batch that it divides.
  static let runs: [TrainingRun] = [
    run(TrainingLayout(data: 8)),
    run(TrainingLayout(data: 8, recompute: .full, optimizerSharding: 3)),
    run(TrainingLayout(data: 16, optimizerSharding: 3, shardRanks: 8)),
    run(TrainingLayout(tensor: 2, pipeline: 2, data: 4, microbatch: 2), precision: .fp8),
    run(TrainingLayout(tensor: 4, context: 2, data: 4), sequence: 32_768),
    run(
      "llama-3.1-70b", TrainingLayout(tensor: 4, pipeline: 8, virtualPipeline: 5, data: 2), precision: .fp8),
    run("llama-3.1-405b", TrainingLayout(tensor: 8, pipeline: 16, data: 4), batch: 512, sequence: 8192),
    run("llama-2-70b", TrainingLayout(tensor: 4, data: 2), batch: 8, trained: .lowRank(rank: 16)),
    run("qwen3-30b-a3b", TrainingLayout(expert: 8, data: 16), batch: 512),
    run("deepseek-v3", TrainingLayout(tensor: 2, pipeline: 8, expert: 32, data: 32), batch: 2048),
    run("gpt-oss-120b", TrainingLayout(pipeline: 4, expert: 8, data: 16), batch: 1280),
    run("llama-3.1-8b", TrainingLayout(pipeline: 4, data: 2, schedule: .zeroBubble)),
  ]
}
