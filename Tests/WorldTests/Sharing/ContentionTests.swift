import DryRack
import Testing

@testable import World

/// Jobs and services slow each other where they use the same links and stores, and nowhere else.
@Suite struct ContentionTests {
  /// A disaggregated service on twelve accelerators of nodes with one interface each, and a training job.
  ///
  /// - Parameter beside: whether the job's nodes include the service's second one, half of which is free.
  static func text(
    service: Bool = true, job: Bool = true, beside: Bool = true, leaves: String = "", transfer: String = "",
    rate: String = "8/s", accelerators: Int? = nil, start: String = "0s"
  ) -> String {
    let services = """
          services:
            chat:
              workload: chat
              pool: gpu
              router: least-loaded
              disaggregation:
                prefill: { replicas: 2, parallelism: { tensor: 4 } }
                decode: { replicas: 1, parallelism: { tensor: 4 } }
                transfer: { bandwidth: 12.5GB/s, links-per-node: 1, within-node: fabric\(transfer) }
      """
    let jobs = """
          jobs:
            train:
              workload: train
              pool: \(beside ? "gpu" : "other")
              accelerators: \(accelerators ?? (beside ? 12 : 16))
              restart: 1s
              start: \(start)
              \(accelerators == nil ? "parallelism: { tensor: 4, data: auto }" : "parallelism: auto")
      """
    return """
      version: 1
      name: contention
      seed: 5
      duration: 40s
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: \(rate) }
          prompt-tokens: { distribution: lognormal, mean: 3000, cv: 0.6, max: 12000 }
          output-tokens: { distribution: constant, value: 40 }
        train:
          kind: training
          model: llama-3.1-8b\(accelerators == nil ? "" : "\n    trained: lora\n    lora-rank: 1")
          sequence: 4096
          global-batch: 96
          steps: 60
      designs:
        both:
          sites: { dc: { kind: on-prem } }
          pools:
            gpu:
              site: dc
              node: hgx-h100
              count: 3
              fabric: { kind: ethernet-100g, links-per-node: 1\(leaves) }
              failures: none
            other: { site: dc, node: hgx-h100, count: 2, fabric: ethernet-100g, failures: none }
      \(service ? services : "")
      \(job ? jobs : "")
      """
  }

  static func run(_ text: String) throws -> Outcome { try model(text).run() }

  struct Prepared {
    var model: DesignModel
    func run() -> Outcome {
      var options = WorldOptions()
      options.keepsRequests = true
      options.verifiesLeaps = true
      return Simulation.run(model, replication: 0, options: options)
    }
  }

  static func model(_ text: String) throws -> Prepared {
    Prepared(model: DesignModel(scenario: try WorldTests.scenario(text), designIndex: 0))
  }

  static func times(_ outcome: Outcome) -> [[Ticks?]] {
    outcome.records.sorted { $0.serial < $1.serial }.map { [$0.ttft, $0.e2e, $0.transfer, $0.transferWait] }
  }

  /// On one interface both ways are slower: prompts reach their decode replica later, steps take longer.
  @Test func transfersAndAllReducesSlowEachOther() throws {
    let both = try Self.run(Self.text(rate: "16/s"))
    let apart = try Self.run(Self.text(beside: false, rate: "16/s"))
    let (shared, own) = (both.services[0].tally, apart.services[0].tally)
    #expect(shared.completed == own.completed && shared.completed > 200)
    #expect(shared.ttft.mean! > 1.02 * own.ttft.mean!, "\(shared.ttft.mean!) \(own.ttft.mean!)")
    #expect(shared.transfers!.transfer.mean! > 1.1 * own.transfers!.transfer.mean!)
    let alone = try Self.run(Self.text(service: false))
    let (slowed, free) = (both.jobs[0], alone.jobs[0])
    #expect(slowed.finish! > free.finish! && slowed.networkDelay > 0 && free.networkDelay == 0)
    let late = (slowed.finish! - free.finish!).seconds
    #expect(abs(late - slowed.networkDelay) < 0.02 * late + 1e-6, "\(late) \(slowed.networkDelay)")
  }

  /// With links of their own neither knows of the other, to the tick.
  @Test func separateLinksKeepThemApart() throws {
    let both = try Self.run(Self.text(beside: false))
    let serving = try Self.run(Self.text(job: false))
    let training = try Self.run(Self.text(service: false, beside: false))
    #expect(Self.times(both) == Self.times(serving))
    #expect(both.services[0].replicas == serving.services[0].replicas)
    #expect(both.jobs[0].finish == training.jobs[0].finish && both.jobs[0].time == training.jobs[0].time)
  }

  /// A job that puts nothing on a service's links changes nothing of it, whatever it is and wherever it lies:
  /// one on a single accelerator beside a replica, one on a node of its own, one that starts when the service
  /// has ended; nor does a job that sends change anything before it starts.
  @Test(arguments: ["", ", nodes-per-leaf: 1, oversubscription: 4", ", topology: torus"])
  func jobsThatSendNothingLeaveServicesAlone(leaves: String) throws {
    let serving = try Self.run(Self.text(job: false, leaves: leaves))
    var silent = [1, 4, 8].map { Self.text(leaves: leaves, accelerators: $0) }
    silent.append(Self.text(leaves: leaves, start: "10h"))
    for text in silent {
      let both = try Self.run(text)
      #expect(both.jobs.count == 1 && both.jobs[0].networkDelay == 0)
      let isSame = Self.times(both) == Self.times(serving)
      #expect(isSame && both.services[0].replicas == serving.services[0].replicas)
    }
    let late = try Self.run(Self.text(leaves: leaves, start: "20s"))
    // Whoever had its last token before the job came has not met it.
    func early(_ outcome: Outcome) -> [[Ticks?]] {
      outcome.records.filter { ($0.sent + ($0.e2e ?? .zero)).seconds < 20 }.sorted { $0.serial < $1.serial }
        .map { [$0.ttft, $0.e2e, $0.transfer, $0.transferWait] }
    }
    let isSame = early(late) == early(serving)
    // Around three nodes, the way between the job's two is not one of the service's.
    let differs = leaves.contains("torus") || Self.times(late) != Self.times(serving)
    #expect(isSame && differs && early(late).count > 60)
  }

