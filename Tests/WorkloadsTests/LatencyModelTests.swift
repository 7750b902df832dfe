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
  tensor: Int = 1, pipeline: Int = 1, data: Int = 1, expert: Int = 1, batched: Int = 8192,
  sequences: Int = 256
) throws -> RooflineModel {
  let catalog = Catalog.builtIn
  return RooflineModel(
    model: try #require(catalog.model(model)), accelerator: try #require(catalog.accelerator(accelerator)),
    weights: try #require(catalog.precision(weights)), activations: try #require(catalog.precision("bf16")),
    keyValue: try #require(catalog.precision("bf16")),
    layout: ParallelLayout(tensor: tensor, pipeline: pipeline, expert: expert, data: data),
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

  static func prompts(_ count: Int, of tokens: Int) -> StepShape {
    StepShape(
      decodeSequences: 0, decodeContext: 0, prefillSequences: count, prefillTokens: count * tokens,
      sampledSequences: count, attentionProducts: count * tokens * (tokens + 1) / 2, prefixTokens: 0,
      largestChunk: tokens)
  }

  @Test("data ranks read their prompts side by side: dearer than one prompt, cheaper than one after another")
  func dataRanks() throws {
    for (data, expert) in [(8, 1), (8, 8), (4, 2)] {
      let model = try roofline("deepseek-v3", on: "h200-sxm", weights: "fp8", data: data, expert: expert)
      for tokens in [64, 1000, 4000] {
        let one = model.stepCost(Self.prompts(1, of: tokens)).total
        let all = model.stepCost(Self.prompts(data, of: tokens)).total
        #expect(one < all && all < Int64(data) * one, "\(data) ranks, \(tokens) tokens: \(one), \(all)")
      }
    }
  }

  @Test("a rank's prompt is not charged for the experts' work of ranks that have none")
  func idleRanks() throws {
    let ranks = try roofline("deepseek-v3", on: "h200-sxm", weights: "fp8", data: 8, expert: 8)
    // Eight times the tokens load the experts eight times as much, and each rank no more than before.
    let one = ranks.stepCost(Self.prompts(1, of: 4000))
    let eight = ranks.stepCost(Self.prompts(8, of: 4000))
    #expect(Double(eight.compute) > 1.5 * Double(one.compute))
  }

  @Test("the busiest group of experts gets what chance sends it, and what popularity adds")
  func busiestGroup() {
    var even = ParallelLayout(expert: 8, data: 8)
    #expect(ParallelLayout(tensor: 8).busiestGroupTokens(of: 1000) == 1000)
    var draws = Draws(state: 5)
    for balls in [64, 512, 4096] {
      var mean = 0.0
      for _ in 0..<400 {
        var bins = [Int](repeating: 0, count: 8)
        for _ in 0..<balls { bins[draws.upTo(7)] += 1 }
        mean += Double(bins.max() ?? 0) / 400
      }
      // The formula is one for many balls; the fullest bin of a few is somewhat less full.
      let formula = even.busiestGroupTokens(of: Double(balls))
      #expect(formula >= mean && formula < 1.2 * mean, "\(balls): \(formula) for \(mean)")
    }
    let before = even.busiestGroupTokens(of: 4096)
    even.expertImbalance = 2
    #expect(even.busiestGroupTokens(of: 4096) > 1.8 * before)
    even.expertImbalance = 100
    #expect(even.busiestGroupTokens(of: 4096) == 4096)
  }

  @Test("with data and expert ranks too, a step without prompts is the line and more work never shorter")
  func layouts() throws {
    for (data, expert, pipeline) in [(8, 8, 1), (4, 2, 2)] {
      let model = try roofline(
        "deepseek-v3", on: "h200-sxm", weights: "fp8", pipeline: pipeline, data: data, expert: expert)
      for sequences in [1, 7, 8, 9, 300] {
        let line = model.decodeLine(sequences: sequences)
        let step = model.stepCost(
          StepShape(
            decodeSequences: sequences, decodeContext: 999 * sequences, prefillSequences: 0, prefillTokens: 0,
            sampledSequences: sequences, attentionProducts: 0, prefixTokens: 0, largestChunk: 0))
        #expect(step.total == line.base.total + line.slope * Int64(999 * sequences))
      }
      var draws = Draws(state: 11)
      for _ in 0..<300 {
        let small = shape(&draws)
        let cost = model.stepCost(small)
        #expect(cost.host >= 0)
        for field in [\StepShape.decodeContext, \.attentionProducts, \.largestChunk] {
          var larger = small
          larger[keyPath: field] += 1 + draws.upTo(100)
          #expect(model.stepCost(larger).total >= cost.total)
        }
        let more = 1 + draws.upTo(100)
        #expect(model.stepCost(Self.lengthened(small, by: more)).total >= cost.total)
      }
    }
  }

  /// The same step with longer chunks: each new token attends to all that stands before it in its prompt.
  private static func lengthened(_ shape: StepShape, by more: Int) -> StepShape {
    let prompts = shape.prefillSequences
    let (chunk, prefix) = (shape.largestChunk + more, shape.prefixTokens / max(1, prompts))
    var longer = shape
    longer.prefillTokens = prompts * chunk
    longer.attentionProducts = prompts * chunk * prefix + prompts * chunk * (chunk + 1) / 2
    longer.largestChunk = prompts > 0 ? chunk : 0
    return longer
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
