import Infrastructure
import Scenario
import Testing

/// What a user can get wrong about training, storage and what interrupts it.
@Suite("Keys of jobs")
struct JobKeysTests {
  static let valid = """
    version: 1
    name: job
    workloads:
      train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 256, steps: 100 }
      ring: { kind: collective, operation: all-reduce, sizes: [1MiB, 1GiB] }
    templates:
      box: { site: dc, node: hgx-h100, count: 4, fabric: infiniband-ndr }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpus: { template: box } }
        storage: { fs: { kind: parallel-file-system } }
        jobs:
          train: { workload: train, pool: gpus, checkpoint: { every: 1h, to: fs } }
          ring: { workload: ring, pool: gpus }
      two:
        extends: one
        pools: { gpus: { count: 8, fabric: null } }
    """

  static func read(_ text: String) -> Result<Scenario, FaultReport> {
    ScenarioReader.read(bytes: Array(text.utf8), file: "job.yaml", folder: ".")
  }

  @Test("templates and extended designs are taken over key by key")
  func templates() throws {
    let scenario = try Self.read(Self.valid).get()
    #expect(scenario.trainings.count == 1 && scenario.collectives.count == 1 && scenario.designs.count == 2)
    #expect(scenario.designs[0].pools[0].nodeCount == 4 && scenario.designs[1].pools[0].nodeCount == 8)
    #expect(scenario.designs[0].pools[0].network?.fabric.name == "infiniband-ndr")
    // Without a name, what its jobs need is assumed, and told.
    #expect(scenario.designs[1].pools[0].network?.fabric.name == "roce-400g")
    let assumed = scenario.notes.filter { $0.contains("names no `fabric`") }
    #expect(assumed.count == 1 && assumed[0].contains("designs.two.pools.gpus"))
    #expect(scenario.designs[1].jobs.count == 2 && scenario.designs[1].jobs[0].accelerators == 64)
  }

  static let faults: [(from: String, to: String, says: String)] = [
    ("template: box }", "template: bos }", "there is no template 'bos'"),
    ("extends: one", "extends: won", "there is no design 'won'"),
    ("extends: one", "extends: two", "comes back to itself"),
    (
      "box: { site: dc,",
      "loop: { jobs: { template: knot } }\n  knot: { template: loop }\n  box: { template: knot, site: dc,",
      "comes back to itself"
    ),
    (
      "fabric: infiniband-ndr }", "fabric: infiniband-ndr, failures: { node-mtbf: 0s } }",
      "between failures is at least 10ms"
    ),
    (
      "fabric: infiniband-ndr }", "fabric: infiniband-ndr, market: { availability: { up: 1h, down: 1h } } }",
      "a market takes rented nodes away"
    ),
    ("pool: gpus, checkpoint", "pool: gpus, microbatch: 300, checkpoint", "do not divide a global"),
    (
      "pool: gpus, checkpoint", "pool: gpus, framework: megatron-cor, checkpoint",
      "did you mean 'megatron-core'?"
    ),
    ("pool: gpus, checkpoint", "pool: gpus, data: fs, checkpoint", "read no samples"),
    ("to: fs }", "to: fs, remote-every: 3 }", "only what is written to `local`"),
    (
      "ring: { workload: ring, pool: gpus }", "ring: { workload: ring, pool: gpus, priority: 3 }",
      "`priority` says nothing"
    ),
    ("steps: 100 }", "steps: 100, tokens: 1e9 }", "steps and tokens both end it"),
    (", steps: 100 }", " }", "nothing ends the training"),
    ("workload: train, pool: gpus,", "workload: trian, pool: gpus,", "did you mean 'train'?"),
    ("{ every: 1h, to: fs }", "{ every: often, to: fs }", "expected a duration above 0"),
    ("{ every: 1h, to: fs }", "{ every: 1h, to: sf }", "there is no storage 'sf'"),
    ("kind: parallel-file-system", "kind: paralel-file-system", "did you mean 'parallel-file-system'?"),
    ("sizes: [1MiB, 1GiB]", "sizes: []", "at least one"),
    ("pool: gpus }", "pool: gpus, accelerators: 640 }", "640 accelerators; the pool 'gpus' holds"),
    (
      "pool: gpus, checkpoint", "pool: gpus, parallelism: { tensor: 3 }, checkpoint",
      "which does not divide the model's heads"
    ),
    (
      "model: llama-3.1-8b, sequence", "model: llama-3.1-405b, sequence", "no layout on"
    ),
    (
      "pool: gpus, checkpoint", "pool: gpus, parallelism: { tensor: 1 }, microbatch: 8, checkpoint",
      "more than the"
    ),
    ("fabric: infiniband-ndr }", "fabric: { kind: infiniband-ndx } }", "did you mean 'infiniband-ndr'?"),
    (
      "fabric: infiniband-ndr }", "fabric: infiniband-ndr, failures: { record: lama } }",
      "no reliability record"
    ),
    (
      "fabric: infiniband-ndr }",
      "fabric: infiniband-ndr, failures: { node-mtbf: 1d, spares: 4 } }", "spares are 32"
    ),
  ]

  @Test("contradictions are named", arguments: faults)
  func contradictions(from: String, to: String, says: String) {
    let text = Self.valid.replacing(from, with: to)
    #expect(text != Self.valid)
    guard case .failure(let report) = Self.read(text) else {
      Issue.record("'\(to)' is refused")
      return
    }
    #expect(report.description.contains(says), "\(report.description)")
  }
}
