import Kernel

/// What was answered in a span of time, whenever it was sent.
public struct AnswerTally: Sendable, Hashable {
  public var requests = 0
  /// Of those, with every objective met.
  public var good = 0
  public var promptTokens: Int64 = 0
  public var outputTokens: Int64 = 0

  public init(requests: Int = 0, good: Int = 0, promptTokens: Int64 = 0, outputTokens: Int64 = 0) {
    self.requests = requests
    self.good = good
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
  }

  mutating func record(promptTokens prompt: Int32, outputTokens output: Int32, isGood: Bool) {
    requests += 1
    if isGood { good += 1 }
    promptTokens += Int64(prompt)
    outputTokens += Int64(output)
  }
}

/// The span that a service's rates are taken over.
///
/// A run ends with its last answer, long after its last request: rates over all of it would fall short of the
/// load by the time that the tail takes, more for slower designs. So they count what is answered while
/// requests are being sent: from the end of the warm-up until `duration`, or until the last request is sent
/// where a trace or a number of requests ends the traffic first. Where most answers come later, as when a
/// burst sends everything at once, the span goes on to the last answer and holds all requests sent after the
/// warm-up.
public struct RateSpan: Sendable, Hashable {
  /// `nil` when nothing was sent after the warm-up: nothing is measured then.
  public var seconds: Double?
  public var answers: AnswerTally
  /// Whether it goes on to the last answer.
  public var holdsTail: Bool

  public init(seconds: Double?, answers: AnswerTally, holdsTail: Bool) {
    self.seconds = seconds
    self.answers = answers
    self.holdsTail = holdsTail
  }
}

extension ServiceOutcome {
  /// The span that rates are taken over.
  ///
  /// - Parameter measuredFrom: the end of the warm-up.
  public func rateSpan(from measuredFrom: Ticks) -> RateSpan {
    let sent = AnswerTally(
      requests: tally.measured, good: tally.good, promptTokens: tally.promptTokens,
      outputTokens: tally.outputTokens)
    let holdsTail = sendingEnd <= measuredFrom || 2 * tally.answered.requests < tally.measured
    let seconds = ((holdsTail ? tally.lastCompletion : sendingEnd) - measuredFrom).seconds
    return RateSpan(
      seconds: tally.measuredOffered > 0 && seconds > 0 ? seconds : nil,
      answers: holdsTail ? sent : tally.answered, holdsTail: holdsTail)
  }
}
