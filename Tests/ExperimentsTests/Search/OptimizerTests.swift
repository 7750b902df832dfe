import DryRack
import Foundation
import Testing

@testable import Experiments

/// A small fleet: short runs of one model on bought machines.
enum SmallFleet {
  static func text(_ more: String, replications: Int = 3) -> String {
    """
    version: 1
    name: small-fleet
    seed: 5
    duration: 40s
    replications: \(replications)
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: gamma, rate: 40/s, burstiness: 0.5 }
        prompt-tokens: { distribution: lognormal, mean: 800, cv: 1, max: 4096 }
        output-tokens: { distribution: lognormal, mean: 150, cv: 0.8, max: 1024 }
        slo: { ttft: 1s, tpot: 40ms }
    designs:
      buy:
        sites: { dc: { kind: on-prem, electricity: 0.12 USD/kWh } }
        pools:
          gpu:
            site: dc
            node: { accelerator: h100-sxm, accelerators: 1 }
            count: 12
            purchase: { price: 35000 USD, life: 4y }
        services: { chat: { workload: chat, pool: gpu, replicas: 4, router: least-loaded } }
    thresholds: [ "p95(ttft_s) < 0.4", "p95(tpot_s) < 0.03" ]
    \(more)
    """
  }

  static func family(_ more: String, replications: Int = 3) throws -> ScenarioFamily {
    return try ScenarioFamily(
      bytes: Array(text(more, replications: replications).utf8), file: "fleet.yaml", folder: ".")
  }

  static func search(
    _ more: String, jobs: Int = 2, replications: Int = 3, change: (inout OptimizeSettings) -> Void = { _ in }
  ) async throws -> OptimizeResults {
    let family = try family(more, replications: replications)
    let scenario = try family.scenario().get()
    var settings = try #require(scenario.optimize)
    change(&settings)
    var options = RunOptions()
    options.jobs = jobs
    var optimizer = Optimizer(
      scenario, settings: settings, source: { family.scenario(at: $0) }, options: options)
    return await optimizer.search(designs: [])
  }
}

@Suite("Searching a scenario", .serialized)
struct OptimizerTests {
  static let line = """
    optimize:
      variables:
        designs.buy.services.chat.replicas: { from: 1, to: 12 }
    """
  static let plane = """
    optimize:
      variables:
        designs.buy.services.chat.replicas: { from: 1, to: 12 }
        designs.buy.pools.gpu.count: { from: 1, to: 12 }
        designs.buy.services.chat.max-batched-tokens: [1024, 4096]
      objectives: [cost_per_month, "p95(ttft_s)"]
      budget: 400
    """

