import DryRack
import Foundation
import Testing

@testable import Experiments

@Suite("How sure the cheapest is", .serialized)
struct CertaintyTests {
  /// A problem on a grid whose costs and holding go one way along every axis.
  private struct Problem {
    var sides: [Int]
    var prices: [Double]
    var needs: [[Double]]

    /// - Parameter stream: draws prices, and some points of which one must be reached in every coordinate.
    init(_ sides: [Int], _ stream: inout RandomStream) {
      self.sides = sides
      prices = sides.map { _ in 0.1 + stream.uniform() }
      let count = 1 + Int(stream.below(4))
      needs = []
      for _ in 0..<count { needs.append(sides.map { Double(stream.below(UInt32($0 + 1))) }) }
    }

    func cost(_ point: [Double]) -> Double { 5 + zip(prices, point).map(*).reduce(0, +) }
    func holds(_ point: [Double]) -> Bool {
      needs.contains { need in zip(point, need).allSatisfy { $0 >= $1 } }
    }
    func tried(_ point: [Double]) -> MonotoneExclusion.Tried {
      .init(point: point, values: [cost(point)], holds: holds(point), isSettled: true)
    }
  }

  @Test("on monotone grids nothing that is left out is cheaper and holds, and asking ends at the optimum")
  func exclusion() throws {
    var stream = RandomStream(seed: 11, replication: 0, entity: "test", purpose: "problems")
    for sides in [[30], [12, 17], [6, 5, 7]] {
      for _ in 0..<20 {
        let problem = Problem(sides, &stream)
        let all = SearchSpace(sides.map { .integer(0...$0) }).allPoints()
        let cheapest = all.filter(problem.holds).map(problem.cost).min()
        var tried: [MonotoneExclusion.Tried] = []
        while true {
          let best = tried.filter(\.holds).min { $0.values[0] < $1.values[0] }
          let rule = MonotoneExclusion(tried, isOrdered: sides.map { _ in true }, best: best)
          #expect(rule.isConsistent)
          let known = Set(tried.map(\.point))
          let bound = best?.values[0] ?? .infinity
          #expect(
            !all.contains {
              !known.contains($0) && rule.excludes($0) && problem.holds($0) && problem.cost($0) < bound
            })
          let open = all.filter { !known.contains($0) && !rule.excludes($0) }
          guard let next = rule.mostTelling(open) else { break }
          tried.append(problem.tried(next))
        }
        #expect(tried.filter(\.holds).map { $0.values[0] }.min() == cheapest)
        #expect(tried.count * 2 < all.count + 20, "\(tried.count) of \(all.count)")
      }
    }
  }

  @Test("trends are learnt from pairs; what goes both ways proves nothing along its axis")
  func trends() {
    func one(_ x: Double, _ y: Double, _ cost: Double, _ holds: Bool) -> MonotoneExclusion.Tried {
      .init(point: [x, y], values: [cost], holds: holds, isSettled: true)
    }
    let falling = MonotoneExclusion(
      [one(1, 1, 9, true), one(4, 1, 5, true), one(9, 1, 4, false)], isOrdered: [true, true],
      best: one(4, 1, 5, true))
    #expect(falling.costs == [.falling, .unknown] && falling.holding == [.falling, .unknown])
    #expect(falling.excludes([2, 1]) && falling.excludes([10, 1]) && !falling.excludes([6, 1]))
    let mixed = MonotoneExclusion(
      [one(1, 1, 3, true), one(4, 1, 5, true), one(9, 1, 4, true)], isOrdered: [true, false],
      best: one(1, 1, 3, true))
    #expect(mixed.costs == [.mixed, .mixed] && mixed.isMixed(0) && !mixed.excludes([2, 1]))
    // Against the order, though no two differ in one variable alone.
    let crossed = MonotoneExclusion(
      [one(1, 1, 3, true), one(2, 2, 2, true)], isOrdered: [true, true], best: nil)
    #expect(!crossed.isConsistent)
  }

  private static let plane = """
    optimize:
      variables:
        designs.buy.services.chat.replicas: { from: 1, to: 12 }
        designs.buy.pools.gpu.count: { from: 1, to: 12 }
      objectives: [cost_per_month]
      replications: 2
    """

  /// The search's own draws by this seed, of runs that are always the same.
  private static func search(
    seed: UInt64, objectives: String = "[cost_per_month]", change: (inout OptimizeSettings) -> Void
  ) async throws -> OptimizeResults {
    let text = SmallFleet.text(plane.replacing("[cost_per_month]", with: objectives))
    let family = try ScenarioFamily(
      bytes: Array(text.replacing("duration: 40s", with: "duration: 15s").utf8), file: "fleet.yaml",
      folder: ".")
    var scenario = try family.scenario().get()
    var settings = try #require(scenario.optimize)
    change(&settings)
    scenario.seed = seed
    var options = RunOptions()
    options.jobs = 2
    var optimizer = Optimizer(
      scenario, settings: settings, source: { family.scenario(at: $0) }, options: options)
    return await optimizer.search(designs: [])
  }

  @Test("whatever the seed, the search's answer is the grid's, within its budget, and it says so")
  func grid() async throws {
    let grid = try await Self.search(seed: 1) { $0.method = .grid }
    let best = grid.trials[try #require(grid.requirements[0].best)]
    #expect(grid.requirements[0].certainty == .everyPoint)
    for seed in UInt64(1)...5 {
      for objectives in ["[cost_per_month]", "[cost_per_month, \"p95(ttft_s)\"]"] {
        let found = try await Self.search(seed: seed, objectives: objectives) {
          ($0.method, $0.budget, $0.population) = (.nsga2, 32, 8)
        }
        let answer = found.trials[try #require(found.requirements[0].best)]
        #expect(answer.objectives[0].value == best.objectives[0].value, "seed \(seed): \(answer.values)")
        #expect(found.trials.count { $0.replications > 0 } <= 32)
        let method = found.methods[0]
        #expect(method.points - method.refused == found.trials.count { $0.replications > 0 })
        #expect(found.requirements[0].certainty?.isProof == true, "seed \(seed)")
        #expect(found.table(style: TextStyle(colours: false)).contains("nothing cheaper holds"))
      }
    }
  }

  @Test("a budget that is too small says how far the neighbours were tried")
  func smallBudget() async throws {
    var isNeverProved = true
    for seed in UInt64(1)...4 {
      let found = try await Self.search(seed: seed) {
        ($0.method, $0.budget, $0.population) = (.nsga2, 6, 4)
      }
      #expect(found.trials.count { $0.replications > 0 } <= 6)
      guard case .neighbours(let closed, let count)? = found.requirements[0].certainty else { continue }
      isNeverProved = false
      #expect(closed < count && count <= 8)
      #expect(
        found.table(style: TextStyle(colours: false)).contains(
          "not proved: \(closed) of \(count) neighbours tried"))
      #expect(found.json().contains("\"certainty\":\"neighbours\""))
    }
    #expect(!isNeverProved)
  }

  @Test(
    "where costs tie, the edge of what holds is the answer, and what is better otherwise stands beside it")
  func tie() async throws {
    let more = """
      optimize:
        variables: { designs.buy.services.chat.replicas: { from: 1, to: 12 } }
        objectives: [cost_per_month, "p95(ttft_s)"]
        replications: 2
      """
    let text = SmallFleet.text(more).replacing(
      "{ kind: on-prem, electricity: 0.12 USD/kWh }",
      with: "{ kind: cloud, provider: aws, region: us-east-1 }"
    ).replacing("purchase: { price: 35000 USD, life: 4y }", with: "pricing: { price: 2 USD/h }")
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "fleet.yaml", folder: ".")
    let scenario = try family.scenario().get()
    func search(_ method: OptimizeSettings.Method) async throws -> OptimizeResults {
      var settings = try #require(scenario.optimize)
      settings.method = method
      var optimizer = Optimizer(
        scenario, settings: settings, source: { family.scenario(at: $0) }, options: RunOptions())
      return await optimizer.search(designs: [])
    }
    let grid = try await search(.grid)
    let least = try #require(grid.trials.filter(\.isFeasible).compactMap { Int($0.values[0].value) }.min())
    for results in [grid, try await search(.bisection)] {
      let requirement = results.requirements[0]
      let best = try #require(requirement.best)
      #expect(results.trials[best].values[0].value == "\(least)")
      let edge = try #require(requirement.edge)
      #expect(edge.holds == best && edge.isLeast && edge.isSharp)
      #expect(results.trials[try #require(edge.fails)].values[0].value == "\(least - 1)")
      let table = results.table(style: TextStyle(colours: false))
      #expect(table.contains("replicas = \(least), 12 GPUs"))
      #expect(table.contains("the least that holds: \(least - 1) fails"))
      let equal = results.trials[try #require(requirement.equal)]
      #expect(equal.status == .front && table.contains("No dearer: chat.replicas = "))
    }
  }

  @Test("an objective that nothing has a value of is told as such")
  func unknown() async throws {
    let results = try await SmallFleet.search(
      """
      optimize:
        variables: { designs.buy.services.chat.replicas: { from: 8, to: 9 } }
        objectives: [break_even_months]
        replications: 2
      """)
    #expect(results.requirements[0].best == nil && results.trials.allSatisfy(\.isUnknown))
    let table = results.table(style: TextStyle(colours: false))
    #expect(table.contains("Nothing that holds every threshold has a value of break_even_months."))
    #expect(table.contains("break_even_months is unknown wherever the thresholds hold"))
    #expect(!table.contains("Nothing tried holds"))
  }
}

