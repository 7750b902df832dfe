import Kernel
import Workloads

/// Adapters of one engine, spelled out: lists in the order of last use.
struct StepwiseAdapters {
  struct Resident {
    var adapter: Int
    var begun: Ticks
    var ready: Ticks
  }

  let settings: AdapterSettings
  /// The longest unused first.
  var residents: [Resident] = []
  var host: [Int]
  var copying = Ticks.zero
  var fetching = Ticks.zero
  /// What the next step waits for.
  var stall = Ticks.zero

  init(_ settings: AdapterSettings) {
    self.settings = settings
    host = Array((0..<min(settings.hostSlots, settings.count)).reversed())
  }

  func coming(at now: Ticks) -> [Ticks] { residents.map(\.ready).filter { $0 >= now } }

  mutating func touch(_ adapter: Int) {
    guard adapter >= 0, let place = residents.firstIndex(where: { $0.adapter == adapter }) else { return }
    residents.append(residents.remove(at: place))
    host.removeAll { $0 == adapter }
    host.append(adapter)
  }

  /// - Returns: whether it came from storage.
  mutating func load(_ adapter: Int, at now: Ticks) -> Bool {
    let isFetched = !host.contains(adapter)
    var ready: Ticks
    if settings.loading == .blocking {
      stall += (isFetched ? settings.fetchTime : .zero) + settings.copyTime
      ready = now - Ticks(1)
    } else if isFetched {
      fetching = max(now, fetching) + settings.fetchTime
      ready = fetching + settings.copyTime
    } else {
      copying = max(now, copying) + settings.copyTime
      ready = copying
    }
    residents.append(Resident(adapter: adapter, begun: now, ready: ready))
    if isFetched && host.count == settings.hostSlots {
      host.remove(at: host.firstIndex { one in !residents.contains { $0.adapter == one } }!)
    }
    host.removeAll { $0 == adapter }
    host.append(adapter)
    return isFetched
  }
}

/// Adapters.
extension StepwiseEngine {
  /// Whether the sequence's adapter is there, or may come before the next step; else starts to load it if it
  /// may have a slot.
  mutating func hasAdapter(_ sequence: Sequence) -> Bool {
    guard sequence.adapter >= 0, adapters != nil else { return true }
    if let resident = adapters!.residents.first(where: { $0.adapter == sequence.adapter }) {
      return resident.ready < time
    }
    let isFull = adapters!.residents.count == adapters!.settings.slots
    if isFull && idleResident == nil { return false }
    if adapters!.settings.loading == .blocking { return true }
    loadAdapter(sequence.adapter)
    return false
  }

  private var idleResident: Int? {
    adapters!.residents.firstIndex { resident in
      resident.ready < time && !running.contains { $0.adapter == resident.adapter }
    }
  }

  private mutating func loadAdapter(_ adapter: Int) {
    if adapters!.residents.count == adapters!.settings.slots {
      adapters!.residents.remove(at: idleResident!)
    }
    result.adapterLoads += 1
    if adapters!.load(adapter, at: time) { result.adapterFetches += 1 }
  }

  mutating func useAdapter(_ index: Int) {
    let sequence = running[index]
    guard sequence.adapter >= 0, adapters != nil else { return }
    if !adapters!.residents.contains(where: { $0.adapter == sequence.adapter }) {
      let before = adapters!.stall
      loadAdapter(sequence.adapter)
      if sequence.preemptions == 0 { running[index].adapterWait = adapters!.stall - before }
    }
    let resident = adapters!.residents.first { $0.adapter == sequence.adapter }!
    if adapters!.settings.loading == .overlapped && sequence.preemptions == 0
      && resident.ready > sequence.arrival
    {
      running[index].adapterWait = resident.ready - max(resident.begun, sequence.arrival)
    }
    adapters!.touch(sequence.adapter)
  }

  mutating func adapterCost() -> Int64 {
    guard let adapters else { return 0 }
    self.adapters!.stall = .zero
    let busy = running.filter { $0.chunk > 0 }
    let served = busy.filter { $0.adapter >= 0 }
    return adapters.stall.count * fineTicksPerTick
      + adapters.settings.cost.of(
        tokens: served.reduce(0) { $0 + ($1.prefilling ? $1.chunk : 1) },
        adapters: Set(served.map(\.adapter)).count, sequences: busy.count,
        largestChunk: served.filter(\.prefilling).map(\.chunk).max() ?? 0
      ).total
  }
}
