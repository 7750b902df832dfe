import Kernel

/// One server and two classes of customers with exponential service; class 0 goes first.
///
/// Preemptive: a customer of class 0 drives one of class 1 out of service, which later resumes where it was.
/// Otherwise it waits until the service in progress is over.
struct PriorityStation: EventHandler {
  let isPreemptive: Bool
  /// Arrivals per second and mean service time of each class.
  let rates: [Double]
  let means: [Double]
  /// Customers of both classes.
  let warmup: Int
  let measured: Int
  var arrivals: [RandomStream]
  var services: [RandomStream]

  private struct Customer {
    var arrival: Ticks
    var service: Ticks
    var remaining: Ticks
    var isMeasured: Bool
  }

  private var queues: [[Customer]] = [[], []]
  /// Class at the server; −1 when it is idle.
  private var serving = -1
  private var servingSince = Ticks.zero
  private var version: UInt64 = 0
  private var arrived = 0
  private var isMeasuring = false
  private var lower = TimeAverage()
  private var counts = [0, 0]
  private var sojourns = [0.0, 0.0]
  private var waits = [0.0, 0.0]

  init(
    isPreemptive: Bool, rates: [Double], means: [Double], warmup: Int, measured: Int,
    arrivals: [RandomStream], services: [RandomStream]
  ) {
    self.isPreemptive = isPreemptive
    self.rates = rates
    self.means = means
    self.warmup = warmup
    self.measured = measured
    self.arrivals = arrivals
    self.services = services
  }

  mutating func start(_ pending: inout PendingEvents) {
    for group in 0..<2 { scheduleArrival(group, .zero, &pending) }
  }

  private mutating func scheduleArrival(_ group: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    let gap = arrivals[group].exponential() / rates[group]
    pending.push(UInt64(group), at: now + Ticks(seconds: gap))
  }

  /// Payloads 0 and 1 are arrivals; from 2 on, the end of a service with its version.
  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    if payload < 2 {
      arrive(Int(payload), time, &pending)
    } else if payload - 2 == version {
      finish(time)
      serveNext(time, &pending)
    }
    if isMeasuring { lower.set(Double(queues[1].count), at: time.seconds) }
    if arrived == warmup + measured { isMeasuring = false }
  }

  private mutating func arrive(_ group: Int, _ now: Ticks, _ pending: inout PendingEvents) {
    if arrived == warmup {
      isMeasuring = true
      lower.begin(Double(queues[1].count), at: now.seconds)
    }
    if arrived >= warmup + measured { return }
    let service = Ticks(seconds: services[group].exponential() * means[group])
    queues[group].append(
      Customer(arrival: now, service: service, remaining: service, isMeasured: arrived >= warmup))
    arrived += 1
    scheduleArrival(group, now, &pending)
    if serving < 0 {
      serveNext(now, &pending)
    } else if isPreemptive && group == 0 && serving == 1 {
      queues[1][0].remaining -= now - servingSince
      serveNext(now, &pending)
    }
  }

  private mutating func finish(_ now: Ticks) {
    let customer = queues[serving].removeFirst()
    if customer.isMeasured {
      counts[serving] += 1
      sojourns[serving] += (now - customer.arrival).seconds
      waits[serving] += (now - customer.arrival - customer.service).seconds
    }
  }

  private mutating func serveNext(_ now: Ticks, _ pending: inout PendingEvents) {
    version += 1
    serving = !queues[0].isEmpty ? 0 : !queues[1].isEmpty ? 1 : -1
    if serving < 0 { return }
    servingSince = now
    pending.push(2 + version, at: now + queues[serving][0].remaining)
  }

  func readings() -> [String: Double] {
    var readings = ["L2": lower.average]
    for group in 0..<2 {
      readings["W\(group + 1)_sojourn"] = sojourns[group] / Double(counts[group])
      readings["Wq\(group + 1)"] = waits[group] / Double(counts[group])
    }
    return readings
  }
}
