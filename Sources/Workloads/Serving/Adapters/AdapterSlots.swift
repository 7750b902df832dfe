import Kernel

/// Where one replica's adapters are: in slots of the accelerator, in the host's memory, or in storage.
///
/// What is in use stays. A slot for another adapter is a free one, else that of the adapter longest unused
/// among those that nobody uses (vLLM's caches). Loads go on beside the steps (the prefetching and
/// overlapping of Sheng et al., "S-LoRA", 2023), over one link from the host, one after the other, and over
/// one from storage; what comes from storage is copied on at once, without a turn on the other link. Or
/// nothing goes on beside a load (vLLM's worker): then the step that takes in who needs it waits.
struct AdapterSlots {
  private struct Slot {
    var adapter = -1
    /// Running sequences that use it, and those of them that decode.
    var users: Int32 = 0
    var decoders: Int32 = 0
    /// Whether a prompt of the step being planned uses it.
    var isMarked = false
    /// Its last load.
    var started = Ticks.zero
    var ready = Ticks.zero
  }

  let settings: AdapterSettings
  private var slots: [Slot]
  /// By adapter; −1 for those that are in none.
  private var places: [Int32]
  private var bySlot: RecencyList
  private var inHost: RecencyList
  private var hostCount: Int
  private var copyFree = Ticks.zero
  private var fetchFree = Ticks.zero
  /// Slots that are being loaded.
  private var loading: [Int] = []
  /// Sequences in the queue, by adapter and one; at 0 those without.
  private var queued: [Int32]
  private var queuedCount = 0
  /// Of the sequences that decode: those with adapters, and how many adapters.
  private(set) var decoding = 0
  private(set) var decodingAdapters = 0
  var totals = AdapterTotals()

  init(_ settings: AdapterSettings) {
    self.settings = settings
    slots = Array(repeating: Slot(), count: min(settings.slots, settings.count))
    places = Array(repeating: -1, count: settings.count)
    bySlot = RecencyList(size: slots.count)
    inHost = RecencyList(size: settings.count)
    hostCount = min(settings.hostSlots, settings.count)
    queued = Array(repeating: 0, count: settings.count + 1)
    for slot in slots.indices { bySlot.touch(slot) }
    for adapter in (0..<hostCount).reversed() { inHost.touch(adapter) }
  }

  // MARK: The queue

  mutating func enter(_ adapter: Int) {
    queued[adapter + 1] += 1
    queuedCount += 1
  }

  mutating func leaveQueue(_ adapter: Int) {
    queued[adapter + 1] -= 1
    queuedCount -= 1
  }

  /// Sequences in the queue whose adapter is in a slot, or that need none.
  func startable(at now: Ticks) -> Int {
    var count = Int(queued[0])
    for slot in slots where slot.adapter >= 0 && slot.ready < now { count += Int(queued[slot.adapter + 1]) }
    return count
  }

  /// Sequences in the queue whose adapter is neither in a slot nor on its way.
  var absent: Int {
    var count = queuedCount - Int(queued[0])
    for slot in slots where slot.adapter >= 0 { count -= Int(queued[slot.adapter + 1]) }
    return count
  }

  // MARK: Slots

  /// Whether a sequence with this adapter may start in a step that begins now; −1 is none.
  func isReady(_ adapter: Int, at now: Ticks) -> Bool {
    adapter < 0 || (places[adapter] >= 0 && slots[Int(places[adapter])].ready < now)
  }

  /// Whether it is in a slot or on its way.
  func isPresent(_ adapter: Int) -> Bool { places[adapter] >= 0 }

  /// Whether a router may expect it here: it is in a slot, or somebody in the queue brings it.
  func isExpected(_ adapter: Int) -> Bool { places[adapter] >= 0 || queued[adapter + 1] > 0 }

  /// A slot that another adapter may have; `nil` when all are in use.
  func victim(at now: Ticks) -> Int? {
    var slot = bySlot.first
    while let candidate = slot {
      let isLoading = slots[candidate].adapter >= 0 && slots[candidate].ready >= now
      if slots[candidate].users == 0 && !isLoading { return candidate }
      slot = bySlot.next(candidate)
    }
    return nil
  }