@Suite("The sense of an objective")
struct ObjectiveSenseTests {
  private func read(_ objectives: String) throws -> Result<Scenario, FaultReport> {
    try SmallFleet.family(
      """
      optimize:
        variables: { designs.buy.services.chat.replicas: { from: 1, to: 2 } }
        objectives: [\(objectives)]
      """
    ).scenario()
  }

  @Test("it is the metric's own, as comparisons have it, unless it is written")
  func own() throws {
    for metric in Metric.all where metric.kind == .value {
      let objective = try? read(metric.name).get().optimize?.objectives.first
      switch metric.better {
      case .higher: #expect(objective?.isMaximized == true, "\(metric.name)")
      case .lower: #expect(objective?.isMaximized == false, "\(metric.name)")
      case .neither:
        // Utilisations alone are looked for high though nobody judges their change.
        let isUsed = ["mfu", "mbu", "gpu_busy_ratio"].contains(metric.name)
        #expect(objective?.isMaximized == (isUsed ? true : nil), "\(metric.name)")
      }
      let written = try read("{ metric: \(metric.name), sense: min }").get().optimize?.objectives
      #expect(written?.first?.isMaximized == false)
    }
    #expect(try read("\"p99(ttft_s)\"").get().optimize?.objectives.first?.isMaximized == false)
  }

  @Test(
    "one without a good end, and one that stands there twice, are refused",
    arguments: [
      ("offered", "neither end of 'offered'"), ("\"count(ttft_s)\"", "neither end"),
      ("cost_per_month, cost_per_month", "is an objective already"),
      ("goodput_ratio, { metric: goodput_ratio, sense: min }", "is an objective already"),
      ("\"p95(ttft_s)\", \"p95( ttft_s )\"", "is an objective already"),
    ])
  func refused(objectives: String, words: String) throws {
    guard case .failure(let report) = try read(objectives) else {
      Issue.record("\(objectives) was taken")
      return
    }
    #expect(report.faults.count == 1 && report.faults[0].message.contains(words))
  }
}
