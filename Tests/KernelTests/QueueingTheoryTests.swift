import Foundation
import Kernel
import Statistics
import Testing

/// Multi-server first-come-first-served stations on the kernel, held against queueing theory.
@Suite struct QueueingTheoryTests {
  /// c servers, K places in all, Poisson arrivals, any service law.
  struct Station: EventHandler {
    var arrivals: RandomStream
    var services: RandomStream
    let rate: Double
    let law: Distribution
    let servers: Int
    let places: Int
    var left: Int
    var busy = 0
    var waiting: [Ticks] = []
    var head = 0
    var offered = 0
    var blocked = 0
    var waits: [Double] = []

    mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
      if payload == 0 {
        offered += 1
        left -= 1
        if left > 0 { pending.push(0, at: time + Ticks(seconds: arrivals.exponential() / rate)) }
        if busy < servers {
          begin(time, arrived: time, &pending)
        } else if busy + waiting.count - head < places {
          waiting.append(time)
        } else {
          blocked += 1
        }
      } else {
        busy -= 1
        if head < waiting.count {
          begin(time, arrived: waiting[head], &pending)
          head += 1
        }
      }
    }

    mutating func begin(_ now: Ticks, arrived: Ticks, _ pending: inout PendingEvents) {
      busy += 1
      waits.append((now - arrived).seconds)
      pending.push(1, at: now + Ticks(seconds: law.sample(&services)))
    }
  }

  #if DEBUG
    static let customers = 20_000
  #else
    static let customers = 200_000
  #endif

  /// Mean waits and blocking of independent replications.
  static func replicate(rate: Double, law: Distribution, servers: Int, places: Int = .max) -> (
    waits: [Double], blocked: [Double]
  ) {
    var waits: [Double] = []
    var blocked: [Double] = []
    for replication in 0..<12 {
      func stream(_ purpose: String) -> RandomStream {
        RandomStream(seed: 11, replication: replication, entity: "station", purpose: purpose)
      }
      var station = Station(
        arrivals: stream("arrivals"), services: stream("services"), rate: rate, law: law, servers: servers,
        places: places, left: customers)
      var pending = PendingEvents()
      pending.push(0, at: .zero)
      _ = run(&station, pending: &pending)
      let kept = station.waits.dropFirst(station.waits.count / 10)
      waits.append(kept.reduce(0, +) / Double(kept.count))
      blocked.append(Double(station.blocked) / Double(station.offered))
    }
    return (waits, blocked)
  }

  /// Erlang's C formula by the recursion of his B formula.
  static func erlangC(servers: Int, load: Double) -> Double {
    var b = 1.0
    for k in 1...servers { b = load * b / (Double(k) + load * b) }
    let utilization = load / Double(servers)
    return b / (1 - utilization * (1 - b))
  }

  /// Twelve comparisons; the joint level is 99 % by Bonferroni's inequality.
  func expect(_ samples: [Double], include value: Double, _ name: String) {
    let interval = studentInterval(samples, confidence: 1 - 0.01 / 12)!
    #expect(interval.low <= value && value <= interval.high, "\(name): \(value) not in \(interval)")
  }

  @Test(arguments: [0.5, 0.8]) func singleExponentialServer(rate: Double) {
    let runs = Self.replicate(rate: rate, law: Distribution(.exponential(mean: 1)), servers: 1)
    expect(runs.waits, include: rate / (1 - rate), "M/M/1")
  }

  @Test(arguments: [(2, 1.6), (8, 6.4), (64, 60)]) func severalServers(servers: Int, rate: Double) {
    let runs = Self.replicate(rate: rate, law: Distribution(.exponential(mean: 1)), servers: servers)
    expect(
      runs.waits, include: Self.erlangC(servers: servers, load: rate) / (Double(servers) - rate),
      "M/M/\(servers)")
  }

  @Test(arguments: [0.5, 0.8]) func constantService(rate: Double) {
    let runs = Self.replicate(rate: rate, law: Distribution(.constant(1)), servers: 1)
    expect(runs.waits, include: rate / (2 * (1 - rate)), "M/D/1")
  }

  /// Pollaczek and Khinchine: λ E[S²] / (2 (1 − ρ)).
  @Test func generalService() {
    let uniform = Self.replicate(rate: 0.7, law: Distribution(.uniform(from: 0, to: 2)), servers: 1)
    expect(uniform.waits, include: 0.7 * (4.0 / 3) / 0.6, "M/U/1")
    let erlang = Self.replicate(rate: 0.7, law: Distribution(.gamma(shape: 4, scale: 0.25)), servers: 1)
    expect(erlang.waits, include: 0.7 * 1.25 / 0.6, "M/E4/1")
  }

  @Test func finiteRoomBlocks() {
    let runs = Self.replicate(rate: 0.9, law: Distribution(.exponential(mean: 1)), servers: 1, places: 10)
    let full = (1 - 0.9) * pow(0.9, 10) / (1 - pow(0.9, 11))
    expect(runs.blocked, include: full, "M/M/1/10")
    let loss = Self.replicate(rate: 6, law: Distribution(.exponential(mean: 1)), servers: 8, places: 8)
    var b = 1.0
    for k in 1...8 { b = 6 * b / (Double(k) + 6 * b) }
    expect(loss.blocked, include: b, "M/M/8/8")
  }
}
