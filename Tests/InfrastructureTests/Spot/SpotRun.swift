import Infrastructure
import Kernel

/// A job on a spot market under a policy, whose progress is always saved; for tests of markets and policies.
struct SpotRun {
  var finish = Ticks.never
  var cost = 0.0
  var onDemandTime = Ticks.zero
  var moves = 0

  /// Runs until the work is done, or `limit`.
  init(
    _ market: some SpotMarket, _ policy: some SpotPolicy, work: Ticks, nodes: Int, deadline: Ticks,
    changeover: Ticks,
    onDemandPrice: Double, limit: Ticks
  ) {
    var market = market
    var now = Ticks.zero
    var remaining = work
    var placement = Placement.waiting
    var readyAt = Ticks.never
    market.advance(to: now)
    while remaining > .zero && now < limit {
      let view = SpotView(
        now: now, deadline: deadline, remaining: remaining, changeover: changeover, placement: placement,
        nodes: nodes, capacity: (0..<market.zoneCount).map { market.capacity(in: $0) },
        prices: (0..<market.zoneCount).map { market.price(in: $0) }, onDemandPrice: onDemandPrice)
      let decision = policy.decide(view)
      if decision.placement != placement {
        placement = decision.placement
        moves += 1
        readyAt = placement == .waiting ? .never : now + changeover
      }
      var next = min(market.nextChange, decision.validUntil)
      if placement != .waiting { next = min(next, now < readyAt ? readyAt : now + remaining) }
      if next == .never { break }
      let span = next - now
      charge(placement, market, nodes, span, onDemandPrice)
      if placement != .waiting && now >= readyAt { remaining -= span }
      now = next
      market.advance(to: now)
    }
    if remaining == .zero { finish = now }
  }

  private mutating func charge(
    _ placement: Placement, _ market: some SpotMarket, _ nodes: Int, _ span: Ticks, _ onDemandPrice: Double
  ) {
    let hours = span.seconds / 3600 * Double(nodes)
    switch placement {
    case .waiting: break
    case .spot(let zone): cost += hours * market.price(in: zone)
    case .onDemand:
      cost += hours * onDemandPrice
      onDemandTime += span
    }
  }
}
