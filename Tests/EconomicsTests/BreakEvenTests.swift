import Economics
import Foundation
import Oracles
import Quantities
import TestSupport
import Testing

@Suite("Break-even")
struct BreakEvenTests {
  @Test("before it the one costs more, after it the other", arguments: [0.0, 10, 1e6], [0.0, 0.5, 40])
  func crossing(fixed: Double, perUnit: Double) {
    let rent = LinearCost(fixed: 3, perUnit: 7)
    let own = LinearCost(fixed: fixed, perUnit: perUnit)
    guard let point = own.breakEven(against: rent) else {
      #expect(perUnit >= 7 || fixed <= 3)
      return
    }
    #expect(own.cost(point + 1) <= rent.cost(point + 1) + 1e-9)
    if point > 0 { #expect(abs(own.cost(point) - rent.cost(point)) < 1e-6) }
  }

  /// The published server (833,806 USD, 0.87 USD/h of energy) against AWS p5.48xlarge.
  @Test(
    "published cases: a server against the cloud, in hours",
    arguments: [(98.32, 8_556.0), (77.43, 10_890), (53.95, 15_708), (55.04, 15_392), (33.0, 25_951)])
  func published(price: Double, hours: Double) throws {
    let own = LinearCost(fixed: 833_806, perUnit: 0.87)
    let point = try #require(own.breakEven(against: LinearCost(fixed: 0, perUnit: price)))
    #expect(abs(point - hours) <= 1)
  }

  /// 8 H100 with everything for 651-862 thousand USD over three years against prices an hour.
  @Test("an owned node never beats 3.00 USD an hour, and beats 12.29 from a quarter of its hours on")
  func utilization() throws {
    let hours = 8.0 * 3 * 8_760
    let published = [(3.0, 1.03, 1.37), (3.9, 0.79, 1.05), (6.98, 0.44, 0.59), (12.29, 0.25, 0.33)]
    for (price, low, high) in published {
      let cheap = try #require(
        shareOfHoursToOwn(ownership: Money(651_000), hours: hours, price: Money(price)))
      let dear = try #require(
        shareOfHoursToOwn(ownership: Money(862_000), hours: hours, price: Money(price)))
      #expect(abs(cheap - low) < 0.01 && abs(dear - high) < 0.01, "\(price)")
    }
    #expect(shareOfHoursToOwn(ownership: Money(1), hours: 0, price: Money(1)) == nil)
  }

  static let rows = ExactAnswer.rows("NPV/TCO")

  @Test(
    "every exact answer of loans and break-even utilisation, to 1e-9",
    .enabled(if: SharedData.has("analytic/analytic.csv"), Comment(rawValue: SharedData.absence)))
  func exactAnswers() throws {
    var checked = 0
    for row in Self.rows {
      if row.quantity == "monthly_payment_capex" {
        let rate = try #require(row.number("rate"))
        let payment = annuity(
          principal: Money(try #require(row.number("capex"))), interest: rate / 12,
          periods: 12 * Int(try #require(row.number("years"))))
        // Payments are whole micro-units.
        #expect(abs(payment.units / row.value - 1) < 1e-9)
        checked += 1
      }
      if row.quantity == "breakeven_utilisation" {
        let yearly = 250_000 / 3.1698654463492929 + 38_000
        let point = try #require(
          shareOfHoursToOwn(ownership: Money(yearly), hours: 8 * 8_760, price: Money(3)))
        #expect(abs(point / row.value - 1) < 1e-9)
        checked += 1
      }
    }
    #expect(checked == 3)
  }

  /// Rows that give price, running cost and rent of two options: what each says of itself, and what its
  /// inputs come to, which in two cases differ by what the prices were rounded by.
  @Test(
    "every published case with its inputs",
    .enabled(if: SharedData.has("infra/tco_cases.csv"), Comment(rawValue: SharedData.absence)))
  func publishedTable() throws {
    var checked = 0
    for row in SharedData.rows("infra/tco_cases.csv") ?? [] where row.count >= 12 {
      guard let price = Double(row[4]), let running = Double(row[5]), let rent = Double(row[6]),
        let answer = Double(row[10])
      else { continue }
      let own = LinearCost(fixed: price, perUnit: running)
      let hours = try #require(own.breakEven(against: LinearCost(fixed: 0, perUnit: rent)))
      if row[11].hasPrefix("hours") {
        #expect(abs(hours - answer) < max(2, answer * 4e-4), "\(row[0])")
        checked += 1
      } else if row[11] == "years", let daily = Double(row[8].split(separator: " ").first ?? "") {
        #expect(abs(hours / (daily * 365) / answer - 1) < 0.012, "\(row[0])")
        checked += 1
      } else if row[11].hasPrefix("$ saved") {
        let years = 5.0 * 8_760
        #expect(abs(rent * years - own.cost(years) - answer) < 1_000)
        checked += 1
      }
    }
    #expect(checked == 10)
  }

  @Test("the rate of return makes payments worth nothing", arguments: [0.01, 0.08, 0.5, 4])
  func rateOfReturn(rate: Double) throws {
    let monthly = pow(1 + rate, 1.0 / 12) - 1
    let payment = 100_000 * monthly / (1 - pow(1 + monthly, -48))
    let flows = [-100_000] + Array(repeating: payment, count: 48)
    #expect(abs(try #require(internalRateOfReturn(flows)) - rate) < 1e-9)
    #expect(internalRateOfReturn(flows.map(abs)) == nil && internalRateOfReturn([]) == nil)
    #expect(internalRateOfReturn([-100, 0, 0]) == nil)
  }
}

@Suite("People and networks by fleet size")
struct FleetTests {
  @Test("people are whole, and more machines never take fewer")
  func staffing() {
    let staffing = Staffing(ownedNodesPerPerson: 20, rentedNodesPerPerson: 100, endpointsPerPerson: 10)
    #expect(staffing.people(ownedNodes: 0, rentedNodes: 0, endpoints: 0) == 0)
    #expect(staffing.people(ownedNodes: 40, rentedNodes: 0, endpoints: 0) == 2)
    #expect(staffing.people(ownedNodes: 41, rentedNodes: 0, endpoints: 0) == 3)
    #expect(staffing.people(ownedNodes: 10, rentedNodes: 50, endpoints: 0) == 1)
    var last = 0
    for nodes in 0..<200 {
      let people = staffing.people(ownedNodes: nodes, rentedNodes: 3, endpoints: 1)
      #expect(people >= last)
      last = people
    }
    #expect(Staffing(minimum: 2).people(ownedNodes: 1, rentedNodes: 0, endpoints: 0) == 2)
  }

  @Test("1,024 interfaces on 64-port switches take 48 of them, as is published")
  func published() {
    let parts = FabricParts.tree(interfaces: 1024, ports: 64, oversubscription: 1)
    #expect(parts.switches == 48 && parts.switchCables == 1024 && parts.hostCables == 1024)
  }

  @Test("one switch joins what fits it; oversubscription only saves")
  func laws() {
    #expect(FabricParts.tree(interfaces: 64, ports: 64, oversubscription: 1).switches == 1)
    #expect(FabricParts.tree(interfaces: 0, ports: 64, oversubscription: 1).switches == 0)
    for interfaces in [65, 500, 1024, 2048, 4096, 16_384] {
      let full = FabricParts.tree(interfaces: interfaces, ports: 64, oversubscription: 1)
      let thin = FabricParts.tree(interfaces: interfaces, ports: 64, oversubscription: 3)
      #expect(thin.switches <= full.switches && thin.switchCables <= full.switchCables, "\(interfaces)")
      #expect(full.switches * 64 >= interfaces + full.switchCables)
      let rails = FabricParts.tree(interfaces: interfaces, ports: 64, oversubscription: 1, planes: 8)
      #expect(rails.hostCables == interfaces)
    }
  }
}
