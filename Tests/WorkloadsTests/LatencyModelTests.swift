import Catalog
import Quantities
import Testing

@testable import Workloads

/// Small counter-based draws, so that every run tests the same shapes.
private struct Draws {
  var state: UInt64
  mutating func upTo(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(limit + 1))
  }
}

private func roofline(
  _ model: String = "llama-3.1-8b", on accelerator: String = "h100-sxm", weights: String = "bf16",
  tensor: Int = 1, pipeline: Int = 1, batched: Int = 8192, sequences: Int = 256
) throws -> RooflineModel {
  let catalog = Catalog.builtIn
  return RooflineModel(
    model: try #require(catalog.model(model)), accelerator: try #require(catalog.accelerator(accelerator)),
    weights: try #require(catalog.precision(weights)), activations: try #require(catalog.precision("bf16")),
    keyValue: try #require(catalog.precision("bf16")),
    layout: ParallelLayout(tensor: tensor, pipeline: pipeline),
    engine: try #require(catalog.engine("vllm")), maximumBatchedTokens: batched, maximumSequences: sequences
  )
}

private func seconds(_ fine: Int64) -> Double { Double(fine) / FineTicks.perSecond }

private func shape(_ draws: inout Draws) -> StepShape {
  let decode = draws.upTo(200)
  let prompts = draws.upTo(8)
  let chunk = prompts == 0 ? 0 : 1 + draws.upTo(2000)
  let prefix = prompts == 0 ? 0 : draws.upTo(4000)
  return StepShape(
    decodeSequences: decode, decodeContext: decode * (1 + draws.upTo(8000)), prefillSequences: prompts,
    prefillTokens: prompts * chunk, sampledSequences: decode + prompts,
    attentionProducts: prompts * chunk * prefix + prompts * chunk * (chunk + 1) / 2,
    prefixTokens: prompts * prefix, largestChunk: chunk)
}

@Suite struct LatencyModelTests {
  static let models = ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v3", "gpt-oss-20b"]

  @Test("a step without prompts costs exactly the decode line", arguments: models)
  func stepEqualsLine(name: String) throws {
    for pipeline in [1, 3] {
      let model = try roofline(name, tensor: 4, pipeline: pipeline)
      for sequences in [1, 2, 3, 17, 256, 1500] {
        let line = model.decodeLine(sequences: sequences)
        for context in [sequences, 4096 * sequences] {
          let step = model.stepCost(
            StepShape(
              decodeSequences: sequences, decodeContext: context, prefillSequences: 0, prefillTokens: 0,
              sampledSequences: sequences, attentionProducts: 0, prefixTokens: 0, largestChunk: 0))
          #expect(step.total == line.base.total + line.slope * Int64(context))
          #expect(step.compute == line.base.compute)
          #expect(step.host >= 0)
        }
      }
    }
  }

  @Test("more tokens, context or sequences never make a step shorter", arguments: models)
  func monotone(name: String) throws {
    let model = try roofline(name, tensor: 2, batched: 16384)
    var draws = Draws(state: 7)
    for _ in 0..<500 {
      let small = shape(&draws)
      let cost = model.stepCost(small)
      #expect(cost.host >= 0 && cost.compute >= 0 && cost.memory >= 0 && cost.network >= 0)
      let fields: [WritableKeyPath<StepShape, Int>] = [
        \.decodeContext, \.prefillTokens, \.sampledSequences, \.attentionProducts, \.prefixTokens,
        \.decodeSequences, \.prefillSequences,
      ]
      for field in fields {
        var larger = small
        larger[keyPath: field] += 1 + draws.upTo(100)
        #expect(model.stepCost(larger).total >= cost.total)
      }
    }
  }

  @Test func theTableNeverFallsPastItsKnots() throws {
    let model = try roofline(batched: 131_072, sequences: 4096)
    var last: Int64 = 0
    for tokens in stride(from: 1, to: 300_000, by: 37) {
      let cost = model.stepCost(
        StepShape(
          decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: tokens,
          sampledSequences: 1,
          attentionProducts: 0, prefixTokens: 0, largestChunk: tokens))
      #expect(cost.total >= last)
      last = cost.total
    }
  }

  @Test func absurdSizesSaturate() throws {
    let model = try roofline("llama-3.1-70b", tensor: 8)
    let cost = model.stepCost(
      StepShape(
        decodeSequences: 1 << 40, decodeContext: 1 << 60, prefillSequences: 1 << 40, prefillTokens: 1 << 60,
        sampledSequences: 1 << 41, attentionProducts: .max, prefixTokens: 1 << 60, largestChunk: 1 << 60))
    #expect(cost.total > 0 && cost.host >= 0)
  }

  @Test func figuresAreOfTheRightSize() throws {
    // Weights of 16 GB over 3.35 TB/s are 4.8 ms: a step takes more, but not twice as much.
    let small = try roofline()
    let one = seconds(small.decodeLine(sequences: 1).base.total)
    #expect(one > 0.005 && one < 0.010)
    // A full chunk of 8,192 prompt tokens needs 131 TFLOP
    // plus attention; H100 sustains 40 to 85 % of its peak.
    let prefill = seconds(
      small.stepCost(
        StepShape(
          decodeSequences: 0, decodeContext: 0, prefillSequences: 1, prefillTokens: 8192,
          sampledSequences: 1,
          attentionProducts: 8192 * 8193 / 2, prefixTokens: 0, largestChunk: 8192)
      ).total)
    #expect(prefill > 8192 * 15e9 / (989e12 * 0.85) && prefill < 8192 * 16e9 / (989e12 * 0.4))
    #expect(small.basis == .fitted)
    let fp8 = seconds(try roofline(weights: "fp8").decodeLine(sequences: 64).base.total)
    #expect(fp8 < seconds(small.decodeLine(sequences: 64).base.total))
    let sharded = try roofline("llama-3.1-70b", tensor: 4).decodeLine(sequences: 1).base
    #expect(sharded.network > 0 && seconds(sharded.total) > 0.0105 && seconds(sharded.total) < 0.025)
  }

  @Test func everyAcceleratorAndModelGivesCosts() throws {
    for accelerator in Catalog.builtIn.names(of: .accelerators) {
      let cost = try roofline(on: accelerator, batched: 256, sequences: 16).decodeLine(sequences: 16).base
      #expect(cost.total > 0 && seconds(cost.total) < 30)
    }
    for name in Catalog.builtIn.names(of: .models) {
      let cost = try roofline(name, tensor: 8, pipeline: 2, batched: 256, sequences: 16)
      #expect(cost.decodeLine(sequences: 16).base.total > 0)
    }
  }

  @Test func theLinearModelIsItsCoefficients() {
    let model = LinearModel(
      coefficients: .init(
        step: 1000, perToken: 10, perSequence: 3, perContextEntry: 2, perAttentionProduct: 1))
    let line = model.decodeLine(sequences: 4)
    #expect(line.base.total == 1052 && line.slope == 2)
    let step = model.stepCost(
      StepShape(
        decodeSequences: 4, decodeContext: 100, prefillSequences: 0, prefillTokens: 0, sampledSequences: 4,
        attentionProducts: 0, prefixTokens: 0, largestChunk: 0))
    #expect(step.total == 1252)
  }
}
