import Catalog
import Quantities
import Testing

@testable import Workloads

private func plan(
  _ model: String, on accelerator: String = "h100-sxm", weights: String = "bf16", keyValue: String = "bf16",
  tensor: Int = 1, pipeline: Int = 1, blocks: Int? = nil
) throws -> MemoryPlan {
  let catalog = Catalog.builtIn
  return MemoryPlan(
    model: try #require(catalog.model(model)), accelerator: try #require(catalog.accelerator(accelerator)),
    weights: try #require(catalog.precision(weights)), keyValue: try #require(catalog.precision(keyValue)),
    layout: ParallelLayout(tensor: tensor, pipeline: pipeline), engine: try #require(catalog.engine("vllm")),
    utilization: 0.9,
    maximumBatchedTokens: 8192, blocks: blocks)
}

@Suite struct MemoryPlanTests {
  @Test func aTokenOfLlama70BTakes327680Bytes() throws {
    let whole = try plan("llama-3.1-70b", tensor: 4)
    #expect(whole.keyValueBytesPerToken == Bytes(327_680))
    #expect(whole.keyValueBytesPerTokenPerAccelerator == Bytes(81_920))
    // Eight KV heads over sixteen accelerators: each keeps one, twice in all.
    #expect(try plan("llama-3.1-70b", tensor: 16).keyValueBytesPerTokenPerAccelerator == Bytes(40_960))
    #expect(
      try plan("llama-3.1-70b", tensor: 4, pipeline: 2).keyValueBytesPerTokenPerAccelerator == Bytes(40_960)
    )
  }

  @Test func fourEightyGigabyteDevicesHoldAboutAHundredLongSequences() throws {
    // Some 109 sequences of 4,096 tokens in bf16, 324 with fp8 weights and cache, buffers left out.
    let wide = try plan("llama-3.1-70b", tensor: 4)
    let narrow = try plan("llama-3.1-70b", weights: "fp8", keyValue: "fp8", tensor: 4)
    #expect(wide.fits && wide.shortage.isEmpty)
    func bare(_ plan: MemoryPlan) -> Double {
      (plan.deviceMemory * plan.utilization - plan.weights).value
        / plan.keyValueBytesPerTokenPerAccelerator.value / 4096
    }
    #expect(bare(wide) > 98 && bare(wide) < 125)
    #expect(bare(narrow) > 290 && bare(narrow) < 350)
    #expect(Double(wide.tokens) / 4096 < bare(wide) && Double(wide.tokens) / 4096 > bare(wide) * 0.8)
  }

  @Test func theBlocksFillTheRoomAndNoMore() throws {
    for tensor in [1, 2, 4, 8] {
      let plan = try plan("llama-3.1-8b", tensor: tensor)
      let taken = plan.blockBytes * Double(plan.blocks)
      #expect(taken <= plan.room && taken + plan.blockBytes > plan.room)
    }
  }

  @Test func whatDoesNotFitSaysByHowMuch() throws {
    let short = try plan("llama-3.1-70b")
    #expect(!short.fits && short.blocks == 0)
    #expect(short.shortage.hasPrefix("does not fit: "))
    let forced = try plan("llama-3.1-8b", blocks: 1000)
    #expect(forced.fits && forced.blocks == 1000 && forced.isOverridden)
    #expect(try !plan("llama-3.1-8b", blocks: 1 << 40).fits)
  }
}
