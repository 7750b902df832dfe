import Foundation
import Testing

@testable import Experiments
@testable import Scenario

/// What a sweep promises of its results: once, in order, the same whatever happens on the way.
@Suite("Sweeps and their store")
struct SweepTests {
  static let text = """
    version: 1
    name: small
    duration: 5s
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 4/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 5 }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
    thresholds: [ "p99(ttft_s) < 0.03" ]
    sweep: { parameters: { workloads.chat.arrivals.rate: { from: 1/s, to: 9/s, by: 1/s } } }
    """

  static func plan(_ text: String = text) throws -> SweepPlan {
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "small.yaml", folder: "/nowhere")
    let space = try family.sweepSpace().get()
    return SweepPlan(
      family: family, space: space, first: try family.scenario(at: space.overrides(ofPoint: 0)).get())
  }

  /// A folder of its own that is gone afterwards.
  static func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sweep-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }

  struct Enough: Error {}

  final class Taken {
    var results: [SweepPointResult] = []
  }

  @discardableResult
  static func run(
    _ plan: SweepPlan, in folder: String, shard: Shard = .whole, resume: Bool = true,
    options: RunOptions = RunOptions(), stopAfter: Int = .max
  ) async throws -> [SweepPointResult] {
    let taken = Taken()
    let store = try SweepStore(folder: folder, manifest: plan.manifest, shard: shard, resume: resume)
    do {
      _ = try await Sweep(plan: plan, store: store, options: options).run { result in
        if taken.results.count == stopAfter { throw Enough() }
        taken.results.append(result)
      }
    } catch {
      if stopAfter == .max { throw error }
    }
    return taken.results
  }

  static func merged(_ folders: String...) throws -> [SweepPointResult] {
    var results: [SweepPointResult] = []
    try SweepMerge(folders: folders).forEachResult { results.append($0) }
    return results
  }

  @Test("a point that repeats another is written once, however often the sweep is resumed")
  func repeated() async throws {
    let plan = try Self.plan(
      Self.text.replacing(
        "{ parameters: { workloads.chat.arrivals.rate: { from: 1/s, to: 9/s, by: 1/s } } }",
        with: "{ method: zip, parameters: { workloads.chat.arrivals.rate: [4/s, 4/s, 5/s] } }"))
    try await Self.withFolder { folder in
      let first = try await Self.run(plan, in: folder)
      func bytes() throws -> Int {
        try SweepStore.segments(in: folder).reduce(0) {
          $0 + (try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($1)"))).count - Segment.headerBytes
        }
      }
      let once = try bytes()
      for _ in 0..<3 { #expect(try await Self.run(plan, in: folder).map(\.encoded) == first.map(\.encoded)) }
      #expect(try bytes() == once)
    }
  }

  @Test("results come in the order of the points, the same with one job and with many")
  func jobs() async throws {
    let plan = try Self.plan()
    try await Self.withFolder { folder in
      let one = try await Self.run(plan, in: folder + "/1")
      var options = RunOptions()
      options.jobs = 4
      let four = try await Self.run(plan, in: folder + "/4", options: options)
      #expect(one.map(\.index) == Array(0..<9) && one == four)
      #expect(one.map(\.values) == (1...9).map { [.number(Double($0))] })
      #expect(try Self.merged(folder + "/4") == one)
      #expect(one.allSatisfy { $0.verdicts.count == 1 && !$0.rows.isEmpty })
    }
  }

  @Test("shards in one folder or in several merge to the whole; what is missing is named")
  func shards() async throws {
    let plan = try Self.plan()
    try await Self.withFolder { folder in
      let whole = try await Self.run(plan, in: folder + "/whole")
      for index in [2, 0] {
        try await Self.run(
          plan, in: "\(folder)/s\(index)", shard: try #require(Shard(index: index, count: 3)))
      }
      #expect(try SweepMerge(folders: [folder + "/s0", folder + "/s2"]).missing == [1, 4, 7])
      try await Self.run(plan, in: folder + "/s0", shard: try #require(Shard(index: 1, count: 3)))
      #expect(try Self.merged(folder + "/s0", folder + "/s2") == whole)
      // Twice the same folder, or all of it again, changes nothing.
      #expect(try Self.merged(folder + "/s0", folder + "/s0", folder + "/s2", folder + "/whole") == whole)
    }
  }

  @Test("a sweep that was stopped goes on where it was, and runs no point twice")
  func resume() async throws {
    let plan = try Self.plan()
    try await Self.withFolder { folder in
      let whole = try await Self.run(plan, in: folder + "/whole")
      try await Self.run(plan, in: folder + "/parts", stopAfter: 4)
      let finished = 9 - (try SweepMerge(folders: [folder + "/parts"]).missing.count)
      #expect(finished >= 5)
      #expect(throws: SweepStore.Failure.self) {
        try SweepStore(folder: folder + "/parts", manifest: plan.manifest, shard: .whole, resume: false)
      }
      let store = try SweepStore(
        folder: folder + "/parts", manifest: plan.manifest, shard: .whole, resume: true)
      let taken = Taken()
      let end = try await Sweep(plan: plan, store: store, options: RunOptions()).run {
        taken.results.append($0)
      }
      #expect(end.progress.recalled == finished && taken.results == whole)
    }
  }

  @Test("results are found by their content: a longer sweep takes over what a shorter one left")
  func content() async throws {
    let plan = try Self.plan()
    let longer = try Self.plan(Self.text.replacing("to: 9/s, by: 1/s", with: "to: 9/s, by: 0.5/s"))
    let other = try Self.plan(
      Self.text.replacing("seed: 1", with: "").replacing("name: small", with: "name: small\nseed: 2"))
    try await Self.withFolder { folder in
      try await Self.run(plan, in: folder)
      for (plan, recalled) in [(longer, 9), (other, 0)] {
        let store = try SweepStore(folder: folder, manifest: plan.manifest, shard: .whole, resume: true)
        let end = try await Sweep(plan: plan, store: store, options: RunOptions()).run { _ in }
        #expect(end.progress.recalled == recalled)
        #expect(try SweepMerge(folders: [folder]).missing.isEmpty)
      }
    }
  }

  @Test("results of different sweeps are not merged")
  func different() async throws {
    try await Self.withFolder { folder in
      try await Self.run(try Self.plan(), in: folder + "/a")
      try await Self.run(try Self.plan(Self.text.replacing("value: 5", with: "value: 6")), in: folder + "/b")
      #expect(throws: SweepStore.Failure.self) { try Self.merged(folder + "/a", folder + "/b") }
      #expect(throws: SweepStore.Failure.self) { try Self.merged(folder + "/c") }
    }
  }

  @Test("a second process on the same shard is refused, one on another shard is not")
  func lock() async throws {
    let plan = try Self.plan()
    try await Self.withFolder { folder in
      let first = try SweepStore(folder: folder, manifest: plan.manifest, shard: .whole, resume: true)
      #expect(throws: SweepStore.Failure.self) {
        try SweepStore(folder: folder, manifest: plan.manifest, shard: .whole, resume: true)
      }
      let other = try SweepStore(
        folder: folder, manifest: plan.manifest, shard: try #require(Shard(index: 1, count: 2)), resume: true)
      withExtendedLifetime((first, other)) {}
    }
  }

  @Test("a limit leaves finished points and says what stopped it; a point that a limit cut is not kept")
  func limits() async throws {
    let plan = try Self.plan()
    try await Self.withFolder { folder in
      var options = RunOptions()
      options.maximumEvents = 20
      let store = try SweepStore(folder: folder, manifest: plan.manifest, shard: .whole, resume: true)
      let end = try await Sweep(plan: plan, store: store, options: options).run { _ in }
      #expect(end.stoppedBy == "the limit on events" && end.progress.finished < 9)
      #expect(try SweepMerge(folders: [folder]).missing.count == 9 - end.progress.finished)
    }
  }

  @Test("a point that makes the scenario invalid ends the sweep with its fault")
  func invalid() async throws {
    let text = Self.text.replacing("{ from: 1/s, to: 9/s, by: 1/s }", with: "[1/s, 2]")
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "small.yaml", folder: "/nowhere")
    let space = try family.sweepSpace().get()
    #expect(family.faults(in: space)?.faults.count == 1)
    let plan = SweepPlan(
      family: family, space: space, first: try family.scenario(at: space.overrides(ofPoint: 0)).get())
    try await Self.withFolder { folder in
      let store = try SweepStore(folder: folder, manifest: plan.manifest, shard: .whole, resume: true)
      await #expect(throws: Sweep.Failure.self) {
        try await Sweep(plan: plan, store: store, options: RunOptions()).run { _ in }
      }
      #expect(try SweepMerge(folders: [folder]).missing == [1])
    }
  }
}
