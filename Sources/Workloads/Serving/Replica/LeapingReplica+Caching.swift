import Kernel

/// What the replica does differently when it keeps KV blocks for later requests.
///
/// Blocks are taken in the order of the scheduler's pass: those of running sequences before those of waiting
/// ones. Decoders' blocks are counted only at the end of their run of steps, so a pass that looks into the
/// cache first claims those of the run's first step.
extension LeapingReplica {
  /// The leading blocks of a waiting sequence that need not be computed: at least its last token is, for it
  /// gives the next one.
  func cachedBlocks(of slot: UInt32) -> PrefixCache.Match {
    let limit = Int64(table[slot].target - 1) / ledger.blockSize
    return cache.match(holdings[slot].content, limit: limit)
  }

  /// An admitted sequence starts behind the blocks that are there.
  mutating func useCached(_ found: PrefixCache.Match, by slot: UInt32) {
    if table[slot].preemptions == 0 {
      holdings[slot].cachedTokens = Int32(found.blocks * ledger.blockSize)
      totals.promptTokensSought += Int64(table[slot].promptTokens)
      totals.promptTokensFound += found.blocks * ledger.blockSize
    }
    if found.blocks == 0 { return }
    cache.hold(holdings[slot].content, blocks: found.blocks)
    holdings[slot].named = Int32(found.blocks)
    table[slot].computed = Int32(found.blocks * ledger.blockSize)
    table[slot].blocks = Int32(found.blocks)
    ledger.take(found.idle)
  }

  /// Decoders take their blocks of the next step before anyone looks into the cache.
  mutating func claimForDecoders() { cache.claim(growth(steps: 1)) }

  /// Prompts under way name the blocks that the coming step fills: whoever is admitted next may use them, for
  /// in every layer a step writes its KV entries before it reads any.
  mutating func nameGrantedBlocks() {
    if prefilling.isEmpty { return }
    claimForDecoders()
    for slot in prefilling where table[slot].chunk > 0 { nameGrantedBlocks(of: slot) }
  }

  mutating func nameGrantedBlocks(of slot: UInt32) {
    name(slot, upTo: Int64(table[slot].computed + table[slot].chunk) / ledger.blockSize)
  }

  private mutating func name(_ slot: UInt32, upTo full: Int64) {
    let named = Int64(holdings[slot].named)
    if holdings[slot].isCopy || full <= named { return }
    let reached = cache.name(holdings[slot].content, from: named, to: full)
    holdings[slot].named = Int32(reached)
    holdings[slot].isCopy = reached < full
  }

  /// A sequence leaves: its full blocks get their names, and all that nobody else holds become free.
  ///
  /// - Parameter claimed: blocks that it has beside those, claimed for the coming step and not counted yet.
  /// - Returns: how many of `blocks` became free.
  mutating func letGo(of slot: UInt32, tokens: Int64, blocks: Int64, claimed: Int64 = 0) -> Int64 {
    name(slot, upTo: tokens / ledger.blockSize)
    let named = Int64(holdings[slot].named)
    cache.disclaim(claimed)
    cache.retireNameless(blocks + claimed - named)
    let freed = cache.release(holdings[slot].content, blocks: named)
    holdings[slot].named = 0
    holdings[slot].isCopy = false
    return blocks - named + freed
  }
}
