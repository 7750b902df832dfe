import Kernel
import Workloads

/// Prompts computed for others, and prompts computed elsewhere.
extension StepwiseEngine {
  /// With blocks in the hands of others, an idle engine that just failed to admit looks again only just after
  /// something new: an arrival, complete KV entries, blocks that come back, or after it left out admission.
  func newsTime(_ coming: Ticks) -> Ticks {
    var news = receiving.map(\.ready) + held.map(\.until) + [coming]
    if let head = waiting.first, head.arrival >= deadline || leftOutAdmission { news.append(time) }
    let soonest = news.filter { $0 >= time }.min()!
    return soonest == .never ? .never : soonest + Ticks(1)
  }

  /// Whatever was complete before this boundary: blocks come back, sequences with their KV entries decode.
  mutating func takeInRemotePrompts() {
    let fetched = held.enumerated().filter { $0.element.until < time }
    for (_, prompt) in fetched.sorted(by: {
      ($0.element.until, $0.offset) < ($1.element.until, $1.offset)
    }) {
      leave(prompt.sequence)
    }
    held.removeAll { $0.until < time }
    let complete = receiving.filter { $0.ready < time }.sorted { $0.ready < $1.ready }
    receiving.removeAll { $0.ready < time }
    for var sequence in complete {
      sequence.prefilling = false
      sequence.isFresh = true
      sequence.tokens = sequence.prompt
      sequence.generated = 1
      sequence.firstToken = sequence.remote!.firstToken
      sequence.lastToken = sequence.remote!.firstToken
      sequence.remote = nil
      running.append(sequence)
    }
  }

  /// The whole prompt's blocks, or nothing.
  mutating func reserve(_ head: Sequence) -> Bool {
    if blocks(head.prompt) > free { return false }
    var sequence = waiting.removeFirst()
    sequence.blocks = blocks(head.prompt)
    sequence.scheduled = time
    sequence.ready = max(time, sequence.remote!.firstToken) + sequence.remote!.delay
    free -= sequence.blocks
    if let taken = cache?.take(sequence.blocks) { sequence.own = taken }
    receiving.append(sequence)
    result.reservations.append(.init(handle: sequence.handle, time: time))
    return true
  }
}
