import Catalog
import Quantities
import Testing

@testable import Workloads

/// A table of a made-up accelerator, by formulas or with noise.
struct MadeUpTable {
  static let tokens = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]
  static let prefixes = [0, 128, 1024, 8192]
  static let sequences = [1, 4, 16, 64, 256]
  static let contexts = [16, 200, 1000, 5000]

  var state: UInt64
  var noise: Double
  var text = "kind,layer,tensor,tokens,prefix,sequences,context,bytes,devices,time_us\n"

  init(seed: UInt64 = 1, noise: Double = 0) {
    state = seed
    self.noise = noise
  }

  mutating func upTo(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(limit + 1))
  }

  mutating func add(
    _ kind: String, layer: String = "", tensor: Int = 1, tokens: Int = 0, prefix: Int = 0,
    sequences: Int = 0, mean: Int = 0, bytes: Int = 0, devices: Int = 0, time: Double
  ) {
    let factor = 1 + noise * (Double(upTo(2000)) / 1000 - 1)
    let sizes = [tokens, prefix, sequences, sequences * mean, bytes, devices]
      .map { $0 == 0 ? "" : "\($0)" }.joined(separator: ",")
    text += "\(kind),\(layer),\(tensor),\(sizes),\(time * factor)\n"
  }

  static func prompt(_ tokens: Int, _ prefix: Int) -> Double {
    8 + Double(tokens) * (Double(prefix) + Double(tokens) / 2) * 6e-5 + Double(prefix) * 0.01
  }
  static func decode(_ sequences: Int, _ mean: Int) -> Double {
    // Concave in the contexts, as real kernels are.
    9 + 0.12 * Double(sequences) + 0.003 * Double(sequences * mean) * (1 + 100 / Double(mean + 300))
  }

  mutating func addKernels(tensor: Int = 1, share: Double = 1) {
    let weights: [(String, Double)] = [("qkv", 30), ("o", 20), ("gate_up", 140), ("down", 70)]
    for count in Self.tokens {
      for (layer, time) in weights {
        add(
          "dense", layer: layer, tensor: tensor, tokens: count, time: time * share * (1 + Double(count) / 150)
        )
      }
      for layer in ["norm", "activation", "rotary", "embedding", "final_norm"] {
        add("dense", layer: layer, tensor: tensor, tokens: count, time: 2 + 0.01 * Double(count))
      }
    }
    for count in Self.sequences {
      add(
        "per_sequence", layer: "lm_head", tensor: tensor, sequences: count,
        time: 600 * share + 0.5 * Double(count))
      add("per_sequence", layer: "sampler", tensor: tensor, sequences: count, time: 25 + 0.4 * Double(count))
      for mean in Self.contexts {
        add("attention", tensor: tensor, sequences: count, mean: mean, time: Self.decode(count, mean) * share)
      }
    }
    for count in Self.tokens where count >= 16 {
      for prefix in Self.prefixes {
        add(
          "attention", tensor: tensor, tokens: count, prefix: prefix, time: Self.prompt(count, prefix) * share
        )
      }
    }
  }

  mutating func addMixed() {
    for count in [16, 256, 1024] {
      for sequences in [1, 16, 64] {
        for mean in [200, 1000] {
          let time = Self.prompt(count, 0) + 1.7 * Self.decode(sequences, mean)
          add("attention", tokens: count, sequences: sequences, mean: mean, time: time)
        }
      }
    }
  }

  mutating func addExperts() {
    for count in Self.tokens {
      add("moe", tokens: count, time: 90 + 700 * (1 - 1 / (1 + Double(count) / 20)))
    }
  }

  mutating func addSteps() {
    for count in Self.tokens {
      for prefix in Self.prefixes {
        let time =
          9000 + 20 * Double(count) + 32 * 6e-5 * Double(count) * (Double(prefix) + Double(count) / 2)
        add("prefill_step", tokens: count, prefix: prefix, time: time)
      }
    }
    for sequences in Self.sequences {
      for mean in Self.contexts {
        add(
          "decode_step", sequences: sequences, mean: mean, time: 9500 + 32 * Self.decode(sequences, mean))
      }
    }
  }

  func table() throws -> KernelTable { try KernelTableReader.read(Array(text.utf8)).get() }
}

