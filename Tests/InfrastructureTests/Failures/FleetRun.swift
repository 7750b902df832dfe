import Infrastructure
import Kernel

/// A fleet driven by an event queue, watching one class.
struct FleetRun: ~Copyable, EventHandler {
  var fleet: ComponentFleet
  /// The least number of parts up that counts as `goodTicks`, and the time before which nothing counts.
  let needed: Int
  let warmup: Ticks
  private(set) var goodTicks: Int128 = 0
  private(set) var upTicks: Int128 = 0
  private(set) var failures: Int64 = 0
  private(set) var last = Ticks.zero

  init(_ fleet: consuming ComponentFleet, needed: Int, warmup: Ticks, pending: inout PendingEvents) {
    self.fleet = fleet
    self.needed = needed
    self.warmup = warmup
    for part in 0..<self.fleet.count {
      Self.push(part, 0, at: self.fleet.firstFailure(of: part), isRepair: false, &pending)
    }
  }

  private static func push(
    _ part: Int, _ version: UInt32, at time: Ticks, isRepair: Bool, _ pending: inout PendingEvents
  ) {
    if time == .never { return }
    pending.push(UInt64(part) << 33 | UInt64(version) << 1 | (isRepair ? 1 : 0), at: time)
  }

  mutating func watch(until time: Ticks) {
    let span = Int128((time - max(last, min(warmup, time))).count)
    if time > warmup {
      upTicks += Int128(fleet.upCount(ofClass: 0)) * span
      if fleet.upCount(ofClass: 0) >= needed { goodTicks += span }
    }
    last = time
  }

  mutating func handle(_ payload: UInt64, at time: Ticks, pending: inout PendingEvents) {
    let part = Int(payload >> 33)
    let version = UInt32(truncatingIfNeeded: payload >> 1)
    guard fleet.isCurrent(part, version: version) else { return }
    watch(until: time)
    var started: ComponentFleet.RepairStart?
    if payload & 1 == 0 {
      if time > warmup { failures += 1 }
      started = fleet.fail(part, at: time)
    } else if let answer = fleet.repaired(part, at: time) {
      Self.push(part, answer.version, at: answer.nextFailure, isRepair: false, &pending)
      started = answer.started
    }
    if let started {
      Self.push(started.component, started.version, at: started.end, isRepair: true, &pending)
    }
  }

  /// The shares of the time after the warm-up: parts up (of all), and at least `needed` up; and failures.
  static func outcome(
    _ parts: ComponentClass, crews: Int, needed: Int, warmup: Ticks, span: Ticks, replication: Int
  ) -> (up: Double, good: Double, failures: Double) {
    var pending = PendingEvents()
    let fleet = ComponentFleet([parts], crews: crews, seed: 3, replication: replication, entity: "fleet")
    var run = FleetRun(fleet, needed: needed, warmup: warmup, pending: &pending)
    _ = Kernel.run(&run, pending: &pending, until: warmup + span)
    run.watch(until: warmup + span)
    let all = Double(span.count)
    return (
      Double(run.upTicks) / all / Double(parts.count), Double(run.goodTicks) / all, Double(run.failures)
    )
  }
}
