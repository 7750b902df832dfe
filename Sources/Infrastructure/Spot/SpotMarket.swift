import Kernel
import Quantities

/// Where spot instances can be had, zone by zone: asked in between, it has no events of its own.
///
/// The caller advances it to each `nextChange` in turn and may look one change ahead, which is how a notice
/// of preemption is timed: it is given `notice` before the capacity goes, or at once when less is left.
public protocol SpotMarket: Sendable {
  /// Zones, numbered from 0.
  var zoneCount: Int { get }
  /// Instances that can be had in a zone now.
  func capacity(in zone: Int) -> Int
  /// When the capacity of a zone changes next, and to what; `.never` when it does not.
  func nextChange(in zone: Int) -> (time: Ticks, capacity: Int)
  /// The price of a node-hour in a zone now.
  func price(in zone: Int) -> Double
  /// The next change of any zone's capacity or price.
  var nextChange: Ticks { get }
  /// Lets time pass; changes that fall on `time` happen.
  mutating func advance(to time: Ticks)
}

extension SpotMarket {
  /// When whoever holds `nodes` nodes in a zone is told that it loses them: `notice` before the next change
  /// if that leaves fewer, and no earlier than `now`; `.never` when the next change takes none.
  public func noticeTime(in zone: Int, nodes: Int, notice: Ticks, now: Ticks) -> Ticks {
    let next = nextChange(in: zone)
    return next.capacity < nodes && next.time != .never ? max(now, next.time - notice) : .never
  }
}

/// A market that replays a trace in each zone, from the beginning again when it is over.
public struct TracedMarket: SpotMarket {
  private struct Cursor: Sendable {
    var run = 0
    var level: Int
    var end: Ticks
  }

  private let traces: [SpotTrace]
  private let prices: [PriceSeries]
  private var cursors: [Cursor]
  private var now = Ticks.zero

  /// - Parameters:
  ///   - traces: one for each zone.
  ///   - prices: of each zone; zones beyond the list cost nothing.
  ///   - offset: where in the traces time 0 lies, 0 or more.
  public init(_ traces: [SpotTrace], prices: [PriceSeries], offset: Ticks = .zero) {
    self.traces = traces
    self.prices = prices
    cursors = traces.map { trace in
      var rest = max(offset, .zero).count % trace.duration.count
      var run = 0
      while rest >= trace.gap.count * Int64(trace.runs[run].points) {
        rest -= trace.gap.count * Int64(trace.runs[run].points)
        run += 1
      }
      let isStill = trace.runs.count == 1
      let end = trace.gap * Int64(trace.runs[run].points) - Ticks(rest)
      return Cursor(run: run, level: trace.runs[run].level, end: isStill ? .never : end)
    }
  }

  public var zoneCount: Int { traces.count }
  public func capacity(in zone: Int) -> Int { cursors[zone].level }
  public func nextChange(in zone: Int) -> (time: Ticks, capacity: Int) {
    let runs = traces[zone].runs
    return (cursors[zone].end, runs[(cursors[zone].run + 1) % runs.count].level)
  }
  public func price(in zone: Int) -> Double {
    prices.indices.contains(zone) ? prices[zone].price(at: now) : 0
  }
  public var nextChange: Ticks {
    let capacity = cursors.reduce(Ticks.never) { min($0, $1.end) }
    return prices.reduce(capacity) { min($0, $1.nextChange(after: now)) }
  }

  public mutating func advance(to time: Ticks) {
    now = max(now, time)
    for zone in cursors.indices {
      let runs = traces[zone].runs
      while cursors[zone].end <= now {
        let next = (cursors[zone].run + 1) % runs.count
        let span = traces[zone].gap * Int64(runs[next].points)
        cursors[zone] = Cursor(
          run: next, level: runs[next].level, end: cursors[zone].end.later(by: span))
      }
    }
  }
}

/// A market that moves by chance: each zone by its own law, all zones shut together when the region is short.
///
/// The regional law is the common shock that correlates the zones: a zone has capacity when both it and the
/// region have, so with availabilities r and zᵢ, zone i is up for r·zᵢ of the time and zones i and j covary
/// by r(1−r)·zᵢzⱼ. Each zone draws from a stream of its own, change after change.
public struct StochasticMarket: SpotMarket {
  private struct Cursor: Sendable {
    var level: Int
    var end: Ticks
    var state: Int
    /// Drawn ahead, so that a notice can be given.
    var next: (level: Int, span: Ticks, state: Int)
    var stream: RandomStream

    init(_ law: CapacityLaw, _ stream: RandomStream) {
      var stream = stream
      let first = law.start(&stream)
      level = first.level
      end = first.span
      state = first.state
      next = law.next(after: state, &stream)
      self.stream = stream
    }

    mutating func step(_ law: CapacityLaw) {
      level = next.level
      end = end.later(by: next.span)
      state = next.state
      next = law.next(after: state, &stream)
    }
  }

  private let laws: [CapacityLaw]
  private let region: CapacityLaw
  private let prices: [PriceSeries]
  private var cursors: [Cursor]
  private var regional: Cursor
  private var now = Ticks.zero

  /// - Parameters:
  ///   - zones: the law of each zone, given that the region has capacity.
  ///   - region: the common shock; a zone has no more than the region's level.
  ///   - prices: of each zone; zones beyond the list cost nothing.
  ///   - entity: whose market it is, for the random streams.
  public init(
    zones: [CapacityLaw], region: CapacityLaw = .constant(nodes: .max), prices: [PriceSeries] = [],
    seed: UInt64, replication: Int, entity: String
  ) {
    laws = zones
    self.region = region
    self.prices = prices
    let family = RandomStream(seed: seed, replication: replication, entity: entity, purpose: "spot")
    cursors = zones.enumerated().map { Cursor($0.element, family.branch(UInt64($0.offset) + 1)) }
    regional = Cursor(region, family.branch(0))
  }

  public var zoneCount: Int { laws.count }
  public func capacity(in zone: Int) -> Int { min(cursors[zone].level, regional.level) }
  public func nextChange(in zone: Int) -> (time: Ticks, capacity: Int) {
    let own = cursors[zone]
    if own.end == regional.end { return (own.end, min(own.next.level, regional.next.level)) }
    return own.end < regional.end
      ? (own.end, min(own.next.level, regional.level)) : (regional.end, min(own.level, regional.next.level))
  }
  public func price(in zone: Int) -> Double {
    prices.indices.contains(zone) ? prices[zone].price(at: now) : 0
  }
  public var nextChange: Ticks {
    let capacity = cursors.reduce(regional.end) { min($0, $1.end) }
    return prices.reduce(capacity) { min($0, $1.nextChange(after: now)) }
  }

  public mutating func advance(to time: Ticks) {
    now = max(now, time)
    for zone in cursors.indices { while cursors[zone].end <= now { cursors[zone].step(laws[zone]) } }
    while regional.end <= now { regional.step(region) }
  }
}
