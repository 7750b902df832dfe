import Kernel

/// Where a job runs.
public enum Placement: Sendable, Hashable {
  /// Nowhere.
  case waiting
  case spot(zone: Int)
  case onDemand
}

/// What a policy sees when it is asked.
public struct SpotView: Sendable {
  public var now: Ticks
  /// When the job must be done; `.never` without a deadline.
  public var deadline: Ticks
  /// Work left, counted from the last checkpoint that survives a preemption, when nothing interrupts it.
  public var remaining: Ticks
  /// From a decision to run elsewhere until work goes on: allocate, load, re-shard.
  public var changeover: Ticks
  /// Where it runs now.
  public var placement: Placement
  /// Nodes that it needs all at once.
  public var nodes: Int
  /// Instances to be had in each zone; where the job runs, its own are among them.
  public var capacity: [Int]
  /// Prices of a node-hour in each zone, and on demand.
  public var prices: [Double]
  public var onDemandPrice: Double

  public init(
    now: Ticks, deadline: Ticks, remaining: Ticks, changeover: Ticks, placement: Placement, nodes: Int,
    capacity: [Int], prices: [Double], onDemandPrice: Double
  ) {
    self.now = now
    self.deadline = deadline
    self.remaining = remaining
    self.changeover = changeover
    self.placement = placement
    self.nodes = nodes
    self.capacity = capacity
    self.prices = prices
    self.onDemandPrice = onDemandPrice
  }

  /// The cheapest zone that can hold the whole job: a gang needs all of its nodes in one. The zone where it
  /// runs wins among equals.
  public var bestZone: Int? {
    var best: Int?
    if case .spot(let zone) = placement, capacity.indices.contains(zone), capacity[zone] >= nodes {
      best = zone
    }
    for zone in capacity.indices where capacity[zone] >= nodes {
      if let known = best, prices[zone] >= prices[known] { continue }
      best = zone
    }
    return best
  }

  /// Whether it runs on spot nodes that are still there.
  public var holdsSpot: Bool {
    if case .spot(let zone) = placement, capacity.indices.contains(zone) {
      capacity[zone] >= nodes
    } else {
      false
    }
  }

  /// Time to spare before the job must run without a break to meet its deadline; negative when it is too
  /// late.
  public var slack: Ticks {
    if deadline == .never { return .never }
    let (slack, isOver) = (deadline - now).count.subtractingReportingOverflow(remaining.count)
    return isOver ? Ticks(.min / 2) : Ticks(slack)
  }
}

/// A policy's answer, and how long it stays valid if the market does not change.
public struct SpotDecision: Sendable, Hashable {
  public var placement: Placement
  /// Ask again then at the latest.
  public var validUntil: Ticks

  public init(_ placement: Placement, validUntil: Ticks = .never) {
    self.placement = placement
    self.validUntil = validUntil
  }
}

/// Where to run a job that may run on spot instances; asked when the market changes, never per step.
public protocol SpotPolicy: Sendable {
  func decide(_ view: SpotView) -> SpotDecision
}

/// Stays in one zone and waits for it.
public struct WaitForZone: SpotPolicy {
  public var zone: Int
  public init(zone: Int) { self.zone = zone }
  public func decide(_ view: SpotView) -> SpotDecision {
    let isThere = view.capacity.indices.contains(zone) && view.capacity[zone] >= view.nodes
    return SpotDecision(isThere ? .spot(zone: zone) : .waiting)
  }
}

/// Runs where there is capacity: stays while it lasts, then the cheapest zone, else waits.
public struct SwitchZones: SpotPolicy {
  public init() {}
  public func decide(_ view: SpotView) -> SpotDecision {
    if view.holdsSpot { return SpotDecision(view.placement) }
    return SpotDecision(view.bestZone.map { .spot(zone: $0) } ?? .waiting)
  }
}

/// Switches zones and takes on-demand nodes when no zone has capacity.
public struct FallBackToOnDemand: SpotPolicy {
  /// Whether it goes back when a zone has capacity again; a changeover each time.
  public var returns: Bool
  public init(returns: Bool = true) { self.returns = returns }
  public func decide(_ view: SpotView) -> SpotDecision {
    if view.holdsSpot || (view.placement == .onDemand && !returns) { return SpotDecision(view.placement) }
    return SpotDecision(view.bestZone.map { .spot(zone: $0) } ?? .onDemand)
  }
}

/// Spot while it can be had, waiting while there is time to spare, on-demand from when there is not.
///
/// After the safety net of Wu et al., "Can't Be Late" (NSDI 2024): nodes that are held are given up when the
/// slack is down to one changeover, a new attempt on spot nodes is made only above two, for one of them is
/// lost if the attempt fails. Once on demand the job stays there, so it is on time whenever it was possible
/// at its start.
public struct DeadlineAware: SpotPolicy {
  public init() {}
  public func decide(_ view: SpotView) -> SpotDecision {
    if view.placement == .onDemand { return SpotDecision(.onDemand) }
    if view.slack == .never { return SwitchZones().decide(view) }
    let reserve = view.holdsSpot ? view.changeover : view.changeover.later(by: view.changeover)
    let spare = reserve > view.slack ? Ticks.zero : view.slack - reserve
    if spare == .zero { return SpotDecision(.onDemand) }
    let end = view.now.later(by: spare)
    if view.holdsSpot { return SpotDecision(view.placement, validUntil: end) }
    return SpotDecision(view.bestZone.map { .spot(zone: $0) } ?? .waiting, validUntil: end)
  }
}
