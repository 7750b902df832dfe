import Quantities
import Testing

@testable import Catalog
@testable import Workloads

@Suite("The memory of a training run")
struct TrainingMemoryTests {
  private static let preset = Catalog.builtIn.training(
    framework: "default", accelerator: SampleTraining.hopper, format: "bf16")

  /// GPT-3's shape: all heads alike, no gate, four times as wide inside.
  private static func gpt(_ layout: TrainingLayout, fused: Bool = false) -> TrainingRun {
    var run = TrainingRun(
      model: Catalog.builtIn.model("gpt-3-175b")!, accelerator: SampleTraining.hopper, layout: layout,
      globalBatch: 64, sequence: 2048)
    run.hasFusedAttention = fused
    return run
  }

  @Test(
    "a layer keeps s b h (34 + 5 a s / h) bytes, and its parts by tensor ranks: Korthikanti, 1 to 4 and 6")
  func equations() {
    let (s, h, a) = (2048.0, 12_288.0, 96.0)
    func kept(_ layout: TrainingLayout) -> Double { ActivationBytes(Self.gpt(layout), dropout: true).kept }
    let sbh = s * h
    #expect(kept(TrainingLayout()) == sbh * (34 + 5 * a * s / h))
    #expect(
      kept(TrainingLayout(tensor: 8, sequenceParallel: false)) == sbh * (10 + 24.0 / 8 + 5 * a * s / (h * 8)))
    #expect(kept(TrainingLayout(tensor: 8)) == sbh / 8 * (34 + 5 * a * s / h))
    #expect(kept(TrainingLayout(tensor: 8, recompute: .selective)) == 34 * sbh / 8)
    #expect(kept(TrainingLayout(recompute: .full)) == 2 * sbh)
    #expect(kept(TrainingLayout(microbatch: 4, recompute: .full)) == 8 * sbh)
  }

  @Test("state is 2 + 4 + 12 bytes a weight, divided as ZeRO says")
  func state() {
    let weights = Self.gpt(TrainingLayout()).model.parameters
    func memory(_ sharding: Int) -> TrainingMemory {
      TrainingMemory(Self.gpt(TrainingLayout(data: 64, optimizerSharding: sharding)), preset: Self.preset)
    }
    func near(_ bytes: Bytes, _ expected: Double) -> Bool { abs(bytes.value / expected - 1) < 1e-3 }
    #expect(near(memory(0).weights, 2 * weights) && near(memory(0).optimizer, 12 * weights))
    #expect(near(memory(0).gradients, 4 * weights))
    #expect(near(memory(1).optimizer, 12 * weights / 64) && near(memory(1).gradients, 4 * weights))
    #expect(near(memory(2).gradients, 4 * weights / 64) && near(memory(2).weights, 2 * weights))
    #expect(memory(3).weights < memory(2).weights * 0.1)
  }

  @Test("memory grows with the microbatch and falls with recompute, sharding and tensor ranks")
  func monotone() {
    for run in SampleTraining.runs {
      func total(_ change: (inout TrainingRun) -> Void) -> Bytes {
        var changed = run
        change(&changed)
        return TrainingMemory(changed, preset: Self.preset).total
      }
      let base = total { _ in }
      #expect(total { $0.layout.microbatch *= 2 } > base)
      let kinds = TrainingLayout.Recompute.allCases.map { kind in total { $0.layout.recompute = kind } }
      #expect(kinds[0] >= kinds[1] && kinds[1] >= kinds[2])
      #expect(total { $0.layout.tensor *= 2 } < base)
      let shards = (0...2).map { level in
        total {
          $0.layout.optimizerSharding = level
          $0.layout.shardRanks = nil
        }
      }
      #expect(shards[0] >= shards[1] && shards[1] >= shards[2])
    }
  }

  @Test("grouped queries, gates and experts keep what they are")
  func shapes() {
    var run = SampleTraining.run(TrainingLayout())
    let base = ActivationBytes(run, dropout: false).kept
    run.model.keyValueHeads = run.model.heads
    let wider = ActivationBytes(run, dropout: false).kept
    let keys = Double((32 - 8) * 128 * 2) * 2 * run.rankTokens
    #expect(abs(wider - base - keys) < 1)
    run.model.gated = false
    #expect(ActivationBytes(run, dropout: false).kept == wider - 2 * 14_336 * run.rankTokens)
  }

  @Test("what does not fit says by how much, and every remedy fits")
  func remedies() {
    let run = SampleTraining.run(
      "llama-3.1-70b", TrainingLayout(tensor: 4, pipeline: 2, data: 8, microbatch: 4))
    let memory = TrainingMemory(run, preset: Self.preset)
    #expect(!memory.fits && memory.shortfall == memory.total - memory.usable)
    let remedies = TrainingMemory.remedies(for: run, preset: Self.preset)
    #expect(!remedies.isEmpty)
    for remedy in remedies {
      #expect(remedy.memory.fits && !remedy.change.isEmpty)
      #expect(remedy.layout.accelerators == run.layout.accelerators)
      var changed = run
      changed.layout = remedy.layout
      #expect(changed.faults == [])
    }
    let hopeless = SampleTraining.run("llama-3.1-405b", TrainingLayout(), batch: 1)
    #expect(TrainingMemory.remedies(for: hopeless, preset: Self.preset).isEmpty)
  }
}
