import Scenario
import Statistics

/// What is counted of one class of a workload's requests, over those sent after the warm-up.
public struct ClassTally: Sendable {
  public var offered = 0
  public var measured = 0
  public var good = 0
  /// Answered while requests were being sent, and the same at the last sending so far.
  public var answered = 0
  var answeredAtLastSending = 0
  public var ttft = LogHistogram()
  public var tpot = LogHistogram()
  public var e2e = LogHistogram()
  public var queue = LogHistogram()

  public init() {}

  mutating func record(_ times: RequestTimes, isGood: Bool) {
    measured += 1
    if isGood { good += 1 }
    ttft.record(times.ttft.count)
    e2e.record(times.e2e.count)
    queue.record(times.queue.count)
    if times.outputTokens > 1 { tpot.record(times.decode.count / Int64(times.outputTokens - 1)) }
  }
}
