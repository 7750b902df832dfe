import Catalog
import Quantities
import Testing
import Workloads

/// Sizes and costs of adapters against sums by hand.
@Suite struct AdapterShapeTests {
  static let all = AdapterShape.Target.allCases

  static func model(_ name: String) throws -> ModelShape { try #require(Catalog.builtIn.model(name)) }

  /// Rank 16 beside all linear layers of Llama 3.1 8B has 41,943,040 parameters, as PEFT prints it: a layer's
  /// q and o have 4096 + 4096 rows and columns, k and v 4096 + 1024, gate, up and down 4096 + 14336.
  @Test func anAdapterOfLlama8B() throws {
    let model = try Self.model("llama-3.1-8b")
    let adapter = AdapterShape(rank: 16, targets: Self.all)
    let layer = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 14336)
    #expect(16 * 32 * layer == 41_943_040)
    #expect(adapter.bytes(of: model).value == 83_886_080)
    #expect(adapter.bytesPerAccelerator(of: model, layout: ParallelLayout()).value == 83_886_080)
    let attention = AdapterShape(rank: 64, targets: [.output, .value, .query, .key])
    #expect(attention.targets == [.query, .key, .value, .output])
    #expect(attention.bytes(of: model).value == 2 * 64 * 32 * Double(2 * 8192 + 2 * 5120))
  }

  /// Over two accelerators one half of each pair is split, the other stands on both.
  @Test func tensorRanksShareHalfOfIt() throws {
    let model = try Self.model("llama-3.1-8b")
    let adapter = AdapterShape(rank: 16, targets: Self.all)
    let layer = 2 * (4096 + 2048) + 2 * (4096 + 512) + 3 * (4096 + 7168)
    let share = adapter.bytesPerAccelerator(of: model, layout: ParallelLayout(tensor: 2)).value
    #expect(share == Double(2 * 16 * 32 * layer))
    let staged = adapter.bytesPerAccelerator(of: model, layout: ParallelLayout(tensor: 2, pipeline: 2)).value
    #expect(staged == share / 2)
    // Beyond its 8 key and value heads every accelerator has a whole one.
    let wide = AdapterShape(rank: 8, targets: [.key])
    let split = wide.bytesPerAccelerator(of: model, layout: ParallelLayout(tensor: 16)).value
    #expect(split == Double(2 * 8 * 32 * (4096 + 128)))
  }

  @Test func slotsComeOutOfTheRoomForKVBlocks() throws {
    let model = try Self.model("llama-3.1-8b")
    let bf16 = try #require(Catalog.builtIn.precision("bf16"))
    func plan(_ slots: Int) throws -> MemoryPlan {
      let each = AdapterShape(rank: 16, targets: Self.all)
        .bytesPerAccelerator(of: model, layout: ParallelLayout())
      return MemoryPlan(
        model: model, accelerator: try #require(Catalog.builtIn.accelerator("h100-sxm")), weights: bf16,
        keyValue: bf16, layout: ParallelLayout(), engine: try #require(Catalog.builtIn.engine("vllm")),
        utilization: 0.9, maximumBatchedTokens: 8192, adapters: each * Double(slots))
    }
    let (without, with) = (try plan(0), try plan(100))
    #expect(with.adapters.value == 8_388_608_000)
    #expect(without.room - with.room == with.adapters)
    // 128 KiB a token, 16 tokens a block: 4,000 blocks.
    #expect(abs(without.blocks - with.blocks - 4_000) <= 1)
    #expect(!(try plan(1000)).fits)
  }

  @Test func stepsCostWhatTheirTokensAndAdaptersDo() throws {
    let model = try Self.model("llama-3.1-8b")
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    func cost(_ rank: Int, tensor: Int = 1) -> AdapterCost {
      AdapterCost(
        AdapterShape(rank: rank, targets: Self.all), model: model, accelerator: accelerator,
        layout: ParallelLayout(tensor: tensor))
    }
    let narrow = cost(16)
    func total(tokens: Int, adapters: Int, in cost: AdapterCost) -> Int64 {
      cost.of(tokens: tokens, adapters: adapters, sequences: 64, largestChunk: 0).total
    }
    #expect(total(tokens: 0, adapters: 0, in: narrow) == 0)
    #expect(total(tokens: 9, adapters: 4, in: narrow) > total(tokens: 8, adapters: 4, in: narrow))
    #expect(total(tokens: 8, adapters: 5, in: narrow) > total(tokens: 8, adapters: 4, in: narrow))
    #expect(total(tokens: 8, adapters: 4, in: cost(64)) > total(tokens: 8, adapters: 4, in: narrow))
    #expect(
      total(tokens: 8, adapters: 4, in: cost(16, tensor: 2)) < total(tokens: 8, adapters: 4, in: narrow))
    // Reading 80 MiB takes at least what the datasheet's 3.35 TB/s allow, and not three times as long.
    let floor = 83_886_080 / 3.35e12 * 16e9 * 256
    #expect(Double(narrow.perAdapter) > floor && Double(narrow.perAdapter) < 3 * floor)
    #expect(!narrow.isComputeBound && cost(1024).isComputeBound)
    // Punica reports some 2 ms a token more for a 7B model on an A100: a step of 32 sequences with 32
    // adapters costs that order.
    let step = Double(total(tokens: 32, adapters: 32, in: narrow)) / (16e9 * 256)
    #expect(step > 0.5e-3 && step < 4e-3, "\(step) s")
  }

  @Test func someMatricesHaveNoAdapters() throws {
    let experts = try Self.model("mixtral-8x7b")
    #expect(AdapterShape.has(.query, in: experts) && !AdapterShape.has(.up, in: experts))
    #expect(!AdapterShape.has(.query, in: try Self.model("deepseek-v3")))
  }
}
