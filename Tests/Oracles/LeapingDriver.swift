import Kernel
import Statistics
import Workloads

/// Drives one `LeapingReplica` with the same requests and the same manners as `StepwiseEngine.run`.
public enum LeapingDriver {
  public static func run(
    _ requests: [StepwiseRequest], settings: ReplicaSettings, model: any LatencyModel, respawn: Int? = nil
  ) -> StepwiseResult {
    var replica = LeapingReplica(settings: settings, model: model)
    var result = StepwiseResult()
    var next = 0
    var sent = requests.count
    var contents = requests.map(\.content)
    if requests.isEmpty { return result }
    while true {
      let arrival = next < requests.count ? requests[next].arrival : .never
      if arrival == .never && replica.nextChange == .never { break }
      if arrival < replica.nextChange {
        let request = requests[next]
        replica.arrive(
          handle: UInt32(next), promptTokens: request.promptTokens, outputTokens: request.outputTokens,
          content: request.content, at: arrival)
        next += 1
        if next == requests.count && respawn == nil { replica.drain(at: arrival) }
        continue
      }
      let now = replica.nextChange
      replica.advance(to: now)
      let done = replica.completions
      replica.completions.removeAll(keepingCapacity: true)
      result.completions += done
      for completion in done {
        guard let respawn, sent < respawn else { continue }
        replica.arrive(
          handle: UInt32(sent), promptTokens: completion.promptTokens, outputTokens: completion.outputTokens,
          content: contents[Int(completion.handle)], at: now)
        contents.append(contents[Int(completion.handle)])
        sent += 1
      }
    }
    result.interTokenGaps = replica.interTokenGaps
    result.steps = Int(replica.totals.steps)
    result.computedTokens = Int(replica.totals.computedTokens)
    result.preemptions = Int(replica.totals.preemptions)
    result.busy = replica.totals.busy
    result.blocksWritten = replica.finalTotals.tiers.map { Int($0.blocksWritten) }
    result.blocksRead = replica.totals.tiers.reduce(0) { $0 + Int($1.blocksRead) }
    return result
  }
}