@Suite struct TableModelTests {
  static func model(
    _ made: MadeUpTable, of name: String = "llama-3.1-8b", tensor: Int = 1, pipeline: Int = 1,
    host: Bool = false
  ) throws -> TableModel {
    let catalog = Catalog.builtIn
    let shape = try #require(catalog.model(name))
    var engine = try #require(catalog.engine("vllm"))
    if !host {
      (engine.stepOverhead, engine.layerOverhead, engine.sequenceOverhead) = (.zero, .zero, .zero)
    }
    let half = try #require(catalog.precision("bf16"))
    let estimate = RooflineModel(
      model: shape, accelerator: try #require(catalog.accelerator("h100-sxm")), weights: half,
      activations: half, keyValue: half, layout: ParallelLayout(tensor: tensor, pipeline: pipeline),
      engine: engine, maximumBatchedTokens: 4096, maximumSequences: 256)
    return TableModel(
      table: try made.table(), model: shape, tensorParallelism: tensor, pipelineParallelism: pipeline,
      engine: engine, estimate: estimate, basis: .measured)
  }

  static func step(_ decode: Int, _ mean: Int, _ chunk: Int, _ prefix: Int, prompts: Int = 1) -> StepShape {
    StepShape(
      decodeSequences: decode, decodeContext: decode * mean, prefillSequences: chunk > 0 ? prompts : 0,
      prefillTokens: chunk * prompts, sampledSequences: decode + (chunk > 0 ? prompts : 0),
      attentionProducts: prompts * (chunk * prefix + chunk * (chunk + 1) / 2), prefixTokens: prefix * prompts,
      largestChunk: chunk, longestPrefix: prefix)
  }

  static func microseconds(_ fine: Int64) -> Double { Double(fine) / FineTicks.perSecond * 1e6 }

  /// What the rows of `MadeUpTable` add up to at counts that were measured.
  static func sum(tokens: Int, sampled: Int, attention: Double) -> Double {
    let t = Double(tokens)
    let products = 32 * (30 + 20 + 140 + 70) * (1 + t / 150)
    let rest = (2 * 32 + 32 + 32 + 1 + 1) * (2 + 0.01 * t)
    return products + rest + 625 + 0.9 * Double(sampled) + 32 * attention
  }

  @Test func costsAreExactWhereTheyWereMeasured() throws {
    var made = MadeUpTable()
    made.addKernels()
    made.addMixed()
    let model = try Self.model(made)
    for sequences in MadeUpTable.sequences {
      for mean in MadeUpTable.contexts {
        let cost = Self.microseconds(model.stepCost(Self.step(sequences, mean, 0, 0)).total)
        let expected = Self.sum(
          tokens: sequences, sampled: sequences, attention: MadeUpTable.decode(sequences, mean))
        #expect(abs(cost - expected) < 1e-3 * expected / 1000)
      }
    }
    for tokens in MadeUpTable.tokens where tokens >= 16 {
      for prefix in MadeUpTable.prefixes {
        let cost = Self.microseconds(model.stepCost(Self.step(0, 0, tokens, prefix)).total)
        let expected = Self.sum(tokens: tokens, sampled: 1, attention: MadeUpTable.prompt(tokens, prefix))
        #expect(abs(cost - expected) < 1e-6 * expected, "\(tokens) behind \(prefix)")
      }
    }
    // A prompt's 240 tokens beside 16 sequences make 256; attention was measured at 256 and 16.
    let both = Self.microseconds(model.stepCost(Self.step(16, 1000, 1024 - 16, 0)).total)
    let low = MadeUpTable.prompt(256, 0) + 1.7 * MadeUpTable.decode(16, 1000)
    let high = MadeUpTable.prompt(1024, 0) + 1.7 * MadeUpTable.decode(16, 1000)
    #expect(both > Self.sum(tokens: 1024, sampled: 17, attention: low))
    #expect(both < Self.sum(tokens: 1024, sampled: 17, attention: high))
  }

  @Test func tokensOfOneTileCostTheSame() throws {
    var made = MadeUpTable()
    made.addKernels()
    let model = try Self.model(made)
    func body(_ tokens: Int) -> Int64 {
      // No attention of note: a chunk below the first measured one costs what that costs.
      model.decodeLine(sequences: tokens, context: tokens).base.compute
    }
    // Between 32 and 64 the next multiple of sixteen counts; below 16 every measured count does.
    #expect(body(33) == body(48) && body(48) < body(49) && body(49) == body(64))
    #expect(body(5) == body(8) && body(8) < body(16))
  }

