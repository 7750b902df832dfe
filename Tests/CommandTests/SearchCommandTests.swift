import DryRack
import Foundation
import Synchronization
import Testing

@testable import Command

@Suite("Searching from the command line", .serialized)
struct SearchCommandTests {
  private static let scenario = """
    version: 1
    name: tiny-fleet
    seed: 2
    duration: 30s
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 20/s }
        prompt-tokens: { distribution: constant, value: 400 }
        output-tokens: { distribution: constant, value: 100 }
        slo: { ttft: 1s }
    designs:
      buy:
        sites: { dc: { kind: on-prem } }
        pools:
          gpu:
            site: dc
            node: { accelerator: h100-sxm, accelerators: 1 }
            count: 8
            purchase: { price: 35000 USD, life: 4y }
        services: { chat: { workload: chat, pool: gpu, replicas: 2 } }
    thresholds: [ "p95(ttft_s) < LIMIT" ]
    optimize:
      replications: 2
      variables:
        designs.buy.services.chat.replicas: { from: 1, to: 8 }
        workloads.chat.arrivals.rate: { from: 5/s, to: 20/s }
    """

  /// A file of its own that is gone afterwards.
  private func withScenario<Value>(_ limit: String, _ body: (String) async throws -> Value) async throws
    -> Value
  {
    let path = NSTemporaryDirectory() + "search-\(ProcessInfo.processInfo.processIdentifier)-\(limit).yaml"
    try Self.scenario.replacing("LIMIT", with: limit).write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }

  private func execute(_ arguments: [String], input: [String] = []) async -> (
    status: CommandStatus, out: String, error: String
  ) {
    let recording = Recording()
    let lines = Mutex(input)
    var console = recording.console()
    console.readLine = { lines.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    let ready = console
    let status = await Console.$current.withValue(ready) {
      await CommandLineRun(arguments: arguments).execute()
    }
    return (status, recording.out, recording.error)
  }

  @Test("0 when something holds, 1 when nothing does, 2 without anything to vary")
  func statuses() async throws {
    try await withScenario("5") { path in
      let found = await execute(["optimize", path, "--set", "optimize.budget=8", "--format", "json"])
      #expect(found.status == .success && found.out.contains("\"front\""))
      let csv = await execute(["optimize", path, "--set", "optimize.budget=8", "--format", "csv"])
      #expect(
        csv.out.hasPrefix("trial,design,designs.buy.services.chat.replicas,workloads.chat.arrivals.rate,"))
    }
    try await withScenario("1e-6") { path in
      let none = await execute(["optimize", path, "--set", "optimize.budget=6"])
      #expect(none.status == .thresholdFailed && none.out.contains("Nothing tried holds every threshold."))
      let stopped = await execute(["optimize", path, "--max-events", "100"])
      #expect(stopped.status == .limitReached && stopped.error.contains("stopped: the limit on events"))
    }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let minimal = root.appendingPathComponent("scenarios/minimal.yaml").path
    let nothing = await execute(["optimize", minimal])
    #expect(nothing.status == .cannotRun && nothing.error.contains("what to vary"))
    let draws = await execute(["sensitivity", minimal, "--draws", "x.csv"])
    #expect(draws.status == .cannotRun && draws.error.contains("uncertainty"))
    // What only `run` works out judges nothing here.
    let paths = root.appendingPathComponent("scenarios/mistakes/buying-before-validating.yaml").path
    let judged = await execute(["sensitivity", paths])
    #expect(judged.status == .cannotRun && judged.error.contains("regret_max"))
  }

  @Test("ask and tell: a line each, mistakes are answered and the next line counts")
  func askTell() async throws {
    try await withScenario("5") { path in
      let point =
        "\"point\": {\"designs.buy.services.chat.replicas\": 4, \"workloads.chat.arrivals.rate\": 8.5}"
      let answer = await execute(
        ["optimize", path, "--protocol", "ask-tell"],
        input: [
          "{\"ask\": {\"id\": 7, \(point)}}", "not json", "{\"ask\": {\"point\": {\"a.b\": 1}}}", "",
          "{\"ask\": {\"id\": \"x\", \"design\": \"sell\", \(point)}}",
          "{\"ask\": {\"id\": 8, \"point\": {\"designs.buy.services.chat.replicas\": 4}}}",
          "{\"ask\": {\"id\": 9, \"point\": {\"designs.buy.services.chat.replicas\": 99, "
            + "\"workloads.chat.arrivals.rate\": \"9/s\"}}}",
          "{\"ask\": {\"id\": 10, \(point)}}",
        ])
      let lines = answer.out.split(separator: "\n").map(String.init)
      #expect(answer.status == .success && lines.count == 8)
      #expect(lines[0].hasPrefix("{\"space\":{\"scenario\":\"tiny-fleet\""))
      #expect(lines[0].contains("\"type\":\"integer\",\"from\":1,\"to\":8"))
      #expect(lines[0].contains("\"unit\":\"/s\""))
      #expect(lines[1].hasPrefix("{\"tell\":{\"id\":7,\"design\":\"buy\",\"values\":["))
      #expect(lines[1].contains("\"feasible\":true,\"violation\":0,"))
      #expect(lines[2].contains("not JSON"))
      #expect(lines[3].contains("'a.b' is no variable"))
      #expect(lines[4].contains("\"id\":\"x\"") && lines[4].contains("there is no design 'sell'"))
      #expect(lines[5].contains("the point has no value of 'workloads.chat.arrivals.rate'"))
      #expect(lines[6].contains("\"id\":9") && lines[6].contains("the space has whole numbers from 1 to 8"))
      #expect(lines[7] == lines[1].replacing("\"id\":7", with: "\"id\":10"))
    }
  }

  @Test("an id comes back as it was; what is none is refused")
  func askTellNames() async throws {
    try await withScenario("5") { path in
      let ids = ["7", "\"7\"", "2.5", "null", "{\"a\": 1}", "true", "1e300", "[7]"]
      let answer = await execute(
        ["optimize", path, "--protocol", "ask-tell"],
        input: ids.map { "{\"ask\": {\"id\": \($0)}}" }
          + ["{\"ask\": {}}", "{\"ask\": {\"id\": 1, \"design\": 3, \"point\": {}}}"])
      let lines = answer.out.split(separator: "\n").dropFirst().map(String.init)
      #expect(lines.count == ids.count + 2)
      for (line, id) in zip(lines, ["7", "\"7\"", "2.5", "null"]) {
        #expect(line.hasPrefix("{\"error\":{\"id\":\(id),\"message\":\"'ask' needs"))
      }
      for line in lines[4..<8] {
        #expect(line.hasPrefix("{\"error\":{\"id\":null,") && line.contains("neither a text nor a number"))
      }
      #expect(lines[8].contains("\"id\":null") && lines[9].contains("\"id\":1,"))
      #expect(lines[9].contains("'design' is not a text"))
    }
  }

  @Test("sensitivity says who wins and what it hangs on")
  func sensitivity() async throws {
    try await withScenario("5") { path in
      let result = await execute(["sensitivity", path, "--format", "csv"])
      #expect(result.status == .success)
      #expect(result.out.contains("designs.buy.pools.gpu.purchase.price,USD,35000,28000,42000,true,buy,"))
      let table = await execute(["sensitivity", path])
      #expect(table.out.contains("buy is the only design"))
    }
  }
}
