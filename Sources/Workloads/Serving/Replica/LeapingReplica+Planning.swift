import Kernel

/// What the scheduler decides at a step boundary, in vLLM's order: decodes first, then prompts under way,
/// then
/// what waits.
extension LeapingReplica {
  /// What a preemption leaves behind.
  struct Victim {
    /// Tokens of the step being planned that it no longer needs.
    var unusedTokens: Int32 = 0
    /// Where it stood among the prompts under way.
    var prompt: Int?
  }

  mutating func planNext() {
    if remote.news > 0 { takeInRemotePrompts() }
    if loading > 0 { finishLoads() }
    if keepsAdapters {
      adapters!.settle(at: boundary)
      isStuck = false
    }
    let lackedRoom = makeRoomForDecoders()
    let preempted = continuePrefills() || lackedRoom
    if keepsCache { nameGrantedBlocks() }
    if !preempted { admit() }
    if keepsCache && settings.verifiesLeaps { cache.verify(used: ledger.used, total: ledger.total) }
    if hasChunks {
      planStepWithPrompts()
    } else if ledger.decoders > 0 {
      planDecodeRun(mayAdmitNext: preempted)
    } else {
      precondition(running.count == loading, "whoever runs has something to compute")
      run.kind = .idle
      nextChange = idleChange(skippedAdmission: preempted)
    }
  }

  /// Whether some prompt has its share of the coming step.
  private var hasChunks: Bool { prefilling.contains { table[$0].chunk > 0 } }

  /// Tokens of the coming step that prompts may have.
  var promptBudget: Int64 {
    let all = Int64(settings.maximumBatchedTokens)
    return settings.prompts == .first ? all : all - ledger.decoders * width
  }

  /// Preempts from the tail until the next decoding step has its KV blocks.
  private mutating func makeRoomForDecoders() -> Bool {
    var preempted = false
    while growth(steps: 1) > ledger.free {
      // Older decoders have taken all there was before one lacks a block.
      if keepsCache { cache.claim(ledger.free) }
      preempt()
      preempted = true
    }
    return preempted
  }

  /// Gives prompts under way their next chunk; preempts from the tail when KV blocks are short.
  private mutating func continuePrefills() -> Bool {
    guard !prefilling.isEmpty else { return false }
    var preempted = false
    var budget = promptBudget
    // A request-level batch runs its prompts in one pass, however long: nobody waits for chunks.
    if settings.batching != .continuous { budget = .max }
    var reserved = growth(steps: 1)
    var index = 0
    while index < prefilling.count {
      let slot = prefilling[index]
      if loading > 0 && holdings[slot].isLoading {
        index += 1
        continue
      }
      let chunk = min(Int64(table[slot].target - table[slot].computed), budget)
      let need = max(
        0, ledger.blocks(for: Int64(table[slot].computed) + chunk + lookahead) - Int64(table[slot].blocks))
      var isGone = false
      while need > ledger.free - reserved && !isGone {
        if keepsCache { claimForDecoders() }
        let victim = preempt(holdsClaim: keepsCache)
        preempted = true
        reserved = growth(steps: 1)
        budget += Int64(victim.unusedTokens)
        if let position = victim.prompt, position <= index {
          isGone = position == index
          if !isGone { index -= 1 }
        }
      }
      if isGone { continue }
      grant(slot, chunk: Int32(chunk), blocks: Int32(need))
      budget -= chunk
      index += 1
    }
    return preempted
  }

  private mutating func grant(_ slot: UInt32, chunk: Int32, blocks: Int32) {
    table[slot].chunk = chunk
    table[slot].blocks += blocks
    ledger.take(Int64(blocks))
    if keepsCache { cache.take(Int64(blocks)) }
    if chunk > 0 && table[slot].scheduled == .never { table[slot].scheduled = boundary }
  }

  private mutating func admit() {
    switch settings.batching {
    case .continuous: admitContinuously()
    case .fixed(let size, let patience): admitBatch(of: size, patience: patience, pads: true)
    case .dynamicWindow(let size, let patience): admitBatch(of: size, patience: patience, pads: false)
    }
  }

  private mutating func admitContinuously() {
    guard waiting.count > 0 else { return }
    var budget = promptBudget
    for slot in prefilling { budget -= Int64(table[slot].chunk) }
    let reserved = growth(steps: 1)
    if keepsCache { claimForDecoders() }
    if keepsAdapters { return admitByAdapter(&budget, keeping: reserved) }
    while waiting.count > 0 && budget > 0 && seatsTaken < settings.maximumSequences {
      let slot = waiting.next(before: planned, in: table)
      if slot == noSequence || !admitOne(slot, &budget, keeping: reserved) { break }
    }
  }

