import Kernel
import Statistics

/// Servers shared evenly by everyone inside, each of whom can use one server at most; Poisson arrivals.
///
/// A clock that runs at the rate of one customer's service turns remaining work into a fixed date on that
/// clock: the one with the earliest date leaves first, whoever comes in between.
struct SharedProcessor: EventHandler {
  let rate: Double
  let law: Distribution
  let servers: Int
  let warmup: Int
  let measured: Int
  /// Around it the squares of sojourns are summed.
  let expectedSojourn: Double
  var arrivals: RandomStream
  var services: RandomStream

  private struct Customer {
    var arrival: Double
    var size: Double
    /// When it leaves, on the service clock [s].
    var date: Double
    var isMeasured: Bool
  }

  /// In order of their dates, the latest first.
  private var inside: [Customer] = []
  /// The service clock and the time of its last reading [s].
  private var clock = 0.0
  private var readAt = 0.0
  private var version: UInt64 = 0
  private var arrived = 0
  private var isMeasuring = false
  private var three = TimeAverage()
  private var sojourns = SampleSummary()
  private var squares = 0.0
  private var bySize: [(size: Double, sojourns: SampleSummary)] = []

  init(
    rate: Double, law: Distribution, servers: Int, warmup: Int, measured: Int, expectedSojourn: Double,
    sizes: [Double], arrivals: RandomStream, services: RandomStream
  ) {
    self.rate = rate
    self.law = law
    self.servers = servers
    self.warmup = warmup
    self.measured = measured
    self.expectedSojourn = expectedSojourn
    self.arrivals = arrivals
    self.services = services
    bySize = sizes.map { ($0, SampleSummary()) }
  }

  mutating func start(_ pending: inout PendingEvents) {
    pending.push(0, at: Ticks(seconds: arrivals.exponential() / rate))
  }

  /// Payload 0 is an arrival; from 1 on, a departure with its version.
  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    if payload > 0 && payload != version { return }
    let now = time.seconds
    clock += (now - readAt) * speed
    readAt = now
    if payload == 0 { arrive(now, &pending) } else { leave(now) }
    if isMeasuring { three.set(inside.count == 3 ? 1 : 0, at: now) }
    if arrived == warmup + measured { isMeasuring = false }
    version += 1
    if let next = inside.last {
      pending.push(version, at: time + Ticks(seconds: max(0, next.date - clock) / speed))
    }
  }

  /// Seconds of service a second.
  private var speed: Double { inside.isEmpty ? 0 : min(1, Double(servers) / Double(inside.count)) }

  private mutating func arrive(_ now: Double, _ pending: inout PendingEvents) {
    if arrived == warmup {
      isMeasuring = true
      three.begin(inside.count == 3 ? 1 : 0, at: now)
    }
    let size = law.sample(&services)
    let customer = Customer(arrival: now, size: size, date: clock + size, isMeasured: arrived >= warmup)
    let place = inside.firstIndex { $0.date < customer.date } ?? inside.count
    inside.insert(customer, at: place)
    arrived += 1
    if arrived < warmup + measured {
      pending.push(0, at: Ticks(seconds: now + arrivals.exponential() / rate))
    }
  }

  private mutating func leave(_ now: Double) {
    let customer = inside.removeLast()
    if !customer.isMeasured { return }
    let sojourn = now - customer.arrival
    sojourns.add(sojourn)
    squares += (sojourn - expectedSojourn) * (sojourn - expectedSojourn)
    for index in bySize.indices where bySize[index].size == customer.size {
      bySize[index].sojourns.add(sojourn)
    }
  }

  func readings() -> [String: Double] {
    var readings = [
      "W_sojourn": sojourns.mean!, "var_sojourn": squares / Double(sojourns.count),
      "P_n=3": three.average,
    ]
    for (size, sojourns) in bySize {
      // As the table writes it: 4, not 4.0.
      let name = size == size.rounded() ? "\(Int(size))" : "\(size)"
      readings["W|size=\(name)"] = sojourns.mean
    }
    return readings
  }
}
