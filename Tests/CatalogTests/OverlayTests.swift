import Quantities
import Testing

@testable import Catalog

/// Facts of a user's own over those of the catalogue.
@Suite struct OverlayTests {
  static func fact(_ name: String, _ key: String, _ value: String, kind: Kind = .engines) -> OverlayFact {
    OverlayFact(
      kind: kind,
      fact: Fact(
        name: name, key: key, value: value, unit: "s", source: "mine", date: "2026-01-01", note: "a, \"b\""))
  }

  @Test("the last one wins, what is new is added, and the rest stays as it was")
  func layers() throws {
    let before = try #require(Catalog.builtIn.engine("vllm"))
    let catalog = Catalog.builtIn
      .overlaid(with: [Self.fact("vllm", "step-overhead-s", "0.5"), Self.fact("mine", "block-size", "7")])
      .overlaid(with: [Self.fact("vllm", "step-overhead-s", "0.25")])
    let after = try #require(catalog.engine("vllm"))
    #expect(after.stepOverhead == Seconds(0.25) && after.layerOverhead == before.layerOverhead)
    #expect(catalog.rows(of: .engines, named: "mine").map(\.value) == ["7"])
    #expect(
      Catalog.builtIn.engine("vllm") == before && catalog.engine("sglang") == Catalog.builtIn.engine("sglang")
    )
    #expect(catalog.names(of: .engines) == (Catalog.builtIn.names(of: .engines) + ["mine"]).sorted())
  }

  @Test(
    "what something is divided by, or a queue is sized by, is not 0",
    arguments: [
      "engines,vllm,block-size,0,tokens",
      "engines,vllm,maximum-sequences,0,",
      "engines,vllm,block-size,1e30,",
      "endpoints,together-llama-3.1-8b,output-rate,0,tokens/s",
      "efficiencies,h100-sxm,dense.bf16.sharpness,1e30,",
      "efficiencies,h100-sxm,dense.bf16.compute,0,",
      "accelerators,h100-sxm,memory,0,GB",
    ])
  func unusable(row: String) throws {
    let text = "kind,name,key,value,unit,source,date,note\n\(row),me,2026-01-01,\n"
    guard case .failure(let faults) = OverlayFile.read(Array(text.utf8)) else {
      Issue.record("it was taken")
      return
    }
    #expect(faults.rows.count == 1 && faults.rows[0].message.contains("a number from"))
  }

  @Test("a version's facts stand before the engine's, the longest beginning first, and cannot be named alone")
  func versions() throws {
    let catalog = Catalog.builtIn.overlaid(with: [
      Self.fact("vllm@0", "step-overhead-s", "0.1"), Self.fact("vllm@0.9", "step-overhead-s", "0.2"),
    ])
    func overhead(_ version: String?) -> Seconds? { catalog.engine("vllm", version: version)?.stepOverhead }
    #expect(overhead("0.9.2") == Seconds(0.2) && overhead("0.10") == Seconds(0.1))
    #expect(overhead(nil) == Catalog.builtIn.engine("vllm")?.stepOverhead && overhead("1.0") == overhead(nil))
    #expect(!catalog.writableNames(of: .engines).contains { $0.contains("@") })
  }

  @Test(
    "an engine schedules ahead from the version that began to",
    arguments: [
      ("vllm", "0.13.2", false), ("vllm", "0.14.0", true), ("vllm", "v0.14", true), ("vllm", "1.0", true),
      ("tensorrt-llm", "0.20.0", false), ("tensorrt-llm", "1.0.0rc1", true), ("sglang", "0.4.1", true),
    ])
  func schedulingAhead(engine: String, version: String, expected: Bool) throws {
    #expect(try #require(Catalog.builtIn.engine(engine, version: version)).schedulesAhead == expected)
  }

  @Test("a file says what was written, quotes and commas too")
  func roundTrip() throws {
    let facts = [Self.fact("vllm", "step-overhead-s", "0.5"), Self.fact("x", "y", "1e-05", kind: .models)]
    #expect(try OverlayFile.read(Array(OverlayFile.text(of: facts).utf8)).get() == facts)
  }

  @Test("every faulty row is named, with what would have been right")
  func faults() {
    let text = """
      kind,name,key,value,unit,source,date,note
      engins,vllm,step-overhead-s,1,s,a,b,c
      engines,vllm,step-overhead-s,-1,s,a,b,c
      engines,vllm,step-overhead-s,fast,s,a,b,c
      engines,,x,1,s,a,b,c
      engines,vllm
      """
    guard case .failure(let found) = OverlayFile.read(Array(text.utf8)) else {
      Issue.record("faults were not seen")
      return
    }
    #expect(found.rows.map(\.row) == [2, 3, 4, 5, 6])
    #expect(found.rows[0].message.contains("did you mean 'engines'?"))
    #expect(found.rows[4].message.contains("expected 8 cells"))
    #expect((try? OverlayFile.read(Array("a,b\n".utf8)).get()) == nil)
  }
}