  @Test(arguments: [1, 3]) func aDecodeLineHoldsUpToItsLimitAndGoesOnFromThere(pipeline: Int) throws {
    var made = MadeUpTable(seed: 3, noise: 0.05)
    made.addKernels()
    let model = try Self.model(made, pipeline: pipeline)
    for sequences in [1, 2, 3, 16, 17, 100, 256, 300] {
      var context = sequences
      var lines = 0
      while context < sequences * 12_000 {
        let line = model.decodeLine(sequences: sequences, context: context)
        #expect(line.slope >= 0 && line.limit >= Int64(context))
        let far = Int(min(line.limit, Int64(sequences) * 12_000))
        for place in [context, (context + far) / 2, far] {
          let cost = model.stepCost(
            StepShape(
              decodeSequences: sequences, decodeContext: place, prefillSequences: 0, prefillTokens: 0,
              sampledSequences: sequences, attentionProducts: 0, prefixTokens: 0, largestChunk: 0))
          #expect(cost.total == line.base.total + line.slope * Int64(place))
          #expect(cost.host >= 0 && cost.compute >= 0 && cost.memory >= 0)
        }
        // One entry further costs a slope more, give or take what rounding the slope down left over.
        let end = line.base.total + line.slope * Int64(far)
        let next = model.stepCost(Self.step(sequences, 0, 0, 0).with(context: far + 1)).total
        #expect(next >= end)
        #expect(Self.microseconds(next - end) < 1)
        context = far + 1
        lines += 1
      }
      #expect(lines >= 4 && lines <= 6)
    }
  }

  @Test(arguments: [0, 0.02, 0.3]) func moreWorkNeverCostsLess(noise: Double) throws {
    for pipeline in [1, 2] {
      var made = MadeUpTable(seed: 11, noise: noise)
      made.addKernels()
      made.addMixed()
      let model = try Self.model(made, pipeline: pipeline)
      var draws = MadeUpTable(seed: 5)
      for _ in 0..<400 {
        let (decode, mean) = (draws.upTo(300), 1 + draws.upTo(6000))
        let (chunk, prefix) = (draws.upTo(3) == 0 ? 0 : 1 + draws.upTo(3000), draws.upTo(9000))
        if decode == 0 && chunk == 0 { continue }
        let cost = model.stepCost(Self.step(decode, mean, chunk, prefix)).total
        let more = 1 + draws.upTo(200)
        #expect(model.stepCost(Self.step(decode, mean + more, chunk, prefix)).total >= cost)
        #expect(model.stepCost(Self.step(decode + more, mean, chunk, prefix)).total >= cost)
        #expect(model.stepCost(Self.step(decode, mean, chunk + more, prefix)).total >= cost)
        if chunk > 0 {
          #expect(model.stepCost(Self.step(decode, mean, chunk, prefix + more)).total >= cost)
          // Another prompt beside it, with nothing cached; in a pipeline it would fill another lane.
          if pipeline > 1 { continue }
          var beside = Self.step(decode, mean, chunk, prefix)
          beside.prefillSequences += 1
          beside.prefillTokens += more
          beside.attentionProducts += more * (more + 1) / 2
          beside.largestChunk = max(beside.largestChunk, more)
          #expect(model.stepCost(beside).total >= cost)
        }
      }
    }
  }

  @Test func absurdSizesSaturate() throws {
    var made = MadeUpTable()
    made.addKernels()
    made.addMixed()
    for pipeline in [1, 4] {
      let model = try Self.model(made, pipeline: pipeline, host: true)
      let cost = model.stepCost(
        StepShape(
          decodeSequences: 1 << 40, decodeContext: 1 << 60, prefillSequences: 1 << 40,
          prefillTokens: 1 << 60, sampledSequences: 1 << 41, attentionProducts: .max, prefixTokens: 1 << 60,
          largestChunk: 1 << 60, longestPrefix: 1 << 60))
      #expect(cost.total > 0 && cost.host >= 0)
    }
  }

