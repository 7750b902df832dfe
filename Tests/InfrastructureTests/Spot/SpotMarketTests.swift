import Infrastructure
import Kernel
import Quantities
import Statistics
import TestSupport
import Testing

@Suite("Spot markets correlate, give notice, and policies keep their word")
struct SpotMarketTests {
  private static func law(_ availability: Double, hours: Double) -> CapacityLaw {
    .onOff(
      nodes: 16, up: PhaseType(mean: Seconds(3600 * hours * availability), squaredVariation: 4),
      down: PhaseType(mean: Seconds(3600 * hours * (1 - availability)), squaredVariation: 4))
  }

  @Test("a common shock correlates zones as r(1−r)·z₁z₂")
  func correlation() throws {
    let region = Self.law(0.8, hours: 10)
    let zones = [Self.law(0.9, hours: 4), Self.law(0.6, hours: 6)]
    let samples = (0..<4000).map { replication -> [Double] in
      let market = StochasticMarket(
        zones: zones, region: region, seed: 3, replication: replication, entity: "m")
      let up = (0..<2).map { market.capacity(in: $0) > 0 ? 1.0 : 0 }
      return up + [up[0] * up[1]]
    }
    for (index, expected) in [0.8 * 0.9, 0.8 * 0.6, 0.8 * 0.9 * 0.6].enumerated() {
      let found = try #require(studentInterval(samples.map { $0[index] }, confidence: 0.999))
      #expect(found.contains(expected), "\(index): \(found)")
    }
  }

  @Test("a replayed trace comes round; a notice precedes a loss by the notice period, or comes at once")
  func replay() throws {
    let trace = try #require(SpotTrace(gap: Ticks(seconds: 300), counts: [4, 4, 2, 0, 4]))
    var market = TracedMarket([trace], prices: [], offset: Ticks(seconds: 300 * 5 + 100))
    #expect(market.capacity(in: 0) == 4 && market.nextChange == Ticks(seconds: 500))
    let notice = Ticks(seconds: 120)
    #expect(market.noticeTime(in: 0, nodes: 4, notice: notice, now: .zero) == Ticks(seconds: 380))
    #expect(
      market.noticeTime(in: 0, nodes: 4, notice: notice, now: Ticks(seconds: 450)) == Ticks(seconds: 450))
    #expect(market.noticeTime(in: 0, nodes: 2, notice: notice, now: .zero) == .never)
    var levels: [Int] = []
    for _ in 0..<8 {
      market.advance(to: market.nextChange)
      levels.append(market.capacity(in: 0))
    }
    #expect(levels == [2, 0, 4, 4, 2, 0, 4, 4])
    let still = try #require(SpotTrace(gap: Ticks(seconds: 300), counts: [1, 1]))
    #expect(TracedMarket([still], prices: []).nextChange == .never)
    #expect(
      StochasticMarket(zones: [.chain(CapacityChain(still))], seed: 1, replication: 0, entity: "m").nextChange
        == .never)
  }

  @Test("a market goes the same way however time is cut")
  func cuts() {
    let zones = [Self.law(0.9, hours: 4), Self.law(0.6, hours: 6)]
    func market() -> StochasticMarket {
      StochasticMarket(zones: zones, region: Self.law(0.8, hours: 9), seed: 3, replication: 1, entity: "m")
    }
    var stepping = market()
    for hour in 1...500 {
      let time = Ticks(seconds: 3600 * Double(hour))
      while stepping.nextChange <= time { stepping.advance(to: stepping.nextChange) }
      var leaping = market()
      leaping.advance(to: time)
      for zone in 0..<2 { #expect(leaping.capacity(in: zone) == stepping.capacity(in: zone)) }
      #expect(leaping.nextChange == stepping.nextChange)
    }
  }

  @Test("prices come back to their mean, and the cost is their integral")
  func prices() throws {
    let steady = try #require(PriceSeries(starts: [.zero, Ticks(seconds: 3600)], prices: [2, 5]))
    #expect(steady.cost(nodes: 3, from: Ticks(seconds: 1800), to: Ticks(seconds: 5400)) == 3 * (1 + 2.5))
    #expect(steady.price(at: Ticks(seconds: -5)) == 2)
    #expect(PriceSeries(starts: [.zero], prices: [-1]) == nil && PriceSeries(starts: [], prices: []) == nil)
    let means = (0..<60).map { replication -> Double in
      var stream = RandomStream(seed: 8, replication: replication, entity: "zone", purpose: "price")
      let series = PriceSeries.meanReverting(
        mean: 3, deviation: 0.4, memory: Seconds(7200), step: Ticks(seconds: 600), count: 1000,
        stream: &stream)
      return series.cost(nodes: 1, from: .zero, to: Ticks(seconds: 600_000)) / (600_000 / 3600)
    }
    #expect(try #require(studentInterval(means, confidence: 0.999)).contains(3))
  }

  private static let hour = Ticks(seconds: 3600)

  @Test(
    "deadlines are met on every market where they can be, and never dearer than on demand", arguments: 0..<60)
  func deadlines(seed: Int) {
    var stream = RandomStream(seed: 5, replication: seed, entity: "case", purpose: "shape")
    let zones = (0..<2).map { _ in
      Self.law(0.05 + 0.9 * stream.uniform(), hours: 0.3 + 8 * stream.uniform())
    }
    let market = StochasticMarket(
      zones: zones, prices: [PriceSeries(constant: 10), PriceSeries(constant: 12)], seed: 5,
      replication: seed,
      entity: "market")
    let work = Self.hour * 24
    let changeover = Ticks(seconds: 600 * stream.uniform())
    let deadline = work + changeover * 2 + Ticks(seconds: 40_000 * stream.uniform())
    func run(_ policy: some SpotPolicy) -> SpotRun {
      SpotRun(
        market, policy, work: work, nodes: 16, deadline: deadline, changeover: changeover, onDemandPrice: 30,
        limit: Self.hour * 24 * 365)
    }
    let careful = run(DeadlineAware())
    #expect(careful.finish <= deadline)
    let patient = run(SwitchZones())
    let hasty = run(FallBackToOnDemand())
    #expect(patient.onDemandTime == .zero && hasty.finish < .never)
    #expect(run(WaitForZone(zone: 0)).finish >= work)
    let all = 30.0 * 16 * (24 + changeover.seconds / 3600)
    // Attempts that are lost cost changeovers, at a third of the price.
    #expect(careful.cost <= all + 12 * 16 * Double(careful.moves) * changeover.seconds / 3600)
  }

  @Test("a gang waits until one zone holds all of it")
  func gangs() throws {
    let trace = try #require(SpotTrace(gap: Ticks(seconds: 3600), counts: [4, 7, 8, 8, 8, 3]))
    let market = TracedMarket([trace, trace], prices: [PriceSeries(constant: 1), PriceSeries(constant: 1)])
    let run = SpotRun(
      market, SwitchZones(), work: Self.hour * 2, nodes: 8, deadline: .never, changeover: .zero,
      onDemandPrice: 9,
      limit: Self.hour * 100)
    #expect(run.finish == Self.hour * 4)
  }
}
