import Foundation
import Kernel
import Statistics

/// A station of c servers and K places in all, first come first served, with Poisson arrivals.
///
/// A run may consist of several episodes from independent starts. In each, customers before the first
/// measured one only fill the station, and averages over time reach from its arrival to the last one.
struct Station: EventHandler {
  let rate: Double
  let law: ServiceLaw
  let servers: Int
  let places: Int
  /// Customers of an episode that come before the measured ones, and the measured ones.
  let warmup: Int
  let measured: Int
  var arrivals: RandomStream
  var services: RandomStream
  /// Around it the squares of sojourns are summed: then their mean is the variance, without bias.
  var expectedSojourn = 0.0

  private var arrived = 0
  private var busy = 0
  private var queue: [Int64] = []
  private var head = 0
  private var isMeasuring = false

  private var inside = TimeAverage()
  private var queued = TimeAverage()
  private var atWork = TimeAverage()
  private var isEmpty = TimeAverage()
  private var tenOrMore = TimeAverage()
  private var accepted = 0
  private var blocked = 0
  private var delayed = 0
  private var waits = 0.0
  private var sojourns = 0.0
  private var squares = 0.0
  private var waitLimits: [Double] = []
  private var sojournLimits: [Double] = []
  private var waitsOver: [Int] = []
  private var sojournsOver: [Int] = []

  private var offered = 0
  private var departed = 0

  /// Marks customers that are not measured in `queue`.
  private static let unmeasured: Int64 = -1

  init(
    rate: Double, law: ServiceLaw, servers: Int, places: Int = .max, warmup: Int, measured: Int,
    arrivals: RandomStream, services: RandomStream
  ) {
    self.rate = rate
    self.law = law
    self.servers = servers
    self.places = places
    self.warmup = warmup
    self.measured = measured
    self.arrivals = arrivals
    self.services = services
  }

  /// Counts waits and sojourns over these bounds [s].
  mutating func watch(waits: [Double], sojourns: [Double]) {
    waitLimits = waits
    sojournLimits = sojourns
    waitsOver = Array(repeating: 0, count: waits.count)
    sojournsOver = Array(repeating: 0, count: sojourns.count)
  }

