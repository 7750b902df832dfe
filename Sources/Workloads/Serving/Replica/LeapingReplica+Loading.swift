import Kernel

/// Loading KV blocks that lie below the accelerator.
///
/// A sequence that loads holds its blocks and a place among the running, and computes nothing until a step
/// starts strictly after its blocks have come; then it stands behind those that run, as if just admitted. In
/// the meantime the others go on. Every tier has one link to the replica and serves one load after the other.
extension LeapingReplica {
  /// Starts to load what lies below, if there is any and it is worth it and there is room.
  mutating func load(_ slot: UInt32, after cached: Int64, room: Int64) -> Bool {
    let limit = Int64(table[slot].target - 1) / ledger.blockSize
    guard cached < limit else { return false }
    cache.findBelow(holdings[slot].content, from: cached, limit: limit, into: &pieces)
    let chosen = choosePieces(slot, after: cached)
    guard chosen > 0, pieces[chosen - 1].end - cached <= room else { return false }
    cache.touchBelow(holdings[slot].content, pieces, count: chosen)
    askForFirst(chosen)
    var ready = boundary
    for tier in links.indices where asked[tier] > 0 {
      let done = finish(of: tier)
      totals.tiers[tier].blocksRead += asked[tier]
      totals.tiers[tier].busy += done - max(boundary, links[tier])
      if table[slot].preemptions == 0 { totals.tiers[tier].tokensFound += asked[tier] * ledger.blockSize }
      links[tier] = done
      ready = max(ready, done)
    }
    startLoading(slot, blocks: pieces[chosen - 1].end, after: cached, ready: ready)
    return true
  }

  private mutating func startLoading(_ slot: UInt32, blocks: Int64, after cached: Int64, ready: Ticks) {
    ledger.take(blocks - cached)
    cache.take(blocks - cached)
    if table[slot].preemptions == 0 {
      holdings[slot].cachedTokens = Int32(blocks * ledger.blockSize)
      totals.promptTokensFound += (blocks - cached) * ledger.blockSize
    }
    table[slot].blocks = Int32(blocks)
    table[slot].computed = Int32(blocks * ledger.blockSize)
    if table[slot].scheduled == .never { table[slot].scheduled = boundary }
    holdings[slot].isLoading = true
    holdings[slot].ready = ready
    loading += 1
  }

  /// How many of the pieces to load: as far as the time that computing would take exceeds the time that
  /// loading takes by most.
  private mutating func choosePieces(_ slot: UInt32, after cached: Int64)
    -> Int
  {
    if loadsAlways { return pieces.count }
    let whole = pieces.isEmpty ? 0 : computeCost(slot, from: cached)
    var chosen = 0
    var most: Int64 = 0
    for count in pieces.indices {
      askForFirst(count + 1)
      var ready = boundary
      for tier in links.indices where asked[tier] > 0 { ready = max(ready, finish(of: tier)) }
      let saved = (whole - computeCost(slot, from: pieces[count].end)) / fineTicksPerTick
      let gain = saved - (ready - boundary).count
      if gain > most { (chosen, most) = (count + 1, gain) }
    }
    return chosen
  }

  /// Sums up what the first pieces ask of each tier.
  private mutating func askForFirst(_ count: Int) {
    for tier in asked.indices { asked[tier] = 0 }
    for index in 0..<count { asked[pieces[index].tier] += pieces[index].end - pieces[index].begin }
  }

  /// When a tier's link would have served what is asked of it.
  private func finish(of tier: Int) -> Ticks {
    let time = tiers[tier].loadTime(blocks: asked[tier], of: bytesPerBlock)
    // Loads that queue for years end with the clock's range rather than past it.
    let (done, overflow) = max(boundary, links[tier]).count.addingReportingOverflow(time.count)
    return overflow ? Ticks(seconds: 5e8) : min(Ticks(seconds: 5e8), Ticks(done))
  }

  /// Cost [fine ticks] of one step that computes a sequence's prompt from a block on beside the decoders.
  private func computeCost(_ slot: UInt32, from block: Int64) -> Int64 {
    let prefix = Int(block * ledger.blockSize)
    let chunk = Int(table[slot].target) - prefix
    let decoders = Int(ledger.decoders)
    return model.stepCost(
      StepShape(
        decodeSequences: decoders, decodeContext: Int(context) + decoders * Int(width),
        prefillSequences: 1, prefillTokens: chunk, sampledSequences: decoders + 1,
        attentionProducts: chunk * prefix + chunk * (chunk + 1) / 2, prefixTokens: prefix,
        largestChunk: chunk, longestPrefix: prefix)
    ).total
  }

  /// Sequences whose blocks have come name them and join the end of those that run.
  mutating func finishLoads() {
    var kept = 0
    var came: [UInt32] = []
    for slot in prefilling {
      if holdings[slot].isLoading && holdings[slot].ready < boundary {
        came.append(slot)
      } else {
        prefilling[kept] = slot
        kept += 1
      }
    }
    prefilling.removeLast(prefilling.count - kept)
    for slot in came {
      stopLoading(slot)
      nameGrantedBlocks(of: slot)
      running.remove(slot, in: table)
      running.append(slot, in: table)
      table[slot].ordinal = admitted
      admitted += 1
      prefilling.append(slot)
    }
  }

  mutating func stopLoading(_ slot: UInt32) {
    holdings[slot].isLoading = false
    loading -= 1
  }

  /// When the first load in flight is done.
  var nextReady: Ticks {
    prefilling.reduce(.never) { holdings[$1].isLoading ? min($0, holdings[$1].ready) : $0 }
  }
}