  /// More traffic of the one never makes the other faster.
  @Test func moreTrafficNeverHelps() throws {
    var finishes: [Ticks] = []
    for rate in ["1/s", "8/s", "16/s"] {
      finishes.append(try Self.run(Self.text(rate: rate)).jobs[0].finish!)
    }
    #expect(finishes == finishes.sorted() && finishes[0] < finishes[2])
  }

  /// What leaves a leaf switch shares the links above it.
  @Test func leavesAreShared() throws {
    let narrow = ", nodes-per-leaf: 1, oversubscription: 4"
    let both = try Self.run(Self.text(leaves: narrow))
    let serving = try Self.run(Self.text(job: false, leaves: narrow))
    #expect(
      both.services[0].tally.transfers!.transfer.mean! > serving.services[0].tally.transfers!.transfer.mean!)
    #expect(both.jobs[0].networkDelay > 0)
  }

  /// A pool with leaves of its own does not lend them to another's transfers.
  @Test func poolsKeepTheirLeaves() throws {
    func pool(_ name: String, _ count: Int) -> String {
      """
            \(name):
              site: dc
              node: hgx-h100
              count: \(count)
              fabric: { kind: ethernet-100g, links-per-node: 1, nodes-per-leaf: 2, oversubscription: 2 }
              failures: none
      """
    }
    func service(_ name: String) -> String {
      """
            \(name):
              workload: \(name)
              pool: \(name)
              disaggregation:
                prefill: { replicas: 2, parallelism: { tensor: 8 } }
                decode: { replicas: 1, parallelism: { tensor: 8 } }
                transfer: { bandwidth: 12.5GB/s, links-per-node: 1, within-node: fabric }
      """
    }
    func workload(_ name: String) -> String {
      """
        \(name):
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: 4/s }
          prompt-tokens: { distribution: constant, value: 3000 }
          output-tokens: { distribution: constant, value: 20 }
      """
    }
    let text = """
      version: 1
      name: two-pools
      duration: 20s
      workloads:
      \(workload("small"))
      \(workload("large"))
        train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 20 }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools:
      \(pool("small", 4))
      \(pool("large", 8))
          services:
      \(service("small"))
      \(service("large"))
          jobs:
            a: { workload: train, pool: small, accelerators: 8, restart: 1s, parallelism: { tensor: 8 } }
            b: { workload: train, pool: large, accelerators: 32, restart: 1s, parallelism: { tensor: 8 } }
      """
    let outcome = try Self.run(text)
    #expect(outcome.services.allSatisfy { $0.tally.completed == $0.tally.offered && $0.tally.completed > 40 })
    // The job in the large pool crosses leaves, the one in the small pool has a node of its own.
    #expect(outcome.jobs[1].networkDelay > 0 && outcome.jobs[0].networkDelay == 0)
  }

  /// Beyond the horizon nothing happens to jobs, and they take nothing from services.
  @Test func jobsLetGoAtTheHorizon() throws {
    let short = Self.text().replacing("seed: 5", with: "seed: 5\neconomics: { horizon: 20s }")
      .replacing("steps: 60", with: "steps: 6000")
    let outcome = try Self.run(short)
    let alone = try Self.run(Self.text(job: false))
    #expect(outcome.isComplete && outcome.jobs[0].finish == nil)
    func late(_ outcome: Outcome) -> [Double] {
      outcome.records.filter { $0.sent.seconds > 25 }.compactMap { $0.transfer?.seconds }
    }
    let (shared, own) = (late(outcome), late(alone))
    #expect(shared.count == own.count && shared.count > 20)
    let (late1, late2): (Double, Double) = (shared.reduce(0, +), own.reduce(0, +))
    let bound: Double = 1.05 * late2 + 0.05 * Double(own.count)
    #expect(late1 < bound)
  }

  @Test func overlapLeavesOnlyTheRest() throws {
    let whole = try Self.run(Self.text())
    let ahead = try Self.run(Self.text(transfer: ", overlap: true"))
    #expect(ahead.services[0].tally.ttft.mean! < whole.services[0].tally.ttft.mean!)
    #expect(ahead.services[0].tally.transfers!.bytes == whole.services[0].tally.transfers!.bytes)
  }

  /// The same scenario twice gives the same ticks.
  @Test func sharesAreDeterministic() throws {
    let prepared = try Self.model(Self.text(leaves: ", nodes-per-leaf: 1, oversubscription: 2"))
    let (first, second) = (prepared.run(), prepared.run())
    #expect(Self.times(first) == Self.times(second) && first.events == second.events)
    #expect(first.jobs[0].finish == second.jobs[0].finish)
  }
}
