import DryRack
import Foundation

/// Whole runs of a service whose prompts and answers have replicas of their own, 64 in all, all metrics on.
enum Disaggregated {
  static func measure() throws {
    for (prefill, overlap, rate) in [(24, false, 300), (24, true, 300), (24, false, 900)] {
      let text = """
        version: 1
        name: benchmark
        workloads:
          bench:
            kind: inference
            model: llama-3.1-8b
            requests: 100000
            arrivals: { process: poisson, rate: \(rate)/s }
            prompt-tokens: { distribution: lognormal, mean: 1000, cv: 1, max: 8000 }
            output-tokens: { distribution: lognormal, mean: 200, cv: 1, max: 2000 }
        designs:
          h100:
            sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
            pools: { gpu: { site: us, node: p5.48xlarge, count: 8, pricing: on-demand, fabric: efa-3200g } }
            services:
              bench:
                workload: bench
                pool: gpu
                router: least-loaded
                disaggregation:
                  prefill: { replicas: \(prefill) }
                  decode: { replicas: \(64 - prefill) }
                  transfer: { overlap: \(overlap) }
        """
      let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "bench", folder: ".").get()
      let model = DesignModel(scenario: scenario, designIndex: 0)
      var outcome = Simulation.run(model, replication: 0)
      let seconds = median { outcome = Simulation.run(model, replication: 0) }
      let completed = outcome.services[0].tally.completed
      let events = rounded(Double(outcome.events) / Double(completed))
      line(
        "\(prefill) prefill, \(64 - prefill) decode\(overlap ? ", overlap" : ""), \(rate)/s",
        "\(rounded(Double(completed) / seconds / 1000)) k requests per CPU second, \(events) events each "
          + "(goal 300 k)")
    }
  }
}
