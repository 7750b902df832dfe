import DryRack
import Foundation
import Testing

@Suite("Limits of a run")
struct RunLimitTests {
  static let text = """
    version: 1
    name: limited
    duration: 10h
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 20/s }
        prompt-tokens: { distribution: constant, value: 100 }
        output-tokens: { distribution: constant, value: 50 }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
        services: { chat: { workload: chat, pool: gpu, replicas: 8 } }
    """

  @Test("the limit that stopped a run is named, even when its cause has passed")
  func named() async throws {
    let scenario = try ScenarioReader.read(bytes: Array(Self.text.utf8), file: "t", folder: ".").get()
    var memory = RunOptions()
    memory.memoryLimitBytes = 1
    var events = RunOptions()
    events.maximumEvents = 1000
    var time = RunOptions()
    time.timeLimitSeconds = 1e-3
    // Asked twice: whoever interrupts is gone when the reason is sought.
    let asked = Counter()
    var interrupted = RunOptions()
    interrupted.isInterrupted = { asked.next() == 2 }
    for (options, words) in [
      (memory, "the memory limit"), (events, "the limit on events"), (time, "the time limit"),
      (interrupted, "an interruption"),
    ] {
      let manifest = await Experiment.run(scenario, options: options).manifest
      #expect(!manifest.complete && manifest.stoppedBy == words)
    }
  }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  func next() -> Int {
    lock.withLock {
      count += 1; return count
    }
  }
}