  /// Starts a waiting sequence, or reserves its blocks; false when too few are free.
  @inline(__always)
  mutating func admitOne(_ slot: UInt32, _ budget: inout Int64, keeping reserved: Int64) -> Bool {
    if table[slot].state == .expected { return reserve(slot, keeping: reserved) }
    let found = keepsCache ? cachedBlocks(of: slot) : PrefixCache.Match()
    let cached = found.blocks * ledger.blockSize
    let rest = Int64(table[slot].target) - cached
    let chunk = min(rest, budget)
    // Beside other prompts of the step.
    if chunk < rest && settings.prompts == .whole && budget < promptBudget { return false }
    let end = settings.takesWholePrompts ? Int64(table[slot].target) : cached + chunk
    let need = ledger.blocks(for: end + lookahead) - found.blocks
    if need + found.idle > ledger.free - reserved { return false }
    start(slot)
    if keepsCache {
      useCached(found, by: slot)
      if !links.isEmpty && load(slot, after: found.blocks, room: ledger.free - reserved) { return true }
    }
    grant(slot, chunk: Int32(chunk), blocks: Int32(need))
    if keepsCache { nameGrantedBlocks(of: slot) }
    budget -= chunk
    return true
  }

  /// Starts a whole batch once the replica is empty. KV room for every answer is reserved by admission,
  /// so a
  /// batch is never preempted.
  private mutating func admitBatch(of size: Int, patience: Ticks, pads: Bool) {
    guard running.count == 0, waiting.count > 0 else { return }
    let oldest = table[waiting.first].arrival
    let ready = waiting.count >= size || isDraining || boundary > oldest + patience
    guard ready else { return }
    var longestPrompt: Int32 = 0
    var longestAnswer: Int32 = 0
    var reserved: Int64 = 0
    while waiting.count > 0 && running.count < min(size, settings.maximumSequences) {
      let slot = waiting.first
      if table[slot].arrival >= boundary { break }
      let prompt = max(longestPrompt, table[slot].target)
      let answer = max(longestAnswer, table[slot].outputTokens)
      if pads {
        reserved = ledger.blocks(for: Int64(prompt) + Int64(answer)) * Int64(running.count + 1)
      } else {
        reserved += ledger.blocks(for: Int64(table[slot].target) + Int64(table[slot].outputTokens))
      }
      if reserved > ledger.total && running.count > 0 { break }
      (longestPrompt, longestAnswer) = (prompt, answer)
      start(slot)
    }
    if pads { for slot in prefilling { table[slot].target = longestPrompt } }
    _ = continuePrefills()
  }

  private mutating func start(_ slot: UInt32) {
    waiting.remove(slot, in: table)
    if settings.forecasts { backlog.remove(table[slot].target, band: band(of: slot)) }
    queuedTokens -= Int64(table[slot].target)
    if keepsAdapters { adapters!.leaveQueue(adapter(of: slot)) }
    running.append(slot, in: table)
    table[slot].state = .prefilling
    table[slot].ordinal = admitted
    admitted += 1
    prefilling.append(slot)
  }

  /// Takes a running sequence's KV blocks away, the youngest's or that of the last place; it recomputes them
  /// when it comes back.
  ///
  /// - Parameter holdsClaim: whether decoders have claimed their blocks of the coming step.
  @discardableResult private mutating func preempt(holdsClaim: Bool = false) -> Victim {
    let slot = settings.order == .priority ? lastByPlace() : running.last
    precondition(slot != noSequence, "a lone sequence always fits the cache")
    var victim = Victim()
    // vLLM gives the victim's share of the step back where it looks beyond the youngest.
    if settings.order == .priority {
      let decodeShare = settings.prompts == .first ? 0 : Int32(width)
      victim.unusedTokens = table[slot].state == .decoding ? decodeShare : table[slot].chunk
    }
    if table[slot].state == .decoding {
      let given = table[slot].base + emitted - Int64(table[slot].promptTokens) + 1
      removeDecoder(slot, holdsClaim: holdsClaim)
      ring.remove(slot, in: table)
      answering -= 1
      table[slot].generated = Int32(given)
      keepLastToken(of: slot)
    } else {
      let blocks = Int64(table[slot].blocks)
      let tokens = Int64(table[slot].computed)
      ledger.give(keepsCache ? letGo(of: slot, tokens: tokens, blocks: blocks) : blocks)
      victim.prompt = prefilling.firstIndex(of: slot)
      if let position = victim.prompt { prefilling.remove(at: position) }
    }
    running.remove(slot, in: table)
    table[slot].state = .waiting
    table[slot].target = table[slot].promptTokens + table[slot].generated
    table[slot].computed = 0
    table[slot].blocks = 0
    table[slot].chunk = 0
    table[slot].preemptions += 1
    totals.preemptions += 1
    if keepsAdapters {
      stopUsing(slot)
      adapters!.enter(adapter(of: slot))
    }
    waiting.putBack(slot, in: table)
    queuedTokens += Int64(table[slot].target)
    if settings.forecasts { backlog.add(table[slot].target, band: band(of: slot)) }
    return victim
  }

