import DryRack
import Testing

/// Accelerators cut into instances.
@Suite("Partitions")
struct PartitionTests {
  static func text(
    _ partition: String, node: String = "{ accelerator: h100-sxm, accelerators: 2 }", more: String = ""
  )
    -> String
  {
    """
    version: 1
    name: cut
    duration: 60s
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 3/s }
        prompt-tokens: { distribution: constant, value: 500 }
        output-tokens: { distribution: constant, value: 50 }
    designs:
      one:
        sites: { dc: { kind: cloud } }
        pools: { gpu: { site: dc, node: \(node), count: 1, \(partition) pricing: { price: 3 USD/h } } }
        services: { chat: { workload: chat, pool: gpu, precision: { weights: fp8, kv: fp8 }, \(more) } }
    """
  }

  static func read(_ text: String) -> Result<Scenario, FaultReport> {
    ScenarioReader.read(bytes: Array(text.utf8), file: "cut.yaml", folder: ".")
  }

  @Test("instances together are never more than the whole", arguments: Catalog.builtIn.names(of: .partitions))
  func parts(_ name: String) throws {
    let words = name.split(separator: "/").map(String.init)
    let whole = try #require(Catalog.builtIn.accelerator(words[0]))
    let partition = try #require(Catalog.builtIn.partition(words[1], of: whole))
    let part = partition.instance(of: whole)
    let count = Double(partition.instances)
    #expect(count >= 1 && part.partition == words[1])
    #expect(part.bf16Peak.value * count <= whole.bf16Peak.value * (1 + 1e-9))
    #expect(part.memoryBandwidth.value * count <= whole.memoryBandwidth.value * (1 + 1e-9))
    #expect(part.driverMemory.value * count <= whole.driverMemory.value * (1 + 1e-9))
    #expect(part.scaleUpDomain == 1)
  }

  @Test(
    "a pool holds its accelerators times the instances, pays for its nodes, and serves with each instance")
  func pool() throws {
    let scenario = try Self.read(Self.text("partition: 2g.20gb,")).get()
    let pool = scenario.designs[0].pools[0]
    #expect(pool.accelerators == 6 && pool.devices == 2 && pool.devicesPerNode == 2)
    #expect(scenario.designs[0].services[0].deployments[0].replicas == 6)
  }

  @Test("a smaller instance is slower, and costs of nodes stay")
  func slower() async throws {
    func run(_ partition: String, replicas: Int) async throws -> RunResults {
      await Experiment.run(
        try Self.read(Self.text(partition, more: "replicas: \(replicas)")).get(), options: RunOptions())
    }
    let whole = try await run("", replicas: 1)
    let half = try await run("partition: 3g.40gb,", replicas: 1)
    let third = try await run("partition: 2g.20gb,", replicas: 1)
    func value(_ results: RunResults, _ metric: String, _ statistic: String = "value") throws -> Double {
      try #require(results.row(design: "one", metric: metric, statistic: statistic)?.value)
    }
    for metric in ["tpot_s", "ttft_s"] {
      let times = try [whole, half, third].map { try value($0, metric, "p50") }
      #expect(times[0] < times[1] && times[1] < times[2], "\(metric) \(times)")
    }
    #expect(try value(whole, "cost_per_month") == value(third, "cost_per_month"))
    #expect(half.table(style: TextStyle(colours: false)).contains("cut by"))
  }

  @Test("what a cut accelerator does and draws goes by its multiprocessors, where users keep it busy")
  func slices() async throws {
    // Users who ask without pause keep every instance busy but for the start.
    func run(_ partition: String, replicas: Int) async throws -> (useful: Double, energy: Double) {
      let text = Self.text(partition, more: "replicas: \(replicas), router: round-robin")
        .replacing(
          "{ process: poisson, rate: 3/s }", with: "{ process: closed-loop, users: \(16 * replicas) }"
        ).replacing("{ kind: cloud }", with: "{ kind: on-prem, pue: 1 }")
        .replacing("pricing: { price: 3 USD/h }", with: "purchase: { price: 60000 USD }")
      let results = await Experiment.run(try Self.read(text).get(), options: RunOptions())
      func value(_ metric: String) throws -> Double {
        try #require(results.row(design: "one", metric: metric)?.value)
      }
      let hours = try value("cost_per_month") / value("cost_per_useful_gpu_hour")
      return (hours / (2 * 730.5), try value("energy_kwh") / 730.5)
    }
    let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
    let node = try #require(Catalog.builtIn.node(of: accelerator, count: 2))
    let (idle, full) = (node.idlePower.value / 1000, node.power.value / 1000)
    let whole = try await run("", replicas: 2)
    #expect(whole.useful > 0.97 && whole.useful <= 1)
    // Two of 60 and seven of 16 of 132 multiprocessors: the rest is nobody's.
    for (profile, replicas, share) in [("3g.40gb", 4, 120.0 / 132), ("1g.20gb", 8, 104.0 / 132)] {
      let cut = try await run("partition: \(profile),", replicas: replicas)
      #expect(cut.useful > 0.97 * share && cut.useful <= share * 1.00001, "\(profile) \(cut)")
      let busy = cut.useful / share
      #expect(abs(cut.energy - (idle + (full - idle) * share * busy)) < 1e-5 * full, "\(profile) \(cut)")
    }
  }

  @Test(
    "what cannot be cut so says what can",
    arguments: [
      ("partition: 3g.20gb,", "", "did you mean"),
      ("partition: 3g.40gb,", "parallelism: { tensor: 2 }", "no links"),
      ("partition: 1g.10gb,", "latency: { measured: h100-sxm-llama-3.1-8b-fp8 }", "does not fit"),
      ("partition: 2g.20gb,", "latency: { measured: h100-sxm-llama-3.1-8b-fp8 }", "whole accelerator"),
    ])
  func faults(_ partition: String, _ more: String, _ words: String) throws {
    guard case .failure(let report) = Self.read(Self.text(partition, more: more)) else {
      Issue.record("\(partition) \(more) is no fault")
      return
    }
    #expect(report.description.contains(words), "\(report.description)")
  }

  @Test("an accelerator that nobody cuts says so")
  func uncut() throws {
    guard
      case .failure(let report) = Self.read(
        Self.text("partition: 1g.10gb,", node: "{ accelerator: l4, accelerators: 1 }"))
    else {
      Issue.record("an L4 was cut")
      return
    }
    #expect(report.description.contains("cannot be cut"))
  }
}
