import DryRack
import Testing

@testable import Catalog

/// Checks of published claims that no other test holds, by their number in docs/coverage.md.
@Suite("Published claims")
struct ArticleChecksTests {
  @Test("S03, S23: H100, H200 and NDR InfiniBand are what their makers publish")
  func catalogue() throws {
    let hopper = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    let larger = try #require(Catalog.builtIn.accelerator("h200-sxm"))
    #expect(hopper.bf16Peak.value == 989e12 || hopper.bf16Peak.value == 989.4e12)
    #expect(abs(hopper.memoryBandwidth.value / 3.35e12 - 1) < 0.01 && hopper.memory.value == 80e9)
    #expect(abs(larger.memoryBandwidth.value / 4.8e12 - 1) < 0.01 && larger.memory.value == 141e9)
    let network = try #require(Catalog.builtIn.fabric("infiniband-ndr"))
    #expect(network.linkBandwidth.value == 50e9)
  }

  /// NVIDIA/nccl#318: 36 minutes on one node, an hour and three quarters on two. Replicas alone: other
  /// layouts get around the network, and the search finds them.
  @Test("S22: over a slow network, a second node makes replicas slower; over a fast one, faster")
  func slowNetwork() throws {
    func step(_ nodes: Int, _ fabric: String) throws -> Double {
      let ranks = nodes * 8
      let scenario = try WorldTests.scenario(
        """
        version: 1
        name: second-node
        workloads:
          tune: { kind: training, model: llama-3.1-8b, sequence: 2048, global-batch: 32, steps: 100 }
        designs:
          own:
            sites: { dc: { kind: on-prem } }
            pools:
              gpus: { site: dc, node: hgx-h100, count: \(nodes), failures: none, fabric: \(fabric) }
            jobs:
              tune: { workload: tune, pool: gpus, accelerators: \(ranks), parallelism: { data: \(ranks) } }
        """)
      let job = try #require(scenario.designs[0].trainingJobs.first)
      return job.training.step.time.value
    }
    let slow = "{ kind: ethernet, link-bandwidth: 25Gbps, links-per-node: 1 }"
    #expect(try step(2, slow) > step(1, slow))
    #expect(try step(2, "infiniband-ndr") < 0.7 * step(1, "infiniband-ndr"))
  }

  @Test("S25, S26: a ring of 64 gains 0.6 % of a gigabyte by 40 % less latency; twice the rate halves it")
  func latencyOrBandwidth() {
    let long = AlphaBeta(alpha: Seconds(5e-6), bandwidth: BytesPerSecond(50e9))
    let short = AlphaBeta(alpha: Seconds(3e-6), bandwidth: BytesPerSecond(50e9))
    func gain(_ bytes: Double) -> Double {
      1 - short.ringAllReduce(ranks: 64, bytes: Bytes(bytes)).value
        / long.ringAllReduce(ranks: 64, bytes: Bytes(bytes)).value
    }
    #expect(abs(gain(1e9) - 0.006) < 0.001)
    #expect(abs(gain(64) - 0.4) < 0.001)
    let twice = AlphaBeta(alpha: Seconds(5e-6), bandwidth: BytesPerSecond(100e9))
    let ratio =
      twice.ringAllReduce(ranks: 64, bytes: Bytes(100e9)).value
      / long.ringAllReduce(ranks: 64, bytes: Bytes(100e9)).value
    #expect(abs(ratio - 0.5) < 1e-3)
  }

  @Test("S55, S56: weights of 70B by format; one H200 holds them in 8 bits, and not in 16 beside a cache")
  func formats() throws {
    let model = try #require(Catalog.builtIn.model("llama-3.1-70b"))
    for (bytes, billions) in [(2.0, 140.0), (1.0, 70.0), (0.5, 35.0)] {
      #expect(abs(model.parameters * bytes / (billions * 1e9) - 1) < 0.02)
    }
    func fits(_ weights: String) -> Bool {
      let text = """
        version: 1
        name: one-card
        workloads:
          chat:
            kind: inference
            model: llama-3.1-70b
            requests: 10
            arrivals: { process: closed-loop, users: 4 }
            prompt-tokens: { distribution: constant, value: 2000 }
            output-tokens: { distribution: constant, value: 100 }
        designs:
          one:
            sites: { dc: { kind: on-prem } }
            pools:
              gpu: { site: dc, node: { accelerator: h200-sxm, accelerators: 1 }, count: 1,
                     purchase: { price: 40000 USD } }
            services: { chat: { workload: chat, pool: gpu, replicas: 1, precision: { weights: \(weights) } } }
        """
      return (try? WorldTests.scenario(text)) != nil
    }
    #expect(fits("fp8") && !fits("bf16"))
  }
}