  /// Who of the running has the highest rank and, of those, arrived last. O(running).
  private func lastByPlace() -> UInt32 {
    var last = running.first
    var slot = last
    while slot != noSequence {
      if table[slot].place > table[last].place { last = slot }
      slot = table[slot].next
    }
    return last
  }

  /// Takes a decoder out of the sums and returns its blocks.
  mutating func removeDecoder(_ slot: UInt32, holdsClaim: Bool = false) {
    let tokens = table[slot].base + emitted
    let room = tokens + lookahead
    if keepsAdapters { countAdapter(of: slot, decodes: false) }
    ledger.removeDecoder(base: table[slot].base + lookahead)
    let blocks = ledger.blocks(for: room)
    if keepsCache {
      let next = rate.total(after: step + 1) - emitted
      let claimed = holdsClaim ? ledger.blocks(for: room + next) - blocks : 0
      // What the last step gave beyond the answer is nobody's text.
      let text = min(tokens, Int64(table[slot].promptTokens) + Int64(table[slot].outputTokens) - 1)
      ledger.give(letGo(of: slot, tokens: text, blocks: blocks, claimed: claimed))
    } else {
      ledger.give(blocks)
    }
    context -= tokens
  }

  /// - Parameter mayAdmitNext: whether admission was skipped at this boundary and must be tried at the
  ///   next.
  private mutating func planDecodeRun(mayAdmitNext: Bool) {
    let decoders = ledger.decoders
    var line = model.decodeLine(sequences: Int(decoders), context: Int(context + decoders))
    if keepsAdapters { line.base = line.base + adapterCostOfDecoding() }
    run.kind = .decode
    run.base = line.base
    run.firstCost = line.base.total + line.slope * (context + decoders * width)
    run.costIncrease = line.slope * decoders
    run.start = step
    let untilFinish = ring.distance(from: step) ?? 1
    let untilFull = stepsBeforeExhaustion(upTo: untilFinish)
    precondition(untilFull > 0, "room for the next step was made before")
    let untilLineEnds = line.limit == .max ? untilFull : (line.limit - context) / decoders
    run.steps = run.boundedSteps(min(untilFull, untilLineEnds))
    // Whoever arrived at this very tick may join at the next boundary; a queue blocked for lack of KV
    // blocks or
    // slots stays blocked until somebody finishes, which ends the run anyway.
    if settings.batching == .continuous, waiting.count > 0, seatsTaken < settings.maximumSequences {
      if mayAdmitNext {
        run.steps = 1
      } else if hasUnseen {
        run.steps = min(run.steps, 1 + stepsUntilLook(after: 1))
      }
    }
    if hasRemoteNews { run.steps = 1 }
    if loading > 0 { endRun(after: nextReady) }
    if keepsAdapters && adapters!.isLoading { endRun(after: nextAdapter) }
    nextChange = runEnd
  }

  private mutating func planStepWithPrompts() {
    let stalls = settings.prompts == .first
    let decoders = stalls ? 0 : Int(ledger.decoders)
    var shape = StepShape(
      decodeSequences: decoders, decodeContext: stalls ? 0 : Int(context) + decoders * Int(width),
      prefillSequences: 0,
      prefillTokens: 0,
      sampledSequences: decoders, attentionProducts: 0, prefixTokens: 0, largestChunk: 0)
    for slot in prefilling where table[slot].chunk > 0 {
      let chunk = Int(table[slot].chunk)
      let prefix = Int(table[slot].computed)
      shape.prefillSequences += 1
      shape.prefillTokens += chunk
      shape.attentionProducts += chunk * prefix + chunk * (chunk + 1) / 2
      shape.prefixTokens += prefix
      shape.largestChunk = max(shape.largestChunk, chunk)
      shape.longestPrefix = max(shape.longestPrefix, prefix)
      if prefix + chunk == Int(table[slot].target) { shape.sampledSequences += 1 }
    }
    var cost = model.stepCost(shape)
    if keepsAdapters { cost = cost + adapterCost(ofStep: shape) }
    run.kind = stalls ? .prompts : .mixed
    run.base = cost
    run.firstCost = cost.total
    run.costIncrease = 0
    run.steps = 1
    totals.computedTokens += Int64(shape.prefillTokens)
    totals.promptTokens += Int64(shape.prefillTokens)
    nextChange = runEnd
  }
}
