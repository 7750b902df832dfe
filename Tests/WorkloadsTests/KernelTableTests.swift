import Testing

@testable import Workloads

@Suite struct KernelTableTests {
  static func read(_ text: String) -> Result<KernelTable, KernelTableFaults> {
    KernelTableReader.read(Array(text.utf8))
  }

  static func faults(_ text: String) -> [KernelTableFault] {
    if case .failure(let failure) = read(text) { failure.faults } else { [] }
  }

  static let valid = """
    # device: test accelerator, layers and all
    # layers: 4
    # anything else that the writer wants to keep
    kind,layer,tensor,tokens,prefix,sequences,context,bytes,devices,time_us,spread_us

    dense,qkv,,16,,,,,,12.5,0.25
    dense,qkv,2,16,,,,,,7.5,
    moe,,1,16,,,,,,30,0
    attention,,1,128,512,,,,,40,
    attention,,1,,,8,4096,,,20,
    attention,,1,128,,8,4096,,,55,
    per_sequence,lm_head,1,,,8,,,,600,
    all_reduce,,,,,,,65536,4,9,
    decode_step,,1,,,8,4096,,,9000,
    prefill_step,,1,128,,,,,,12000,

    """

  @Test func aValidTableKeepsItsRows() throws {
    let table = try Self.read(Self.valid).get()
    #expect(table.origin.device == "test accelerator, layers and all")
    #expect(table.origin.layers == 4 && table.origin.hidden == nil)
    #expect(table.rows.count == 10)
    #expect(table.rows[0].layer == .qkv && table.rows[0].tokens == 16 && table.rows[0].seconds == 12.5e-6)
    #expect(table.rows[1].tensor == 2 && table.rows[0].tensor == 1)
    #expect(table.rows[3].prefix == 512 && table.rows[5].sequences == 8 && table.rows[5].context == 4096)
    #expect(table.rows[7].bytes == 65_536 && table.rows[7].devices == 4)
    #expect(table.rows[9].line == 15)
    let windows = Self.valid.replacing("\n", with: "\r\n")
    #expect(try Self.read(windows).get().rows == table.rows)
  }

  @Test func columnsMayComeInAnyOrderAndFewer() throws {
    let table = try Self.read("time_us, tokens ,kind,layer\n 3.5 , 8, dense, down").get()
    #expect(table.rows[0].tokens == 8 && table.rows[0].seconds == 3.5e-6 && table.rows[0].layer == .down)
  }

  /// What is replaced, by what, where the fault is, and what its text must hold.
  static let mistakes: [(old: String, new: String, line: Int, column: Int, says: String)] = [
    ("# layers: 4", "# layers: four", 2, 11, "'four'"),
    ("kind,layer", "kind,lager", 4, 6, "unknown column 'lager'"),
    ("kind,layer", "kind,kind", 4, 6, "comes twice"),
    (",time_us", ",time_ms", 4, 65, "unknown column 'time_ms'"),
    ("dense,qkv,,16", "dense,qvk,,16", 6, 7, "no layer 'qvk'"),
    ("dense,qkv,,16", "dense,lm_head,,16", 6, 7, "no layer 'lm_head'"),
    ("dense,qkv,,16", "dense,,,16", 6, 1, "needs 'layer'"),
    ("dense,qkv,,16", "dense,qkv,,", 6, 1, "needs 'tokens'"),
    ("dense,qkv,,16", "dense,qkv,,0", 6, 1, "at least 1"),
    ("dense,qkv,,16", "dense,qkv,0,16", 6, 1, "'tensor'"),
    ("dense,qkv,,16", "dense,qkv,,-3", 6, 12, "whole number"),
    ("dense,qkv,,16", "dense,qkv,,1e3", 6, 12, "whole number"),
    ("dense,qkv,,16", "danse,qkv,,16", 6, 1, "unknown kind 'danse'"),
    ("dense,qkv,,16,,,", "dense,qkv,,16,,8,", 6, 16, "has no 'sequences'"),
    ("12.5,0.25", "0,0.25", 6, 20, "microseconds"),
    ("12.5,0.25", "nan,0.25", 6, 20, "microseconds"),
    ("12.5,0.25", "-1,0.25", 6, 20, "microseconds"),
    ("12.5,0.25", "1e300,0.25", 6, 20, "microseconds"),
    ("12.5,0.25", "12.5,-1", 6, 25, "microseconds"),
    ("12.5,0.25", "12.5,1,1", 6, 27, "more cells"),
    ("12.5,0.25", "12.5", 6, 1, "expected 11 cells, found 10"),
    ("dense,qkv,,16,,,,,,12.5,0.25", "dense", 6, 1, "expected 11 cells, found 1"),
    ("128,512,,,,,40", "128,512,8,4,,,40", 9, 1, "at least one each"),
    ("attention,,1,,,8,4096", "attention,,1,,9,8,4096", 10, 1, "prefix belongs"),
    ("attention,,1,,,8,4096", "attention,,1,,,,", 10, 1, "or of both"),
    ("65536,4", "65536,1", 13, 1, "at least 2 devices"),
    ("dense,qkv,2,16", "dense,qkv,1,16", 7, 1, "same as line 6"),
  ]

