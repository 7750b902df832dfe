import Kernel

/// Which adapter a sequence asks for.
struct AdapterUse {
  /// −1 for none.
  var adapter: Int32 = -1
  /// How long it waited for a load.
  var waited = Ticks.zero
}

/// What the replica does differently when requests ask for adapters of the model (vLLM's `--enable-lora`).
///
/// A batch uses no more adapters than there are slots. The scheduler passes over a waiting sequence whose
/// adapter is in no slot, having started to load it where a slot may be had, and looks at those behind it;
/// once the load has come, at a boundary strictly after it, the sequence is taken in its turn. Whoever else
/// waits for that adapter shares the load. Where loads block, the sequence is taken at once and the step
/// takes longer. A sequence that lacks KV blocks still holds up all behind it.
extension LeapingReplica {
  /// Whether a request may ask for adapters here.
  public var servesAdapters: Bool { keepsAdapters }
  /// Whether no slot is in use: for checks while `load` is 0.
  public var usesNoAdapter: Bool { adapters?.isIdle ?? true }

  /// Whether an adapter lies in a slot, is on its way there, or is waited for by somebody in the queue.
  ///
  /// - Complexity: O(1).
  public func expects(adapter: Int) -> Bool { adapters?.isExpected(adapter) ?? false }

  mutating func enqueue(_ slot: UInt32, adapter: Int) {
    precondition(adapter < adapters!.settings.count, "the replica was told of the adapter")
    while uses.count <= Int(slot) { uses.append(AdapterUse()) }
    uses[Int(slot)] = AdapterUse(adapter: Int32(adapter))
    adapters!.enter(adapter)
  }

  /// Whether a newcomer may go before those that wait.
  func mayPass(_ slot: UInt32, at now: Ticks) -> Bool {
    if isStuck && waiting.isOrderedByArrival { return false }
    let adapter = adapter(of: slot)
    if adapter < 0 || adapters!.isPresent(adapter) { return adapters!.isReady(adapter, at: now) }
    return adapters!.victim(at: now) != nil
  }

  func adapter(of slot: UInt32) -> Int { Int(uses[Int(slot)].adapter) }

  /// The scheduler's pass over the queue. It ends early where nobody is left who could start or load.
  mutating func admitByAdapter(_ budget: inout Int64, keeping reserved: Int64) {
    var startable = adapters!.startable(at: boundary)
    var loadable = adapters!.absent
    var slot = waiting.next(before: planned, in: table)
    while slot != noSequence && startable + loadable > 0 && budget > 0
      && seatsTaken < settings.maximumSequences
    {
      let following = waiting.following(slot, before: planned, in: table)
      let adapter = adapter(of: slot)
      let isReady = adapters!.isReady(adapter, at: boundary)
      let isAbsent = !isReady && !adapters!.isPresent(adapter)
      let place = isAbsent && loadable > 0 ? adapters!.victim(at: boundary) : nil
      let isTaken = isReady || (place != nil && adapters!.settings.loading == .blocking)
      if isTaken {
        isStuck = !admitOne(slot, &budget, keeping: reserved)
        if isStuck { break }
        startable -= 1
        startUsing(adapter, slot, loadingInto: place)
      } else if let place {
        adapters!.load(adapter, into: place, at: boundary)
      }
      if place != nil {
        startable = adapters!.startable(at: boundary)
        loadable = adapters!.absent
      } else if isAbsent {
        loadable = 0
      }
      slot = waiting.next(following, passing: isTaken ? noSequence : slot, before: planned, in: table)
    }
    waiting.takeBack()
  }

  /// - Parameter place: where it comes to before the step begins; `nil` when it is there.
  private mutating func startUsing(_ adapter: Int, _ slot: UInt32, loadingInto place: Int?) {
    if adapter < 0 { return }
    let pause = place.map { adapters!.loadAtOnce(adapter, into: $0, at: boundary) }
    pausedForLoads += pause ?? .zero
    if table[slot].preemptions == 0 {
      let waited = pause ?? adapters!.waited(for: adapter, since: table[slot].arrival)
      uses[Int(slot)].waited = waited
      adapters!.totals.requests += 1
      adapters!.totals.hits += place == nil && waited == .zero ? 1 : 0
      adapters!.totals.waited += waited.count
    }
    adapters!.start(adapter)
  }

  /// A running sequence leaves or is preempted.
  mutating func stopUsing(_ slot: UInt32) {
    let adapter = adapter(of: slot)
    if adapter >= 0 { adapters!.stop(adapter) }
  }

  mutating func countAdapter(of slot: UInt32, decodes: Bool) {
    let adapter = adapter(of: slot)
    if adapter < 0 { return }
    if decodes { adapters!.startDecoding(adapter) } else { adapters!.stopDecoding(adapter) }
  }

  /// What adapters add to a step in which nobody computes a prompt.
  func adapterCostOfDecoding() -> StepCost {
    adapters!.settings.cost.of(
      tokens: adapters!.decoding * Int(width), adapters: adapters!.decodingAdapters,
      sequences: Int(ledger.decoders), largestChunk: 0)
  }

  /// What adapters add to a step with prompts, the loads that it waits for included.
  mutating func adapterCost(ofStep shape: StepShape) -> StepCost {
    let decodes = settings.prompts != .first
    var tokens = decodes ? adapters!.decoding * Int(width) : 0
    var distinct = decodes ? adapters!.decodingAdapters : 0
    var largest = 0
    for slot in prefilling where table[slot].chunk > 0 {
      let adapter = adapter(of: slot)
      if adapter < 0 { continue }
      tokens += Int(table[slot].chunk)
      largest = max(largest, Int(table[slot].chunk))
      if adapters!.mark(adapter, besideDecodes: decodes) { distinct += 1 }
    }
    for slot in prefilling where table[slot].chunk > 0 {
      let adapter = adapter(of: slot)
      if adapter >= 0 { adapters!.unmark(adapter) }
    }
    var cost = adapters!.settings.cost.of(
      tokens: tokens, adapters: distinct, sequences: shape.decodeSequences + shape.prefillSequences,
      largestChunk: largest)
    cost.total += FineTicks.product(pausedForLoads.count, fineTicksPerTick)
    pausedForLoads = .zero
    return cost
  }

  /// When the first load in flight is done.
  var nextAdapter: Ticks { adapters?.nextReady ?? .never }

  /// Whether somebody waits whom the scheduler has not seen, and who may start before all others.
  var hasUnseen: Bool {
    keepsAdapters
      ? waiting.hasAnyUnseen(since: planned, in: table) : waiting.hasUnseen(since: planned, in: table)
  }
}