  @Test("bisection finds what trying every value finds, and tries the neighbours")
  func bisection() async throws {
    let found = try await SmallFleet.search(Self.line)
    let all = try await SmallFleet.search(Self.line) { $0.method = .grid }
    #expect(found.methods[0].method == "bisection" && all.methods[0].method == "every point")
    let best = try #require(found.requirements[0].best)
    let value = try #require(Int(found.trials[best].values[0].value))
    let least = all.trials.filter(\.isFeasible).compactMap { Int($0.values[0].value) }.min()
    #expect(value == least)
    #expect(found.trials.count < all.trials.count)
    let tried = found.trials.compactMap { Int($0.values[0].value) }
    for near in [value - 1, value + 1] { #expect(tried.contains(near)) }
    let slack = try #require(found.trials[best].tightest?.slack)
    #expect(slack > 0)
    let below = try #require(found.trials.first { $0.values[0].value == String(value - 1) })
    #expect(below.status == .infeasible && below.mostBroken != nil)
  }

  @Test("NSGA-II reaches 98 % of the hypervolume of the exhaustive grid on a serving problem")
  func servingProblem() async throws {
    // Every point has both replications, so that the grid's front is the true one.
    let grid = try await SmallFleet.search(Self.plane) { ($0.method, $0.replications) = (.grid, 2) }
    #expect(grid.methods[0].possible == 288 && grid.methods[0].points == 288)
    let found = try await SmallFleet.search(Self.plane) {
      ($0.method, $0.replications) = (.nsga2, 2)
      ($0.budget, $0.population) = (100, 16)
    }
    #expect(found.methods[0].method == "NSGA-II")
    func volume(_ results: OptimizeResults) -> Double {
      let points = results.front.map { results.trials[$0].objectives.compactMap(\.value) }
      return Hypervolume.volume(points, reference: grid.reference)
    }
    let share = volume(found) / volume(grid)
    #expect(share >= 0.98 && share <= 1 + 1e-9, "\(share) with \(found.trials.count) of 288 points")
  }

  @Test("no search tries more points than its budget", arguments: [1, 2, 3])
  func budget(_ budget: Int) async throws {
    let found = try await SmallFleet.search(Self.line) { ($0.method, $0.budget) = (.bisection, budget) }
    #expect(found.trials.count { $0.replications > 0 } <= budget)
    #expect(found.notes.contains { $0.contains("the budget of \(budget) points ended the bisection") })
  }

  @Test("results do not depend on the number of jobs; a trial is what `run` says of it")
  func determinism() async throws {
    func settings(_ settings: inout OptimizeSettings) {
      settings.method = .nsga2
      (settings.budget, settings.population) = (24, 8)
    }
    let one = try await SmallFleet.search(Self.plane, jobs: 1, change: settings)
    let four = try await SmallFleet.search(Self.plane, jobs: 4, change: settings)
    #expect(one.json() == four.json() && one.csv() == four.csv())
    #expect(one.table(style: TextStyle(colours: false)) == four.table(style: TextStyle(colours: false)))
    let trial = one.trials[try #require(one.front.first)]
    let scenario = try SmallFleet.family(Self.plane, replications: trial.replications)
      .scenario(at: trial.values).get()
    let run = await Experiment.run(scenario, options: RunOptions())
    #expect(run.row(design: "buy", metric: "cost_per_month")?.value == trial.objectives[0].value)
    #expect(
      run.row(design: "buy", metric: "ttft_s", statistic: "p95")?.value == trial.objectives[1].value)
    #expect(run.verdicts.map(\.holds) == trial.thresholds.map(\.holds))
  }

  @Test("the front has all replications, and nobody on it is dominated or breaks a threshold")
  func front() async throws {
    let results = try await SmallFleet.search(Self.plane, replications: 6) {
      ($0.method, $0.budget, $0.population) = (.nsga2, 40, 8)
    }
    #expect(!results.front.isEmpty)
    for index in results.front {
      let trial = results.trials[index]
      #expect(trial.status == .front && trial.replications == 6 && trial.thresholds.allSatisfy(\.holds))
    }
    for trial in results.trials where trial.status == .dominated {
      let better = results.trials[try #require(trial.dominatedBy) - 1]
      #expect(better.status == .front)
      #expect(zip(better.objectives, trial.objectives).allSatisfy { $0.value! <= $1.value! })
    }
    #expect(results.trials.contains { $0.replications < 6 && $0.replications > 0 }, "racing saves runs")
    let impossible = results.trials.filter { $0.status == .impossible }
    #expect(impossible.allSatisfy { $0.fault != nil && $0.replications == 0 })
    #expect(Set(results.trials.map(\.values)).count == results.trials.count, "no point is tried twice")
  }

  @Test("an objective that nothing reaches: infeasible apart, the nearest named, and limits told")
  func nothing() async throws {
    let more = """
      optimize:
        variables: { designs.buy.services.chat.replicas: { from: 1, to: 1 } }
      """
    let results = try await SmallFleet.search(more)
    #expect(!results.isFeasible && results.hypervolume == nil)
    #expect(results.requirements[0].best == nil)
    let table = results.table(style: TextStyle(colours: false))
    #expect(table.contains("Nothing tried holds every threshold.") && table.contains("the nearest is"))
    let family = try SmallFleet.family(Self.line)
    let scenario = try family.scenario().get()
    var options = RunOptions()
    options.maximumEvents = 500
    var optimizer = Optimizer(
      scenario, settings: try #require(scenario.optimize), source: { family.scenario(at: $0) },
      options: options)
    let stopped = await optimizer.search(designs: [])
    #expect(stopped.manifest.stoppedBy == "the limit on events" && !stopped.manifest.complete)
  }

  @Test("a hole in what holds is noticed, and every value is tried then")
  func hole() async throws {
    // More replicas than twelve are refused; one threshold turns the cost against many of them.
    let more = """
      optimize:
        variables: { designs.buy.services.chat.replicas: { from: 1, to: 40 } }
      """
    let results = try await SmallFleet.search(more)
    #expect(results.isFeasible)
    let refused = results.trials.filter { $0.status == .impossible }
    #expect(refused.count == 1 && refused[0].values[0].value == "13")
  }
}

@Suite("What a search is told")
struct SearchKeyTests {
  private func faults(_ more: String) -> [Fault] {
    do {
      switch try SmallFleet.family(more).scenario() {
      case .success: return []
      case .failure(let report): return report.faults
      }
    } catch let report as FaultReport {
      return report.faults
    } catch {
      return []
    }
  }

  @Test("paths, ranges and metrics are checked where they are written, all at once")
  func checked() {
    let found = faults(
      """
      optimize:
        variables:
          designs.buy.services.chat.replica: { from: 1, to: 4 }
          designs.bye.pools.gpu.count: { from: 1, to: 4 }
          designs.buy.pools.gpu.count: { from: 4, to: 1 }
          workloads.chat.arrivals.rate: { from: 1/s, to: 90/min }
          designs.buy.services.chat.engine: [vllm, vlm]
          designs.buy.services.chat.router: { from: 1, to: 2 }
          seed: { from: 1, to: 2 }
        objectives: [cost_per_mont, { metric: "p99(ttft_s)", sense: max }]
        population: 7
      """)
    let words = found.map { $0.message + ($0.help.map { " = \($0)" } ?? "") }.joined(separator: "\n")
    for expected in [
      "did you mean 'replicas'?", "did you mean 'buy'?", "'from' lies above 'to'", "different units",
      "did you mean 'vllm'?", "no range of numbers", "not part of what is simulated",
      "did you mean 'cost_per_month'?", "expected an even number",
    ] {
      #expect(words.contains(expected), "\(expected) is missing in:\n\(words)")
    }
    #expect(found.allSatisfy { $0.line > 20 && $0.path.hasPrefix("optimize") })
  }

  @Test("units, whole numbers and steps")
  func domains() throws {
    let scenario = try SmallFleet.family(
      """
      optimize:
        variables:
          designs.buy.pools.gpu.count: { from: 2, to: 12, by: 5 }
          workloads.chat.arrivals.rate: { from: 2/s, to: 40/s, scale: log }
          designs.buy.sites.dc.pue: { from: 1, to: 2 }
      """
    ).scenario().get()
    let settings = try #require(scenario.optimize)
    let space = DesignSpace(settings.variables, of: "buy")
    #expect(space.search.variables[0].count == 3)
    #expect(space.overrides(at: [2, 12.5, 1.25]).map(\.value) == ["12", "12.5/s", "1.25"])
    #expect(settings.variables[0].designs == ["buy"] && settings.variables[1].designs == nil)
  }

  @Test("inputs and distributions that mean nothing are refused")
  func uncertainties() {
    let found = faults(
      """
      sensitivity: { inputs: [designs.buy.sites.dc.electricty, designs.buy.services.chat.router], spread: 0% }
      uncertainty:
        designs.buy.pools.gpu.purchase.price:
          { distribution: triangular, min: 9 USD, mode: 3 USD, max: 12 USD }
        designs.buy.sites.dc.electricity: { distribution: normal, mean: 0.1 USD/kWh, deviation: 3% }
        endpoints.nobody.price: { distribution: uniform, from: 1 USD, to: 2 USD }
      """)
    let words = found.map { $0.message + ($0.help.map { " = \($0)" } ?? "") }.joined(separator: "\n")
    for expected in [
      "did you mean 'electricity'?", "no number stands there", "moves nothing", "'mode' lies outside",
      "no unit of this quantity", "no design calls the endpoint 'nobody'",
    ] {
      #expect(words.contains(expected), "\(expected) is missing in:\n\(words)")
    }
  }
}