  @Test(arguments: mistakes.indices) func everyMistakeIsFoundAtItsPlace(index: Int) {
    let mistake = Self.mistakes[index]
    #expect(Self.valid.contains(mistake.old))
    let found = Self.faults(Self.valid.replacing(mistake.old, with: mistake.new, maxReplacements: 1))
    let first = found.first
    #expect(first?.line == mistake.line && first?.column == mistake.column, "\(found)")
    #expect(first.map { "\($0.message) \($0.help ?? "")".contains(mistake.says) } == true, "\(found)")
  }

  @Test func theFileAsAWholeMayBeWrong() {
    #expect(Self.faults("").first?.message.contains("no rows") == true)
    #expect(Self.faults("kind,time_us\n").first?.message.contains("no rows") == true)
    #expect(Self.faults("kind,tokens\ndense,1\n").first?.message.contains("'time_us'") == true)
    #expect(Self.faults("\u{1f}\u{8b}").first != nil)
    #expect(KernelTableReader.read([0x1f, 0x8b, 8, 0]).faultCount == 1)
    let many = "kind,time_us\n" + String(repeating: "dense,x\n", count: 100)
    #expect(Self.faults(many).count == 20)
  }

  /// Rows that share no size would fill the memory with the grid between them.
  @Test func aGridOfMillionsOfMillionsIsRefused() {
    var text = "kind,sequences,context,time_us\n"
    for index in 1...3000 { text += "decode_step,\(index),\(index * index),5\n" }
    #expect(Self.faults(text).first?.message.contains("span a grid") == true)
  }

  @Test func noisyValuesAreRaisedAndLoweredToTheMiddle() {
    #expect(NeverFalling.repaired([1, 2, 2, 5], shape: [4]) == [1, 2, 2, 5])
    #expect(NeverFalling.repaired([1, 4, 2, 5], shape: [4]) == [1, 3, 3, 5])
    #expect(NeverFalling.repaired([3, 1, 2, 4], shape: [2, 2]) == [2, 2, 2.5, 4])
    var state: UInt64 = 9
    func draw() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40)
    }
    let shape = [3, 4, 5]
    let repaired = NeverFalling.repaired((0..<60).map { _ in draw() }, shape: shape)
    for index in repaired.indices {
      for (axis, stride) in [20, 5, 1].enumerated() where index / stride % shape[axis] > 0 {
        #expect(repaired[index] >= repaired[index - stride])
      }
    }
  }
}

extension Result where Failure == KernelTableFaults {
  fileprivate var faultCount: Int {
    if case .failure(let failure) = self { failure.faults.count } else { 0 }
  }
}
