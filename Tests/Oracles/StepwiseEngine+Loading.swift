import Kernel
import Workloads

/// Tiers below.
extension StepwiseEngine {
  /// Sequences whose blocks have come name them and go to the end of the line.
  mutating func finishLoads() {
    for sequence in running where sequence.loaded.map({ $0 < time }) == true {
      let place = running.firstIndex { $0.handle == sequence.handle }!
      var loaded = running.remove(at: place)
      loaded.loaded = nil
      running.append(loaded)
      nameFullBlocks(running.count - 1)
    }
  }

  /// Loads as many of the blocks below as bring the first token soonest, if they fit.
  mutating func load(_ index: Int) -> Bool {
    guard var links, var cache, !links.isEmpty else { return false }
    var sequence = running[index]
    let first = sequence.own.count
    var keys: [UInt64] = []
    var places: [Int] = []
    while first + keys.count < (sequence.target - 1) / settings.blockSize {
      let key = sequence.text.key(ofBlock: first + keys.count, size: settings.blockSize)
      guard let tier = cache.tier(of: key) else { break }
      keys.append(key)
      places.append(tier)
    }
    let count = links.blocksToLoad(places, now: time) { loaded in
      computeCost(sequence, from: (first + loaded) * settings.blockSize)
    }
    guard count > 0, count <= free else { return false }
    for block in (0..<count).reversed() { cache.store(keys[block], in: places[block]) }
    sequence.loaded = links.load(Array(places[..<count]), now: time)
    sequence.chunk = 0
    sequence.tokens = (first + count) * settings.blockSize
    if sequence.preemptions == 0 { sequence.cachedTokens = sequence.tokens }
    if sequence.scheduled == .never { sequence.scheduled = time }
    (self.links, self.cache, running[index]) = (links, cache, sequence)
    take(count, 0, at: index)
    result.blocksRead += count
    return true
  }

  private func computeCost(_ sequence: Sequence, from start: Int) -> Int64 {
    let decoders = running.filter { !$0.prefilling }
    let chunk = sequence.target - start
    return model.stepCost(
      StepShape(
        decodeSequences: decoders.count, decodeContext: decoders.reduce(0) { $0 + $1.tokens + drafted + 1 },
        prefillSequences: 1, prefillTokens: chunk, sampledSequences: decoders.count + 1,
        attentionProducts: chunk * start + chunk * (chunk + 1) / 2, prefixTokens: start, largestChunk: chunk,
        longestPrefix: start)
    ).total
  }
}
