import Foundation
import Scenario
import Testing

/// Parameter spaces: what the points are, and what is wrong with them.
@Suite("Parameter spaces")
struct SweepSpaceTests {
  static let rate = "workloads.chat.arrivals.rate"
  static let count = "designs.one.pools.gpu.count"

  static func family(_ block: String = "", overrides: [Override] = []) throws -> ScenarioFamily {
    try ScenarioFamily(
      bytes: Array((FaultTests.valid + block).utf8), file: "test.yaml", folder: "/nowhere",
      overrides: overrides)
  }

  static func space(_ parameters: String, _ rest: String = "") throws -> SweepSpace {
    try family("sweep:\n  parameters:\n    \(parameters)\n  \(rest)\n").sweepSpace().get()
  }

  static func texts(_ space: SweepSpace) -> [[String]] {
    (0..<space.count).map { space.point($0).map(\.text) }
  }

  static func faults(_ parameters: String, _ rest: String = "") throws -> [Fault] {
    let family = try family("sweep:\n  parameters:\n    \(parameters)\n  \(rest)\n")
    switch family.sweepSpace() {
    case .failure(let report): return report.faults
    case .success(let space): return family.faults(in: space)?.faults ?? []
    }
  }

  @Test("a grid is the product in the order of the file, the first parameter slowest")
  func grid() throws {
    let space = try Self.space("\(Self.count): [1, 2]\n    \(Self.rate): [2/s, 3/s, 5/s]")
    #expect(
      Self.texts(space) == [
        ["1", "2/s"], ["1", "3/s"], ["1", "5/s"], ["2", "2/s"], ["2", "3/s"], ["2", "5/s"],
      ])
  }

  @Test(
    "ranges keep unit, ends and whole numbers",
    arguments: [
      ("rate", "{ from: 2/s, to: 40/s, steps: 2, scale: log }", ["2/s", "40/s"]),
      ("rate", "{ from: 1/s, to: 100/s, steps: 3, scale: log }", ["1/s", "10/s", "100/s"]),
      ("rate", "{ from: 0.1/s, to: 0.4/s, by: 0.1 }", ["0.1/s", "0.2/s", "0.3/s", "0.4/s"]),
      ("rate", "{ from: 1/s, to: 2/s, by: 0.4/s }", ["1/s", "1.4/s", "1.8/s"]),
      ("rate", "{ from: 3/s, to: 1/s, by: 1 }", ["3/s", "2/s", "1/s"]),
      ("rate", "{ from: 5/s, to: 9/s, steps: 1 }", ["5/s"]),
      ("count", "{ from: 1, to: 4 }", ["1", "2", "3", "4"]),
      ("count", "{ from: 1, to: 10, steps: 4 }", ["1", "4", "7", "10"]),
      ("count", "{ from: 1, to: 3, steps: 5 }", ["1", "2", "3"]),
      ("count", "{ from: 1, to: 64, steps: 7, scale: log }", ["1", "2", "4", "8", "16", "32", "64"]),
    ])
  func ranges(key: String, range: String, values: [String]) throws {
    let space = try Self.space("\(key == "rate" ? Self.rate : Self.count): \(range)")
    #expect(Self.texts(space).map { $0[0] } == values)
  }

  @Test(
    "the command line says the same",
    arguments: [
      ("1,2,4", ["1", "2", "4"]), ("1..8:1", ["1", "2", "3", "4", "5", "6", "7", "8"]),
      ("1..3", ["1", "2", "3"]), ("1..64:7log", ["1", "2", "4", "8", "16", "32", "64"]),
      ("2..8:3lin", ["2", "5", "8"]), ("9,", nil),
    ])
  func settings(value: String, values: [String]?) throws {
    let setting = SweepSetting(path: Self.count, value: value)
    #expect(setting.isSwept)
    let space = try Self.family().sweepSpace(settings: [setting])
    guard let values else {
      let family = try Self.family()
      #expect(family.faults(in: try space.get()) != nil)
      return
    }
    #expect(Self.texts(try space.get()).map { $0[0] } == values)
  }

  @Test("one value is no sweep, whatever it looks like")
  func single() {
    for value in ["5", "2/s", "../x.csv", "a..b", "[1, 2]", "{ process: burst, count: 9 }", "llama-3.1-8b"] {
      #expect(!SweepSetting(path: "x", value: value).isSwept, "\(value)")
    }
  }

  @Test("the command line stands before the block: in its place, as one value, or after it")
  func precedence() throws {
    let family = try Self.family(
      "sweep: { parameters: { \(Self.rate): [2/s, 3/s], \(Self.count): [1, 2] } }\n",
      overrides: [Override(path: Self.count, value: "3")])
    let space = try family.sweepSpace(
      settings: [
        SweepSetting(path: "seed", value: "1,2"), SweepSetting(path: Self.rate, value: "7/s,8/s"),
      ], fixed: [Self.count]
    ).get()
    #expect(space.parameters.map(\.path) == [Self.rate, "seed"])
    #expect(Self.texts(space) == [["7/s", "1"], ["7/s", "2"], ["8/s", "1"], ["8/s", "2"]])
    #expect(try family.scenario(at: space.overrides(ofPoint: 3)).get().seed == 2)
  }

  @Test("zip takes values together; sampled points keep to the ranges, whole numbers whole, and repeat")
  func otherMethods() throws {
    let parameters = "\(Self.count): { from: 1, to: 8 }\n    \(Self.rate): { from: 1/s, to: 9/s, scale: log }"
    let zipped = try Self.space("\(Self.count): [1, 2]\n    \(Self.rate): [2/s, 3/s]", "method: zip")
    #expect(Self.texts(zipped) == [["1", "2/s"], ["2", "3/s"]])
    for method in ["sobol", "latin-hypercube"] {
      let space = try Self.space(parameters, "method: \(method)\n  points: 64")
      let texts = Self.texts(space)
      let again = Self.texts(try Self.space(parameters, "method: \(method)\n  points: 64"))
      #expect(texts.count == 64 && texts == again)
      // 64 points over 8 whole numbers: 8 of each.
      if method == "latin-hypercube" {
        for count in 1...8 { #expect(texts.count { $0[0] == "\(count)" } == 8) }
      }
      for values in texts {
        let rate = try #require(Double(values[1].dropLast(2)))
        #expect((1...8).contains(Int(values[0]) ?? 0) && (1...9).contains(rate) && values[1].hasSuffix("/s"))
      }
    }
  }

  @Test("sampled points of few whole numbers are each run once, the first of equals in their order")
  func distinct() throws {
    for method in ["sobol", "latin-hypercube"] {
      let block = "\(Self.count): { from: 1, to: 4 }\n    seed: [1, 2]"
      let space = try Self.space(block, "method: \(method)\n  points: 64")
      let texts = Self.texts(space)
      #expect(space.count == 8 && space.repeated == 56 && Set(texts).count == 8, "\(method)")
      let fewer = try Self.space(block, "method: \(method)\n  points: 3")
      #expect(fewer.count + fewer.repeated == 3 && Set(Self.texts(fewer)).count == fewer.count)
      if method == "sobol" { #expect(Self.texts(fewer) == Array(texts.prefix(fewer.count))) }
      // Reals have no repeats to look for.
      let real = try Self.space(
        "\(Self.rate): { from: 1/s, to: 2/s }", "method: \(method)\n  points: 500")
      #expect(real.count == 500 && real.repeated == 0)
    }
  }

  @Test(
    "what a parameter over the same place would set anew is refused, not ignored",
    arguments: [
      ("designs.*.pools.gpu.count=1,2", "designs.one.pools.gpu.count=3", true),
      ("designs.*.pools.*.count=1,2", "designs.one.pools.gpu.count=3", true),
      ("designs.*.pools.gpu.count=1,2", "designs.one.pools.gpu.count=3,4", false),
      ("designs.one.pools.gpu.count=3,4", "designs.*.pools.gpu.count=1,2", true),
      ("designs.one.pools.gpu.count=3,4", "designs.*.pools.gpu.count=1", false),
    ])
  func hidden(first: String, second: String, isRefused: Bool) throws {
    let settings = [first, second].map { text in
      let pair = text.split(separator: "=").map(String.init)
      return SweepSetting(path: pair[0], value: pair[1])
    }
    let fixed = settings.filter { !$0.isSwept }
    let family = try Self.family(overrides: fixed.map { Override(path: $0.path, value: $0.value) })
    let space = family.sweepSpace(settings: settings.filter(\.isSwept), fixed: fixed.map(\.path))
    switch space {
    case .failure(let report):
      #expect(isRefused && report.faults.count == 1 && report.faults[0].message.contains("lies in it"))
    case .success: #expect(!isRefused)
    }
  }

  @Test("values that say the same are the same value, whatever their unit; mappings stand side by side")
  func equalValues() throws {
    for values in ["[120/min, 2/s]", "[2/s, 3/s, 2 /s]", "[2.0/s, 2/s]"] {
      let faults = try Self.faults("\(Self.rate): \(values)")
      #expect(faults.contains { $0.message.contains("stands there twice") }, "\(values): \(faults)")
    }
    #expect(try Self.faults("\(Self.rate): [2/s, 2.5/s]").isEmpty)
    // Side by side, a value may come back.
    let zip = try Self.space("\(Self.count): [1, 2]\n    \(Self.rate): [60/min, 1/s]", "method: zip")
    #expect(zip.count == 2)
    let arrivals = SweepSetting(
      path: "workloads.chat.arrivals",
      value: "{process: poisson, rate: 2/s}, {process: gamma, rate: 2/s, burstiness: 0.5}")
    #expect(arrivals.isSwept && !SweepSetting(path: "thresholds", value: "[\"a, b\", c]").isSwept)
    let space = try Self.family().sweepSpace(settings: [arrivals]).get()
    let faults = try Self.family().faults(in: space)
    #expect(space.count == 2 && faults == nil)
  }

  @Test("a value of a template is of the kind that it has where the template is used")
  func templates() throws {
    let text = FaultTests.valid.replacing(
      "pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }",
      with: "pools: { gpu: { template: own } }"
    ).replacing(
      "designs:",
      with: """
        templates:
          own:
            { site: dc, node: hgx-h100, count: 1, purchase: { price: 9 USD }, failures: { template: mean } }
          mean: { node-mtbf: 30d }
        designs:
        """)
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "test.yaml", folder: "/nowhere")
    func space(_ value: String) throws -> SweepSpace {
      try family.sweepSpace(settings: [.init(path: "templates.mean.node-mtbf", value: value)]).get()
    }
    let days = try space("10d,480h")
    #expect((0..<2).map { days.parameters[0].number(days.point($0)[0]) } == [864_000, 1_728_000])
    #expect(throws: FaultReport.self) { try space("10d,240h") }
    let counts = try family.sweepSpace(settings: [.init(path: "templates.own.count", value: "1..4")]).get()
    #expect(counts.count == 4)
    #expect(throws: FaultReport.self) {
      try family.sweepSpace(settings: [.init(path: "templates.owned", value: "1,2")]).get()
    }
  }

  @Test("a point is the scenario that the same settings give a plain run, hash included")
  func sameScenario() throws {
    let block = "sweep: { parameters: { \(Self.rate): [2/s, 3/s], \(Self.count): [1, 2] } }\n"
    let family = try Self.family(block)
    let space = try family.sweepSpace().get()
    for point in 0..<space.count {
      let overrides = space.overrides(ofPoint: point).map { Override(path: $0.path, value: $0.value) }
      let plain = try ScenarioReader.read(
        bytes: Array((FaultTests.valid + block).utf8), file: "test.yaml", folder: "/nowhere",
        overrides: overrides
      ).get()
      let member = try family.scenario(at: space.overrides(ofPoint: point)).get()
      #expect(member.contentHash == plain.contentHash)
    }
    let hashes = Set(
      try (0..<4).map { try family.scenario(at: space.overrides(ofPoint: $0)).get().contentHash })
    #expect(hashes.count == 4)
    #expect(
      try FaultTests.read(FaultTests.valid + block).get().contentHash
        == FaultTests.read(FaultTests.valid).get().contentHash)
  }

  @Test("files are read once for all members, even when they change in between")
  func sharedFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("lengths.txt")
    try "100\n200\n".write(to: file, atomically: true, encoding: .utf8)
    let text = FaultTests.valid.replacing(
      "{ distribution: constant, value: 100 }", with: "{ distribution: empirical, file: lengths.txt }")
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "test.yaml", folder: folder.path)
    let first = try family.scenario().get()
    try FileManager.default.removeItem(at: file)
    #expect(try family.scenario().get().contentHash == first.contentHash)
    #expect(
      ScenarioReader.read(bytes: Array(text.utf8), file: "test.yaml", folder: folder.path).isFailure)
  }

  @Test("every fault of a space is told at its place, all at once")
  func faults() throws {
    for (parameters, rest, words) in [
      ("workloads.chat.arrival.rate: [1/s]", "", ["no such path"]),
      ("\(Self.count): []", "", ["list of values is empty"]),
      ("\(Self.count): [1, 2, 1]", "", ["the value 1 stands there twice"]),
      ("\(Self.rate): { from: 2/s, to: 40/min, steps: 3 }", "", ["different units"]),
      ("\(Self.rate): { from: 2/s, to: 40/s }", "", ["needs `steps` or `by`"]),
      ("\(Self.rate): { from: 2/s, to: 40/s, steps: 3, by: 1 }", "", ["not both"]),
      ("\(Self.rate): { from: 0/s, to: 40/s, steps: 3, scale: log }", "", ["above 0"]),
      ("\(Self.rate): { from: 1/s, to: 40/s, by: 0 }", "", ["positive"]),
      ("duration: { from: 1h30m, to: 2h, steps: 3 }", "", ["at most one unit"]),
      ("\(Self.count): { from: 1.5, to: 4, steps: 3 }", "", ["whole numbers"]),
      ("\(Self.count): [1, 2]", "method: sobol", ["needs a number of `points`"]),
      ("\(Self.count): [1, 2]", "points: 7", ["counts its own points"]),
      ("\(Self.count): [1, 2]\n    \(Self.rate): [1/s]", "method: zip", ["as many values"]),
      ("\(Self.count): { from: 1, to: 9, step: 3 }", "", ["unknown key 'step'"]),
      ("seed: { from: 1, to: 100000 }\n    replications: { from: 1, to: 101 }", "", ["10 million points"]),
      // Two values of two parameters, told together.
      ("\(Self.count): [0, 2]\n    \(Self.rate): [1, 2/s]", "", ["whole number from 1", "needs a unit"]),
    ] {
      let found = try Self.faults(parameters, rest)
      for word in words {
        #expect(
          found.contains { $0.message.contains(word) }, "\(parameters) \(rest): \(found.map(\.message))")
      }
      #expect(found.allSatisfy { $0.line > 17 }, "\(found.map(\.line))")
    }
  }

  @Test("a scenario that is read for a plain run is told of a space that cannot be")
  func plainRead() throws {
    let block = "sweep: { parameters: { designs.on.pools.gpu.count: [1] } }\n"
    guard case .failure(let report) = FaultTests.read(FaultTests.valid + block) else {
      Issue.record("the path leads nowhere")
      return
    }
    #expect(report.faults.count == 1 && report.faults[0].help == "did you mean 'one'?")
  }

  @Test("values are numbers in base units for plots, words stay words")
  func cells() throws {
    let space = try Self.space(
      "\(Self.rate): [30/min, 2/s]\n    warmup: [250ms, auto]\n    workloads.chat.model: [llama-3.1-8b]")
    let rows = (0..<4).map { index in zip(space.parameters, space.point(index)).map { $0.number($1) } }
    #expect(rows == [[0.5, 0.25, nil], [0.5, nil, nil], [2, 0.25, nil], [2, nil, nil]])
  }
}

extension Result {
  fileprivate var isFailure: Bool {
    if case .failure = self { true } else { false }
  }
}