  @Test func wholeStepsDecideWhereTheyWereMeasured() throws {
    var made = MadeUpTable()
    made.addSteps()
    let model = try Self.model(made)
    for sequences in MadeUpTable.sequences {
      for mean in MadeUpTable.contexts {
        let cost = Self.microseconds(model.stepCost(Self.step(sequences, mean, 0, 0)).total)
        #expect(abs(cost - (9500 + 32 * MadeUpTable.decode(sequences, mean))) < 0.01)
      }
    }
    for tokens in MadeUpTable.tokens {
      for prefix in MadeUpTable.prefixes {
        let cost = Self.microseconds(model.stepCost(Self.step(0, 0, tokens, prefix)).total)
        let pairs = Double(tokens) * (Double(prefix) + Double(tokens) / 2)
        let expected = 9000 + 20 * Double(tokens) + 32 * 6e-5 * pairs
        #expect(abs(cost / expected - 1) < 0.002, "\(tokens) behind \(prefix): \(cost), \(expected)")
      }
    }
    // A prompt never makes a decoding step shorter.
    let alone = model.stepCost(Self.step(64, 1000, 0, 0)).total
    #expect(model.stepCost(Self.step(64, 1000, 1, 0)).total >= alone)
    #expect(model.stepCost(Self.step(64, 1000, 512, 0)).total > alone)
  }

  /// Kernels say what lies between whole steps: here their sum jumps at 257 tokens, the steps' line does not.
  @Test func kernelsShapeWhatLiesBetweenWholeSteps() throws {
    var made = MadeUpTable()
    made.addKernels()
    for tokens in [16, 1024, 4096] {
      made.add("prefill_step", tokens: tokens, time: 20_000 + 40 * Double(tokens))
    }
    let plain = try Self.model(made)
    for tokens in [16, 1024, 4096] {
      let cost = Self.microseconds(plain.stepCost(Self.step(0, 0, tokens, 0)).total)
      #expect(abs(cost / (20_000 + 40 * Double(tokens)) - 1) < 1e-6)
    }
    for (layer, time) in [("qkv", 220.0), ("o", 150), ("gate_up", 1000), ("down", 500)] {
      made.add("dense", layer: layer, tokens: 272, time: time)
    }
    let jumping = try Self.model(made)
    func cost(_ model: TableModel, _ tokens: Int) -> Int64 {
      model.stepCost(Self.step(0, 0, tokens, 0)).total
    }
    #expect(cost(jumping, 256) == cost(plain, 256))
    #expect(cost(jumping, 272) > cost(plain, 272) + cost(plain, 272) / 4)
  }

  @Test func otherTensorParallelismIsScaled() throws {
    var made = MadeUpTable()
    made.addKernels()
    let one = try Self.model(made)
    let two = try Self.model(made, tensor: 2)
    let (whole, half) = (
      one.decodeLine(sequences: 64, context: 64_000), two.decodeLine(sequences: 64, context: 64_000)
    )
    #expect(half.base.network > 0 && whole.base.network == 0)
    #expect(half.slope <= whole.slope / 2 && half.slope >= whole.slope / 2 - 1)
    // Rows of its own come first, and all-reduces that were timed.
    made.addKernels(tensor: 2, share: 0.7)
    for bytes in [1024, 1 << 20, 1 << 26] {
      made.add("all_reduce", bytes: bytes, devices: 2, time: 10 + Double(bytes) / 1e5)
    }
    let own = try Self.model(made, tensor: 2).decodeLine(sequences: 64, context: 64_000)
    #expect(own.slope > half.slope)
    let bytes = 2.0 * 64 * 4096
    #expect(abs(Self.microseconds(own.base.network) - 64 * (10 + bytes / 1e5)) < 0.01)
  }

  @Test func expertsAreMeasuredAsOneLayer() throws {
    var made = MadeUpTable()
    made.addKernels()
    made.addExperts()
    let dense = try Self.model(made, of: "qwen3-8b")
    let sparse = try Self.model(made, of: "qwen3-30b-a3b")
    #expect(sparse.stepCost(Self.step(0, 0, 64, 0)).total > dense.stepCost(Self.step(0, 0, 64, 0)).total)
  }
}

extension StepShape {
  fileprivate func with(context: Int) -> StepShape {
    var copy = self
    copy.decodeContext = context
    return copy
  }
}
