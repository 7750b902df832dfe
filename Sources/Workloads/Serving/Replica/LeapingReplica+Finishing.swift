import Kernel
import Statistics

/// What happens at the end of a run of steps.
extension LeapingReplica {
  mutating func finishDecodeRun() {
    if settings.verifiesLeaps { verifyLeap() }
    let bunched = advanceDecoders(steps: run.steps)
    collectFinished()
    if bunched > 0 { recordGapsWithinSteps(bunched) }
    releaseFinished()
  }

  mutating func finishMixedStep() {
    let bunched = advanceDecoders(steps: 1)
    collectFinished()
    if bunched > 0 { recordGapsWithinSteps(bunched) }
    finishChunks()
    releaseFinished()
  }

  /// A step of prompts alone: decoders wait for its end.
  mutating func finishPromptStep() {
    if answering > 0 { stallDecoders(for: run.firstCost) }
    let start = boundary
    moveClock(steps: 1)
    totals.blockTime += Double(run.firstCost) * Double(ledger.used)
    count(steps: 1, from: start)
    finishChunks()
    releaseFinished()
  }

  /// Moves the clock, the decoders and the totals over `steps` equal steps.
  ///
  /// - Returns: tokens given beside the first of each step, of requests that are measured.
  mutating func advanceDecoders(steps: Int64) -> Int64 {
    let decoders = ledger.decoders
    let cost = run.cost(of: steps)
    let start = boundary
    let held = ledger.used
    let entries =
      steps * (context + decoders * width) + decoders * rate.sumOfTotals(from: step, steps: steps)
    let given = rate.total(after: step + steps) - emitted
    var bunched: Int64 = 0
    if answering > 0 && start >= measuredFrom {
      recordGaps(steps: steps)
      if !rate.isPlain { bunched = answering * (given - steps) }
    }
    forgetLateDecoders()
    let grown = growth(steps: steps)
    ledger.take(grown)
    if keepsCache { cache.settle(grown) }
    step += steps
    emitted += given
    context += decoders * given
    moveClock(steps: steps)
    totals.computedTokens += decoders * steps * width
    totals.contextRead += entries
    totals.blockTime += Double(cost) * Double(held + ledger.used) / 2
    count(steps: steps, from: start)
    return bunched
  }

  private mutating func moveClock(steps: Int64) {
    look(steps: steps)
    fraction += run.cost(of: steps)
    boundary += Ticks(fraction / fineTicksPerTick)
    fraction %= fineTicksPerTick
  }

  /// When the scheduler looked at new requests last before the end of `steps` steps from `boundary`: at that
  /// end, or at the start of the step before it where it works ahead.
  private mutating func look(steps: Int64) {
    var looked = steps
    if settings.receiveInterval > 1 {
      let since = run.computesPrompts ? 0 : (unheard + steps) % settings.receiveInterval
      unheard = since
      looked -= since
      if looked <= 0 { return }
    }
    let ahead: Int64 = settings.schedulesAhead ? 1 : 0
    planned = boundary + Ticks((fraction + run.cost(of: looked - ahead)) / fineTicksPerTick)
  }

  /// Adds steps that have just ended to the totals.
  private mutating func count(steps: Int64, from start: Ticks) {
    let cost = run.cost(of: steps)
    totals.busy += Int128(cost)
    totals.compute += Int128(run.base.compute * steps)
    totals.memory += Int128(
      run.base.memory * steps + (run.kind == .decode ? cost - run.base.total * steps : 0))
    totals.network += Int128(run.base.network * steps)
    totals.steps += steps
    totals.peakBlocks = max(totals.peakBlocks, ledger.used)
    totals.peakSequences = max(totals.peakSequences, Int64(running.count))
    if settings.recordsTimeline {
      slices.append(
        ReplicaSlice(start: start, end: boundary, sequences: running.count, isPrefill: run.computesPrompts))
    }
  }

  /// Takes the sequences filed under this step off the ring; those that finish later are filed again.
  private mutating func collectFinished() {
    var slot = ring.first(at: step)
    if slot == noSequence { return }
    ring.clearAll(at: step)
    while slot != noSequence {
      let next = table[slot].ringNext
      if table[slot].finishStep == step {
        finishing.append(slot)
      } else {
        ring.insert(slot, at: table[slot].finishStep, now: step, in: table)
      }
      slot = next
    }
  }

