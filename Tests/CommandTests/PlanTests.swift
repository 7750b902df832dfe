import DryRack
import Foundation
import Testing

@testable import Command

/// A plan says all that the results hang on, in the words of a scenario.
@Suite("Plans")
struct PlanTests {
  static func plans() throws -> [(name: String, scenario: Scenario, plan: RunPlan)] {
    try ScenarioTemplate.all.filter(\.isScenario).map { template in
      let path = RunEstimateTests.root.appendingPathComponent("scenarios/\(template.path)").path
      let scenario = try ScenarioReader.read(path: path).get()
      return (template.name, scenario, RunPlan(scenario, designs: []))
    }
  }

  @Test("a time reads back as the same time")
  func durations() throws {
    var stream = RandomStream(seed: 5, replication: 0, entity: "test", purpose: "durations")
    var times = [0, 1e-6, 0.08, 0.25, 1, 1.5, 60, 5400, 86_400, 2_592_000, 31_557_600, 94_672_800, 1e8]
    for _ in 0..<500 { times.append(Double(stream.below(400_000_000)) / pow(10, Double(stream.below(9)))) }
    for time in times {
      let words = PlanWords.duration(time)
      let read = try UnitParser.parse(words, as: .duration).get()
      #expect(abs(read - time) <= 1e-9 * time, "\(time) as \(words)")
    }
    #expect(PlanWords.duration(5400) == "1h30m" && PlanWords.duration(2_592_000) == "30d")
    #expect(PlanWords.duration(0.08) == "80ms" && PlanWords.duration(94_672_800) == "3y")
  }

  @Test("laws and arrivals are told by the keys they are written with")
  func laws() {
    var law = Distribution.lognormal(mean: 1020, cv: 1.1)
    law.maximum = 8192
    #expect(PlanWords.law(law) == "lognormal, mean 1020, cv 1.1, at most 8192")
    #expect(PlanWords.law(.gamma(mean: 7, cv: 0.5)) == "gamma, mean 7, cv 0.5")
    #expect(PlanWords.law(Distribution(.uniform(from: 1, to: 9))) == "uniform from 1 to 9")
    #expect(PlanWords.arrivals(.gamma(rate: PerSecond(12), burstiness: 0.2)) == "gamma, 12/s, burstiness 0.2")
    let users = ArrivalProcess.closedLoop(users: 9, thinkTime: Distribution(.constant(0.5)))
    #expect(PlanWords.arrivals(users) == "closed loop of 9 users, who think for 500ms")
  }

  @Test("no value is the dump of a type, on any shipped scenario")
  func words() throws {
    for (name, _, plan) in try Self.plans() {
      for line in plan.sections.flatMap(\.lines) {
        #expect(!line.value.contains("(law:") && !line.value.contains("Optional("), "\(name): \(line)")
        #expect(line.value.firstMatch(of: /\d{4,}\.\d+ s$/) == nil, "\(name): \(line)")
      }
    }
  }

  @Test("sites, people, prices and what an endpoint is taken to be are told, with their sources and dates")
  func money() throws {
    for (name, scenario, plan) in try Self.plans() {
      for design in scenario.designs {
        let lines = plan.sections.filter {
          $0.title == "design \(design.name)" || $0.title.hasPrefix("design \(design.name),")
        }.flatMap(\.lines)
        let names = lines.map { $0.name.trimmingCharacters(in: .whitespaces) }
        for site in design.sites {
          for part in ["site \(site.name)", "electricity", "PUE", "lead time", "round trip"] {
            #expect(names.contains(part), "\(name), \(design.name): \(part)")
          }
        }
        #expect(names.contains("staff") == (design.staff != nil), "\(name), \(design.name)")
        for pool in design.pools {
          #expect(names.contains("pool \(pool.name)"))
          #expect(pool.fabric == nil || lines.contains { $0.value == pool.fabric })
        }
        let paid = lines.filter { $0.name.hasPrefix("  bought") || $0.name.hasPrefix("  rented") }
        #expect(paid.count == design.pools.count && paid.allSatisfy { !$0.source.isEmpty })
        #expect(names.filter { $0 == "router" }.count == design.services.flatMap(\.deployments).count)
        for service in design.services {
          guard case .endpoint(let endpoint) = service.placement else { continue }
          for part in [
            "prompt tokens", "output tokens", "requests", "tokens", "TTFT, assumed", "output rate, assumed",
          ] {
            #expect(names.contains(part), "\(name): \(part)")
          }
          let price = try #require(lines.first { $0.name == "  prompt tokens" })
          #expect(price.source.contains(endpoint.date) && price.value.contains("USD a million"))
        }
      }
    }
  }
}
