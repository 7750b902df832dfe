import Kernel

/// Customers who think, visit single-server stations one after the other, and think again: exponential times,
/// first come first served.
struct ClosedNetwork: EventHandler {
  let customers: Int
  let thinkTime: Double
  /// Mean service time of each station.
  let demands: [Double]
  let warmup: Double
  let measured: Double
  var thoughts: RandomStream
  var services: RandomStream

  /// Customers at each station; the first is in service.
  private var queues: [[Int]]
  private var entered: [Double]
  private var lengths: [TimeAverage]
  private var busy: [TimeAverage]
  private var thinking = TimeAverage()
  private var allThink = TimeAverage()
  private var atHome: Int
  private var isMeasuring = false
  private var isOver = false
  private var cycles = 0
  private var responses = 0.0

  init(
    customers: Int, thinkTime: Double, demands: [Double], warmup: Double, measured: Double,
    thoughts: RandomStream, services: RandomStream
  ) {
    self.customers = customers
    self.thinkTime = thinkTime
    self.demands = demands
    self.warmup = warmup
    self.measured = measured
    self.thoughts = thoughts
    self.services = services
    queues = demands.map { _ in [] }
    entered = Array(repeating: 0, count: customers)
    lengths = demands.map { _ in TimeAverage() }
    busy = lengths
    atHome = customers
  }

  mutating func start(_ pending: inout PendingEvents) {
    for customer in 0..<customers { think(customer, .zero, &pending) }
    pending.push(Self.mark, at: Ticks(seconds: warmup))
    pending.push(Self.mark, at: Ticks(seconds: warmup + measured))
  }

  /// The start and the end of the measured time.
  private static let mark = UInt64.max
  /// Payloads below it are customers who have thought; from it on, the end of a service by station.
  private static let stations: UInt64 = 1 << 32

  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    if isOver { return }
    if payload == Self.mark {
      if isMeasuring { isOver = true } else { startMeasuring(time.seconds) }
      return note(time.seconds)
    }
    if payload < Self.stations {
      atHome -= 1
      entered[Int(payload)] = time.seconds
      join(0, Int(payload), time, &pending)
    } else {
      leave(Int(payload - Self.stations), time, &pending)
    }
    if isMeasuring { note(time.seconds) }
  }

  private mutating func think(_ customer: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    pending.push(UInt64(customer), at: now + Ticks(seconds: thoughts.exponential() * thinkTime))
  }

  private mutating func join(_ station: Int, _ customer: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    queues[station].append(customer)
    if queues[station].count == 1 { serve(station, now, &pending) }
  }

  private mutating func serve(_ station: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    let service = services.exponential() * demands[station]
    pending.push(Self.stations + UInt64(station), at: now + Ticks(seconds: service))
  }

  private mutating func leave(_ station: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    let customer = queues[station].removeFirst()
    if !queues[station].isEmpty { serve(station, now, &pending) }
    if station + 1 < demands.count { return join(station + 1, customer, now, &pending) }
    atHome += 1
    if isMeasuring {
      cycles += 1
      responses += now.seconds - entered[customer]
    }
    think(customer, now, &pending)
  }

  private mutating func note(_ now: Double) {
    for station in demands.indices {
      lengths[station].set(Double(queues[station].count), at: now)
      busy[station].set(queues[station].isEmpty ? 0 : 1, at: now)
    }
    thinking.set(Double(atHome), at: now)
    allThink.set(atHome == customers ? 1 : 0, at: now)
  }

  private mutating func startMeasuring(_ now: Double) {
    isMeasuring = true
    for station in demands.indices {
      lengths[station].begin(Double(queues[station].count), at: now)
      busy[station].begin(queues[station].isEmpty ? 0 : 1, at: now)
    }
    thinking.begin(Double(atHome), at: now)
    allThink.begin(atHome == customers ? 1 : 0, at: now)
  }

  func readings() -> [String: Double] {
    var readings = [
      "X_throughput": Double(cycles) / measured, "R_response": responses / Double(cycles),
      "E[machines up]": thinking.average, "P(all up)": allThink.average,
    ]
    for station in demands.indices {
      readings["Q\(station + 1)"] = lengths[station].average
      readings["U\(station + 1)"] = busy[station].average
    }
    return readings
  }
}