  /// Schedules the first arrival of an episode; `customers` are inside already. Exponential service has no
  /// memory, so theirs may start now.
  mutating func start(with customers: Int, _ pending: inout PendingEvents) {
    precondition(busy == 0 && head == queue.count, "the last episode has drained")
    arrived = 0
    for _ in 0..<customers {
      if busy < servers { begin(.zero, Self.unmeasured, &pending) } else { queue.append(Self.unmeasured) }
    }
    pending.push(0, at: Ticks(seconds: arrivals.exponential() / rate))
  }

  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    if payload == 0 { arrive(time, &pending) } else { leave(time, &pending) }
    if isMeasuring { note(time.seconds) }
    if arrived == warmup + measured { isMeasuring = false }
  }

  private mutating func arrive(_ time: Ticks, _ pending: inout PendingEvents) {
    if arrived == warmup { startMeasuring(time.seconds) }
    let isMeasured = arrived >= warmup
    if isMeasured { offered += 1 }
    arrived += 1
    if arrived < warmup + measured {
      pending.push(0, at: time + Ticks(seconds: arrivals.exponential() / rate))
    }
    let customer = isMeasured ? time.count : Self.unmeasured
    if busy < servers {
      if isMeasured { accepted += 1 }
      begin(time, customer, &pending)
    } else if busy + queue.count - head < places {
      if isMeasured { accepted += 1 }
      queue.append(customer)
    } else if isMeasured {
      blocked += 1
    }
  }

  private mutating func leave(_ time: Ticks, _ pending: inout PendingEvents) {
    busy -= 1
    if isMeasuring { departed += 1 }
    guard head < queue.count else { return }
    let customer = queue[head]
    head += 1
    if head == queue.count {
      queue.removeAll(keepingCapacity: true)
      head = 0
    }
    begin(time, customer, &pending)
  }

  private mutating func begin(_ now: Ticks, _ customer: Int64, _ pending: inout PendingEvents) {
    busy += 1
    let service = law.sample(&services)
    pending.push(1, at: now + Ticks(seconds: service))
    if customer != Self.unmeasured { record(wait: Ticks(now.count - customer).seconds, service: service) }
  }

  private mutating func record(wait: Double, service: Double) {
    let sojourn = wait + service
    waits += wait
    sojourns += sojourn
    squares += (sojourn - expectedSojourn) * (sojourn - expectedSojourn)
    if wait > 0 { delayed += 1 }
    for index in waitLimits.indices where wait > waitLimits[index] { waitsOver[index] += 1 }
    for index in sojournLimits.indices where sojourn > sojournLimits[index] { sojournsOver[index] += 1 }
  }

  private mutating func startMeasuring(_ now: Double) {
    isMeasuring = true
    let waiting = queue.count - head
    inside.begin(Double(busy + waiting), at: now)
    queued.begin(Double(waiting), at: now)
    atWork.begin(Double(busy), at: now)
    isEmpty.begin(busy == 0 ? 1 : 0, at: now)
    tenOrMore.begin(busy + waiting >= 10 ? 1 : 0, at: now)
  }

  private mutating func note(_ now: Double) {
    let waiting = queue.count - head
    inside.set(Double(busy + waiting), at: now)
    queued.set(Double(waiting), at: now)
    atWork.set(Double(busy), at: now)
    isEmpty.set(busy == 0 ? 1 : 0, at: now)
    tenOrMore.set(busy + waiting >= 10 ? 1 : 0, at: now)
  }

  /// The quantities by the names of the table; `limits` by their own.
  func readings() -> [String: Double] {
    let count = Double(accepted)
    var readings = [
      "rho": atWork.average / Double(servers), "L": inside.average,
      "Lq": queued.average, "P0": isEmpty.average,
      "P_n_ge_10": tenOrMore.average, "W_sojourn": sojourns / count, "Wq": waits / count,
      "var_sojourn": squares / count, "ErlangC_Pwait": Double(delayed) / count,
      "P(Wq=0)": 1 - Double(delayed) / count, "P_block": Double(blocked) / Double(offered),
      "W_accepted": sojourns / count, "Wq_accepted": waits / count,
      "throughput": Double(departed) / inside.time,
    ]
    for (limit, over) in zip(waitLimits, waitsOver) { readings["wait>\(limit)"] = Double(over) / count }
    for (limit, over) in zip(sojournLimits, sojournsOver) {
      readings["sojourn>\(limit)"] = Double(over) / count
    }
    return readings
  }
}

/// A law of service times: those of the library and a mixture.
enum ServiceLaw {
  case law(Distribution)
  /// Exponential with the first mean in the given share of cases, else with the second.
  case hyperexponential(share: Double, Double, Double)

  func sample(_ stream: inout RandomStream) -> Double {
    switch self {
    case .law(let law): return law.sample(&stream)
    case .hyperexponential(let share, let first, let second):
      return stream.exponential() * (stream.uniform() < share ? first : second)
    }
  }

  /// The law that the table writes after `S=`.
  static func named(_ text: String) -> ServiceLaw? {
    switch text.prefix(while: { $0 != "(" }) {
    case "hyperexp": .hyperexponential(share: 0.9, 0.5, 5.5)
    case "Erlang": .law(Distribution(.gamma(shape: 4, scale: 0.25)))
    case "lognormal": .law(.lognormal(mean: 1, cv: 2))
    case "uniform": .law(Distribution(.uniform(from: 0, to: 2)))
    case "Pareto": .law(Distribution(.pareto(shape: 3, scale: 2.0 / 3)))
    default: nil
    }
  }
}
