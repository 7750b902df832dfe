import Kernel
import Statistics
import Workloads

/// Drives one `LeapingReplica` with the same requests and the same manners as `StepwiseEngine.run`.
public struct LeapingDriver {
  private let requests: [StepwiseRequest]
  private let respawn: Int?
  private let outsideFirst: Bool
  private var result = StepwiseResult()
  private var next = 0
  private var sent: Int
  /// Of all requests sent, by handle.
  private var priorities: [Int32]
  private var adapters: [Int]
  /// KV entries on their way, and blocks to be given back.
  private var coming: [(time: Ticks, handle: UInt32, ticket: UInt32)] = []
  private var held: [(time: Ticks, ticket: UInt32)] = []
  /// By handle: what a request says, and what the replica called it.
  private var contents: [PromptContent?]
  private var tickets: [UInt32]

  /// - Parameter outsideFirst: whether what happens outside goes before the replica's change at the same
  ///   tick; results do not depend on it.
  public static func run(
    _ requests: [StepwiseRequest], settings: ReplicaSettings, model: any LatencyModel, respawn: Int? = nil,
    outsideFirst: Bool = false
  ) -> StepwiseResult {
    if requests.isEmpty { return StepwiseResult() }
    var replica = LeapingReplica(settings: settings, model: model)
    var driver = LeapingDriver(requests: requests, respawn: respawn, outsideFirst: outsideFirst)
    driver.drive(&replica)
    precondition(replica.usesNoAdapter, "all slots are free at the end")
    precondition(replica.heldBlocks == 0 && replica.receiving == 0, "all that was lent came back")
    return driver.result
  }

  private init(requests: [StepwiseRequest], respawn: Int?, outsideFirst: Bool) {
    self.requests = requests
    self.respawn = respawn
    self.outsideFirst = outsideFirst
    sent = requests.count
    priorities = requests.map(\.priority)
    adapters = requests.map(\.adapter)
    contents = requests.map(\.content)
    tickets = Array(repeating: 0, count: requests.count)
  }

  private mutating func drive(_ replica: inout LeapingReplica) {
    while true {
      let arrival = next < requests.count ? requests[next].arrival : .never
      let soonest = coming.indices.min { coming[$0].time < coming[$1].time }
      let receipt = soonest.map { coming[$0].time } ?? .never
      let release = held.first?.time ?? .never
      let outside = min(arrival, receipt, release)
      if outside == .never && replica.nextChange == .never { break }
      if outside < replica.nextChange || (outsideFirst && outside == replica.nextChange) {
        if outside == receipt {
          let entry = coming.remove(at: soonest!)
          let firstToken = requests[Int(entry.handle)].remote!.firstToken
          replica.receive(entry.ticket, firstToken: firstToken, at: outside)
        } else if outside == release {
          replica.release(held.removeFirst().ticket, at: outside)
        } else {
          arrive(at: arrival, &replica)
        }
      } else {
        advance(&replica)
      }
    }
    result.interTokenGaps = replica.interTokenGaps
    result.steps = Int(replica.totals.steps)
    result.computedTokens = Int(replica.totals.computedTokens)
    result.preemptions = Int(replica.totals.preemptions)
    result.busy = Int64(replica.totals.busy)
    result.blocksWritten = replica.finalTotals.tiers.map { Int($0.blocksWritten) }
    result.adapterLoads = Int(replica.finalTotals.adapters.loads)
    result.adapterFetches = Int(replica.finalTotals.adapters.fetches)
    result.blocksRead = replica.totals.tiers.reduce(0) { $0 + Int($1.blocksRead) }
  }

  private mutating func arrive(at now: Ticks, _ replica: inout LeapingReplica) {
    let request = requests[next]
    let handle = UInt32(next)
    if request.remote == nil {
      tickets[next] = replica.arrive(
        handle: handle, promptTokens: request.promptTokens, outputTokens: request.outputTokens,
        priority: request.priority, content: request.content, adapter: request.adapter, at: now)
    } else {
      replica.expect(
        handle: handle, promptTokens: request.promptTokens, outputTokens: request.outputTokens,
        content: request.content, at: now)
    }
    next += 1
    if next == requests.count && respawn == nil { replica.drain(at: now) }
  }

  private mutating func advance(_ replica: inout LeapingReplica) {
    let now = replica.nextChange
    replica.advance(to: now)
    for reservation in replica.reservations {
      result.reservations.append(.init(handle: reservation.handle, time: now))
      let remote = requests[Int(reservation.handle)].remote!
      coming.append((max(now, remote.firstToken) + remote.delay, reservation.handle, reservation.ticket))
    }
    replica.reservations.removeAll(keepingCapacity: true)
    let done = replica.completions
    replica.completions.removeAll(keepingCapacity: true)
    result.completions += done
    for completion in done {
      if replica.isPrefillOnly {
        held.append((now + requests[Int(completion.handle)].hold, tickets[Int(completion.handle)]))
      }
      guard let respawn, sent < respawn else { continue }
      contents.append(contents[Int(completion.handle)])
      replica.arrive(
        handle: UInt32(sent), promptTokens: completion.promptTokens, outputTokens: completion.outputTokens,
        priority: priorities[Int(completion.handle)], content: contents[sent],
        adapter: adapters[Int(completion.handle)], at: now)
      priorities.append(priorities[Int(completion.handle)])
      adapters.append(adapters[Int(completion.handle)])
      sent += 1
    }
    held.sort { $0.time < $1.time }
  }
}
