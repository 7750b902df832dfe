/// The blocks that a sequence keeps and leaves, one record each.
extension StepwiseEngine {
  /// An admitted sequence holds the blocks that are there and starts behind them.
  mutating func use(_ found: [Int], at index: Int) {
    if running[index].preemptions == 0 {
      running[index].cachedTokens = found.count * settings.blockSize
    }
    cache?.hold(found)
    running[index].own = found
    running[index].blocks = found.count
    running[index].named = found.count
    running[index].tokens = found.count * settings.blockSize
    if let cache { free = cache.free }
  }

  /// Names what the step fills; blocks after a copy stay without names.
  mutating func nameFullBlocks(_ index: Int) {
    let sequence = running[index]
    running[index] = named(sequence, upTo: sequence.tokens + sequence.chunk)
  }

  mutating func named(_ sequence: Sequence, upTo tokens: Int) -> Sequence {
    if cache == nil || sequence.isCopy { return sequence }
    var named = sequence
    named.isCopy = !cache!.name(named.own, &named.text, from: &named.named, to: tokens / settings.blockSize)
    return named
  }

  /// A sequence gives its blocks back, having named those that its answer filled.
  mutating func leave(_ sequence: Sequence) {
    free += sequence.blocks
    guard cache != nil else { return }
    if sequence.loaded == nil {
      let text = min(sequence.tokens, sequence.prompt + sequence.output - 1)
      let sequence = named(sequence, upTo: text)
      cache!.leave(sequence.own, named: sequence.named)
    } else {
      cache!.leave(sequence.own, named: sequence.named)
    }
    free = cache!.free
  }
}
