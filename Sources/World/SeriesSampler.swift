import Kernel
import Workloads

/// One reading of one service.
public struct ServiceSample: Sendable, Hashable {
  public var time: Ticks
  public var queued: Int
  public var running: Int
  public var blocksInUse: Int64
  /// Busy fine ticks of all replicas since the start.
  public var busy: Int128
  /// Replicas that are up; `nil` where all of them are, all the time.
  public var up: Int?

  public init(time: Ticks, queued: Int, running: Int, blocksInUse: Int64, busy: Int128) {
    self.time = time
    self.queued = queued
    self.running = running
    self.blocksInUse = blocksInUse
    self.busy = busy
  }
}

/// Samples the services at even intervals without knowing how long the run will be: when the store is
/// full it
/// keeps every second sample and doubles the interval.
struct SeriesSampler {
  static let capacity = 512
  private(set) var samples: [[ServiceSample]]
  /// The same for prefill and decode replicas apart; empty for a service that is not disaggregated.
  private(set) var roleSamples: [[[ServiceSample]]]
  private(set) var nextSample = Ticks.zero
  private var interval = Ticks(seconds: 0.25)

  init(services: Int) {
    samples = Array(repeating: [], count: services)
    roleSamples = Array(repeating: [[], []], count: services)
  }

  mutating func sample(_ services: inout ServiceArray, at now: Ticks) {
    for index in 0..<services.count {
      let state = services[index]
      var reading = ServiceSample(time: now, queued: 0, running: 0, blocksInUse: 0, busy: 0)
      for replica in 0..<state.pointee.replicas.count {
        let replica = state.pointee.replicas[replica]
        reading.queued += replica.pointee.queued
        reading.running += replica.pointee.active
        reading.blocksInUse += replica.pointee.blocksInUse(at: now)
        reading.busy += replica.pointee.busy(at: now)
      }
      if state.pointee.life != nil {
        // Requests that no replica has wait too.
        reading.queued += state.pointee.life!.waiting.count + state.pointee.life!.lostCount
        reading.up = state.pointee.life!.upCount
      }
      if let roles = state.pointee.readRoles(at: now) {
        reading.queued += roles.betweenRoles
        roleSamples[index][0].append(roles.prefill)
        roleSamples[index][1].append(roles.decode)
      }
      samples[index].append(reading)
    }
    if let first = samples.first, first.count >= Self.capacity { thin() }
    nextSample = now + interval
  }

  private mutating func thin() {
    for index in samples.indices {
      samples[index] = Self.everySecond(of: samples[index])
      roleSamples[index] = roleSamples[index].map(Self.everySecond)
    }
    interval = interval * 2
  }

  private static func everySecond(of samples: [ServiceSample]) -> [ServiceSample] {
    stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
  }
}
