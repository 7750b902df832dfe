import DryRack
import Testing

@testable import World

/// Training jobs slow each other where they cross the same links of a fabric, and nowhere else.
@Suite struct JobContentionTests {
  /// Jobs in the order of their nodes on a pool with one interface a node.
  static func text(_ fabric: String, count: Int, jobs: [(name: String, nodes: Int)]) -> String {
    let lines = jobs.map { job in
      """
            \(job.name): { workload: train\(job.nodes), pool: gpu, restart: 1s,
                 accelerators: \(8 * job.nodes), parallelism: { tensor: 8, data: auto } }
      """
    }
    let works = Set(jobs.map(\.nodes)).sorted().map {
      """
        train\($0): { kind: training, model: llama-3.1-8b, sequence: 4096, steps: 40,
          global-batch: \(24 * $0) }
      """
    }
    return """
      version: 1
      name: neighbours
      seed: 5
      workloads:
      \(works.joined(separator: "\n"))
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools:
            gpu: { site: dc, node: hgx-h100, count: \(count), failures: none,
                   fabric: { kind: ethernet-100g, links-per-node: 1, \(fabric) } }
          jobs:
      \(lines.joined(separator: "\n"))
      """
  }

  /// The first of two jobs by itself, and both together.
  private static func finishes(
    _ fabric: String, count: Int, _ first: Int, _ second: Int
  ) throws -> (alone: Ticks, together: [Ticks], delays: [Double]) {
    let jobs = [(name: "a", nodes: first), (name: "b", nodes: second)]
    let both = try ContentionTests.run(text(fabric, count: count, jobs: jobs))
    let alone = try ContentionTests.run(text(fabric, count: count, jobs: [jobs[0]]))
    #expect(alone.jobs[0].networkDelay == 0)
    return (alone.jobs[0].finish!, both.jobs.map { $0.finish! }, both.jobs.map(\.networkDelay))
  }

  /// Three nodes each on leaves of two: the middle leaf has a node of both.
  @Test(arguments: [
    ("topology: fat-tree, nodes-per-leaf: 2, oversubscription: 4", 6, 3, 3),
    ("topology: rail-optimised, nodes-per-leaf: 2, oversubscription: 4", 6, 3, 3),
    ("topology: dragonfly, nodes-per-leaf: 8, oversubscription: 16, routing: adaptive", 24, 12, 12),
  ])
  func neighboursSlowEachOther(fabric: String, count: Int, first: Int, second: Int) throws {
    let found = try Self.finishes(fabric, count: count, first, second)
    #expect(found.together[0] > found.alone, "\(fabric)")
    #expect(found.delays[0] > 0 && found.delays[1] > 0, "\(fabric): both ways")
    let late = (found.together[0] - found.alone).seconds
    #expect(abs(late - found.delays[0]) < 0.01 * late + 1e-6, "\(late) \(found.delays[0])")
  }

  /// The ring of nodes 3 to 7 of a cube comes back over a link of the ring of nodes 0 to 2.
  @Test func neighboursOnATorus() throws {
    let found = try Self.finishes("topology: torus, routing: spray", count: 8, 3, 5)
    #expect(found.together[0] > found.alone && found.delays[0] > 0)
  }

  /// On groups of their own, and where the fabric carries all that nodes can send, nobody moves by a tick.
  @Test(arguments: [
    ("topology: fat-tree, nodes-per-leaf: 3, oversubscription: 4", 6, 3, 3),
    ("topology: rail-optimised, nodes-per-leaf: 3, oversubscription: 4", 6, 3, 3),
    ("topology: fat-tree, nodes-per-leaf: 2", 6, 3, 3),
    ("topology: rail-optimised, nodes-per-leaf: 2, routing: spray", 6, 3, 3),
    ("topology: dragonfly, nodes-per-leaf: 8, routing: adaptive", 24, 12, 12),
    ("topology: torus", 8, 4, 4),
  ])
  func othersStayApart(fabric: String, count: Int, first: Int, second: Int) throws {
    let found = try Self.finishes(fabric, count: count, first, second)
    #expect(found.together[0] == found.alone, "\(fabric)")
    #expect(found.delays == [0, 0], "\(fabric)")
  }

  /// KV entries between nodes and a job's bursts meet on every topology.
  @Test(arguments: [
    ", topology: fat-tree, nodes-per-leaf: 1, oversubscription: 4",
    ", topology: rail-optimised, nodes-per-leaf: 1, oversubscription: 4", ", topology: torus, routing: spray",
  ])
  func servicesMeetJobs(fabric: String) throws {
    // On a square of four nodes, half of what the job's nodes send each other passes over the service's link.
    func run(service: Bool = true, job: Bool = true) throws -> Outcome {
      let text = ContentionTests.text(service: service, job: job, leaves: fabric, rate: "12/s")
      let isTorus = fabric.contains("torus")
      return try ContentionTests.run(isTorus ? text.replacing("count: 3", with: "count: 4") : text)
    }
    let both = try run()
    let serving = try run(job: false)
    let training = try run(service: false)
    let (shared, own) = (both.services[0].tally.transfers!, serving.services[0].tally.transfers!)
    #expect(shared.transfer.mean! > own.transfer.mean! && shared.bytes == own.bytes)
    #expect(both.jobs[0].networkDelay > 0 && both.jobs[0].finish! > training.jobs[0].finish!)
  }

  /// Two services whose replicas hang on one port of a node have it together.
  @Test func servicesShareAPort() throws {
    func service(_ name: String) -> String {
      """
            \(name):
              workload: \(name)
              pool: gpu
              disaggregation:
                prefill: { replicas: 1, parallelism: { tensor: 4 } }
                decode: { replicas: 1, parallelism: { tensor: 2 } }
                transfer: { bandwidth: 12.5GB/s, links-per-node: 1, within-node: fabric }
      """
    }
    func text(_ services: [String]) -> String {
      let works = services.map {
        """
          \($0):
            kind: inference
            model: llama-3.1-8b
            arrivals: { process: poisson, rate: 6/s }
            prompt-tokens: { distribution: constant, value: 4000 }
            output-tokens: { distribution: constant, value: 20 }
        """
      }
      return """
        version: 1
        name: one-port
        duration: 30s
        workloads:
        \(works.joined(separator: "\n"))
        designs:
          one:
            sites: { dc: { kind: on-prem } }
            pools: { gpu: { site: dc, node: hgx-h100, count: 2, fabric: ethernet-100g, failures: none } }
            services:
        \(services.map(service).joined(separator: "\n"))
        """
    }
    // a: prefill 0-3, decode 4-5 of node 0; b: prefill on node 1, decode beside it. c would be on node 1 too.
    let both = try ContentionTests.run(text(["a", "b"]))
    let alone = try ContentionTests.run(text(["a"]))
    let (beside, apart) = (both.services[0].tally.transfers!, alone.services[0].tally.transfers!)
    #expect(beside.transfer.mean! == apart.transfer.mean! && beside.bytes == apart.bytes)
    // Smaller prefill replicas of both fit one node, and send over its one port.
    func small(_ services: [String]) -> String { text(services).replacing("tensor: 4", with: "tensor: 2") }
    let (meeting, single) = (
      try ContentionTests.run(small(["a", "b"])), try ContentionTests.run(small(["a"]))
    )
    let (shared, own) = (meeting.services[0].tally.transfers!, single.services[0].tally.transfers!)
    #expect(shared.bytes == own.bytes)
    #expect(shared.transfer.mean! + shared.wait.mean! > own.transfer.mean! + own.wait.mean!)
  }
}