  /// Counts the chunks of the step just finished; whoever has its whole prompt gets a token.
  private mutating func finishChunks() {
    var kept = 0
    for index in prefilling.indices {
      let slot = prefilling[index]
      table[slot].computed += table[slot].chunk
      table[slot].chunk = 0
      if table[slot].computed < table[slot].target {
        prefilling[kept] = slot
        kept += 1
      } else {
        startDecoding(slot)
      }
    }
    prefilling.removeLast(prefilling.count - kept)
  }

  private mutating func startDecoding(_ slot: UInt32) {
    table[slot].generated += 1
    if table[slot].firstToken == .never {
      table[slot].firstToken = boundary
    } else if boundary >= measuredFrom {
      interTokenGaps.record(fineTicks(in: boundary - table[slot].lastToken))
    }
    countAsDecoder(slot)
    if settings.prompts == .first && table[slot].generated < table[slot].outputTokens {
      table[slot].lastToken = boundary
      awaitToken(slot)
    }
  }

  /// Counts a sequence whose whole context is in the cache among the decoders.
  @inline(__always) mutating func countAsDecoder(_ slot: UInt32) {
    let tokens = Int64(table[slot].target)
    table[slot].base = tokens - emitted
    table[slot].state = .decoding
    ledger.addDecoder(base: table[slot].base + lookahead)
    if keepsAdapters { countAdapter(of: slot, decodes: true) }
    context += tokens
    answering += 1
    let remaining = Int64(table[slot].outputTokens - table[slot].generated)
    table[slot].finishStep = rate.step(reaching: emitted + remaining)
    if remaining == 0 {
      finishing.append(slot)
    } else {
      ring.insert(slot, at: table[slot].finishStep, now: step, in: table)
    }
  }

  /// Reports the finished sequences in the order of their admission and lets them go.
  private mutating func releaseFinished() {
    if finishing.isEmpty { return }
    sortFinishing()
    let keepsSlots = if case .fixed = settings.batching { true } else { false }
    for slot in finishing {
      answering -= 1
      if settings.forecasts { backlog.leave(at: boundary) }
      completions.append(
        Completion(
          handle: table[slot].handle, promptTokens: table[slot].promptTokens,
          outputTokens: table[slot].outputTokens, preemptions: table[slot].preemptions,
          arrival: table[slot].arrival, scheduled: table[slot].scheduled,
          firstToken: table[slot].firstToken, lastToken: boundary,
          cachedTokens: keepsCache ? holdings[slot].cachedTokens : 0,
          adapterWait: keepsAdapters ? uses[Int(slot)].waited : .zero))
      if keepsSlots { table[slot].state = .padding } else { release(slot) }
    }
    finishing.removeAll(keepingCapacity: true)
    if keepsSlots && answering == 0 && prefilling.isEmpty {
      while running.count > 0 { release(running.first) }
    }
  }

  private mutating func release(_ slot: UInt32) {
    running.remove(slot, in: table)
    if settings.isPrefillOnly { return hold(slot) }
    removeDecoder(slot)
    if keepsAdapters { stopUsing(slot) }
    table.remove(slot)
  }

  /// Insertion sort by admission: the list is short and nearly always in order already.
  private mutating func sortFinishing() {
    var index = 1
    while index < finishing.count {
      let slot = finishing[index]
      let ordinal = table[slot].ordinal
      var position = index
      while position > 0 && table[finishing[position - 1]].ordinal > ordinal {
        finishing[position] = finishing[position - 1]
        position -= 1
      }
      finishing[position] = slot
      index += 1
    }
  }

  /// Walks the run step by step: the clock, the KV blocks and the costs must land where the closed forms
  /// do.
  private func verifyLeap() {
    var (time, part, blocks, entries) = (boundary.count, fraction, ledger.used, context)
    for index in 0..<run.steps {
      let (before, after) = (rate.total(after: step + index), rate.total(after: step + index + 1))
      blocks += ledger.growth(steps: after - before, from: before)
      let read = entries + ledger.decoders * width
      part += run.base.total + (run.costIncrease / max(1, ledger.decoders)) * read
      entries += ledger.decoders * (after - before)
      time += part / fineTicksPerTick
      part %= fineTicksPerTick
      precondition(blocks <= ledger.total, "a leap never runs out of KV blocks")
    }
    precondition(time == runEnd.count, "a leap ends where its steps end")
    precondition(
      blocks == ledger.used + growth(steps: run.steps), "a leap takes its blocks")
  }
}
