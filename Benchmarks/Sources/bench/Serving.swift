import DryRack
import Foundation

/// Whole runs with all metrics on: requests per CPU second of the run phase.
enum Serving {
  static func measure(traces: String?) throws {
    try measure(
      "closed loop, 128 users × 512/128", goal: "1 M",
      """
      arrivals: { process: closed-loop, users: 128 }
          requests: 200000
          prompt-tokens: { distribution: constant, value: 512 }
          output-tokens: { distribution: constant, value: 128 }
      """, folder: ".")
    for (name, sharing) in [
      ("prefixes of 64 groups", "prefix: { shared-tokens: 384, groups: 64, zipf: 1 }"),
      ("conversations of 8 turns", "sessions: { turns: 8 }"),
    ] {
      try measure(
        "closed loop, \(name)", goal: "300 k",
        """
        arrivals: { process: closed-loop, users: 128 }
            requests: 200000
            prompt-tokens: { distribution: constant, value: 512 }
            output-tokens: { distribution: constant, value: 128 }
            \(sharing)
        """, folder: ".")
    }
    guard let traces else { return line("W1, W3", "not measured: no folder named") }
    for name in ["W1", "W3"] {
      try measure(name, goal: "300 k", "trace: { file: \(name).csv, format: vidur }", folder: traces)
    }
  }

  static func measure(_ name: String, goal: String, _ traffic: String, folder: String) throws {
    let text = """
      version: 1
      name: benchmark
      workloads:
        bench:
          kind: inference
          model: llama-3.1-8b
          \(traffic)
      designs:
        h100:
          sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
          pools: { gpu: { site: us, node: p5.4xlarge, count: 1, pricing: on-demand } }
          services: { bench: { workload: bench, pool: gpu, replicas: 1 } }
      """
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: name, folder: folder).get()
    let model = DesignModel(scenario: scenario, designIndex: 0)
    var completed = 0
    let rounds = 20
    let seconds = median {
      for _ in 0..<rounds { completed = Simulation.run(model, replication: 0).services[0].tally.completed }
    }
    let rate = Double(completed * rounds) / seconds
    line("\(name): requests per CPU second", "\(rounded(rate / 1000)) k (goal \(goal))")
  }
}