  /// Starts to load an adapter into a slot that `victim` gave.
  mutating func load(_ adapter: Int, into slot: Int, at now: Ticks) {
    if place(adapter, in: slot) {
      fetchFree = max(now, fetchFree) + settings.fetchTime
      slots[slot].ready = fetchFree + settings.copyTime
    } else {
      copyFree = max(now, copyFree) + settings.copyTime
      slots[slot].ready = copyFree
    }
    slots[slot].started = now
    loading.append(slot)
  }

  /// Loads an adapter before anything else goes on.
  /// - Returns: how long that takes.
  mutating func loadAtOnce(_ adapter: Int, into slot: Int, at now: Ticks) -> Ticks {
    let fetch = place(adapter, in: slot) ? settings.fetchTime : .zero
    slots[slot].ready = now - Ticks(1)
    slots[slot].started = slots[slot].ready
    return fetch + settings.copyTime
  }

  /// - Returns: whether it comes from storage.
  private mutating func place(_ adapter: Int, in slot: Int) -> Bool {
    if slots[slot].adapter >= 0 { places[slots[slot].adapter] = -1 }
    places[adapter] = Int32(slot)
    slots[slot].adapter = adapter
    let isFetched = !inHost.contains(adapter)
    if isFetched {
      makeRoomInHost()
      totals.fetches += 1
    }
    totals.loads += 1
    bySlot.touch(slot)
    inHost.touch(adapter)
    return isFetched
  }

  /// What lies in a slot stays in the host's memory too.
  private mutating func makeRoomInHost() {
    if hostCount < settings.hostSlots {
      hostCount += 1
      return
    }
    var adapter = inHost.first
    while let candidate = adapter, places[candidate] >= 0 { adapter = inHost.next(candidate) }
    precondition(adapter != nil, "the host holds at least as many as there are slots")
    inHost.remove(adapter!)
  }

  /// Forgets loads that have come before this boundary.
  mutating func settle(at now: Ticks) {
    var kept = 0
    for slot in loading where slots[slot].ready >= now {
      loading[kept] = slot
      kept += 1
    }
    loading.removeLast(loading.count - kept)
  }

  var isLoading: Bool { !loading.isEmpty }

  /// When the first load in flight is done.
  var nextReady: Ticks { loading.reduce(.never) { min($0, slots[$1].ready) } }

  /// How long somebody who came then waited for the load of an adapter that is ready now.
  func waited(for adapter: Int, since arrival: Ticks) -> Ticks {
    let slot = slots[Int(places[adapter])]
    return slot.ready > arrival ? slot.ready - max(arrival, slot.started) : .zero
  }

  // MARK: Running sequences

  mutating func start(_ adapter: Int) {
    let slot = Int(places[adapter])
    slots[slot].users += 1
    touch(slot)
  }

  mutating func stop(_ adapter: Int) {
    let slot = Int(places[adapter])
    slots[slot].users -= 1
    precondition(slots[slot].users >= 0, "whoever stops has started")
    touch(slot)
  }

  private mutating func touch(_ slot: Int) {
    bySlot.touch(slot)
    inHost.touch(slots[slot].adapter)
  }

  mutating func startDecoding(_ adapter: Int) {
    let slot = Int(places[adapter])
    if slots[slot].decoders == 0 { decodingAdapters += 1 }
    slots[slot].decoders += 1
    decoding += 1
  }

  mutating func stopDecoding(_ adapter: Int) {
    let slot = Int(places[adapter])
    slots[slot].decoders -= 1
    if slots[slot].decoders == 0 { decodingAdapters -= 1 }
    decoding -= 1
  }

  /// Whether a prompt of the step being planned is the first use of its adapter in it; decoders use theirs
  /// before, where they take part.
  mutating func mark(_ adapter: Int, besideDecodes: Bool) -> Bool {
    let slot = Int(places[adapter])
    if slots[slot].isMarked || (besideDecodes && slots[slot].decoders > 0) { return false }
    slots[slot].isMarked = true
    return true
  }

  mutating func unmark(_ adapter: Int) { slots[Int(places[adapter])].isMarked = false }

  /// Whether nobody uses a slot: for checks when a replica is empty.
  var isIdle: Bool {
    slots.allSatisfy { $0.users == 0 && $0.decoders == 0 } && decoding == 0 && queuedCount == 0
  }
}
