import Kernel
import Quantities

/// A store that its transfers share fairly: max-min among transfers, none faster than its class may be.
///
/// Data loading, checkpoints and restores are classes, each with the rate that one of its clients can take; a
/// storm of restores so slows the traffic and is slowed by it. Transfers of one class run at one rate, so
/// that a change costs O(classes + log transfers) however many there are: each class keeps the bytes that
/// every one of its transfers has got since the beginning, and a transfer is done when that sum reaches its
/// mark. `Tests/Oracles` holds the version that fills rates transfer by transfer.
///
/// Times are rounded up to the tick; rates change only when a transfer starts or ends, so asking in between
/// changes nothing.
public struct SharedStore: Sendable {
  private struct Entry: Sendable {
    var mark: Double
    var order: UInt64
    var transfer: UInt32
  }

  private let total: Double
  private let caps: [Double]
  private var rates: [Double]
  /// Bytes that each transfer of a class has had since the beginning, at `anchor`.
  private var sums: [Double]
  private var anchor = Ticks.zero
  /// Binary heaps by (mark, order), one for each class.
  private var heaps: [[Entry]]
  private var nextOrder: UInt64 = 0

  /// - Parameters:
  ///   - total: of all transfers together, above 0.
  ///   - clientRates: for each class the most that one of its transfers gets; infinite for no limit.
  public init(total: BytesPerSecond, clientRates: [BytesPerSecond]) {
    self.total = max(total.value, 1e-9)
    caps = clientRates.map { max($0.value, 1e-9) }
    rates = [Double](repeating: 0, count: caps.count)
    sums = rates
    heaps = [[Entry]](repeating: [], count: caps.count)
  }

  /// Transfers in progress.
  public var count: Int { heaps.reduce(0) { $0 + $1.count } }
  /// Transfers of a class in progress.
  public func count(ofClass index: Int) -> Int { heaps[index].count }
  /// What each transfer of a class gets now; 0 when there is none.
  public func rate(ofClass index: Int) -> BytesPerSecond { BytesPerSecond(rates[index]) }

  /// A transfer of `bytes` begins at `time`, which no finished transfer may lie before: take those first.
  public mutating func start(_ transfer: UInt32, class index: Int, bytes: Bytes, at time: Ticks) {
    settle(at: time)
    let size = bytes.value > 0 && bytes.value.isFinite ? bytes.value : 0
    push(Entry(mark: sums[index] + size, order: nextOrder, transfer: transfer), index)
    nextOrder += 1
    share()
  }

  /// When the next transfer is done; `.never` without any.
  /// - Complexity: O(classes).
  public var nextFinish: Ticks {
    heaps.indices.reduce(Ticks.never) { min($0, finish(ofClass: $1)) }
  }

  /// The transfer that is done first, at `nextFinish` or before, if that is not after `time`; `nil` when none
  /// is done. Call it until it answers `nil`.
  public mutating func takeFinished(by time: Ticks) -> (transfer: UInt32, time: Ticks)? {
    var chosen: Int?
    var best = Ticks.never
    for index in heaps.indices where finish(ofClass: index) < best {
      chosen = index
      best = finish(ofClass: index)
    }
    guard let chosen, best <= time else { return nil }
    settle(at: best)
    let entry = pop(chosen)
    // The rounding up to the tick may have passed the mark by less than a tick's worth of bytes.
    if heaps[chosen].isEmpty { sums[chosen] = 0 }
    share()
    return (entry.transfer, best)
  }

  /// Breaks a transfer off; answers the bytes that it still lacked, `nil` when it is not in progress.
  /// - Complexity: O(transfers of the class).
  public mutating func cancel(_ transfer: UInt32, class index: Int, at time: Ticks) -> Bytes? {
    guard let place = heaps[index].firstIndex(where: { $0.transfer == transfer }) else { return nil }
    settle(at: time)
    let left = heaps[index][place].mark - sums[index]
    let rest = heaps[index].enumerated().filter { $0.offset != place }.map(\.element)
    heaps[index] = []
    for entry in rest { push(entry, index) }
    share()
    return Bytes(max(left, 0))
  }

  private func finish(ofClass index: Int) -> Ticks {
    guard let first = heaps[index].first, rates[index] > 0 else { return .never }
    let ticks = (max(first.mark - sums[index], 0) / rates[index] * Double(Ticks.perSecond)).rounded(.up)
    return ticks >= 9e18 ? .never : anchor.later(by: Ticks(Int64(ticks)))
  }

  private mutating func settle(at time: Ticks) {
    guard time > anchor else { return }
    let span = (time - anchor).seconds
    for index in sums.indices { sums[index] += rates[index] * span }
    anchor = time
  }

  /// Water filling over the classes: those that their own limit binds first, the rest equally.
  private mutating func share() {
    var left = total
    var open = 0
    for index in heaps.indices {
      rates[index] = 0
      open += heaps[index].count
    }
    var isBound = [Bool](repeating: false, count: caps.count)
    while open > 0 {
      let level = left / Double(open)
      var isChanged = false
      for index in caps.indices where !isBound[index] && !heaps[index].isEmpty && caps[index] <= level {
        isBound[index] = true
        isChanged = true
        rates[index] = caps[index]
        left -= caps[index] * Double(heaps[index].count)
        open -= heaps[index].count
      }
      if isChanged { continue }
      for index in caps.indices where !isBound[index] && !heaps[index].isEmpty { rates[index] = level }
      return
    }
  }

  private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
    left.mark < right.mark || (left.mark == right.mark && left.order < right.order)
  }

  private mutating func push(_ entry: Entry, _ index: Int) {
    heaps[index].append(entry)
    var place = heaps[index].count - 1
    while place > 0, Self.isBefore(heaps[index][place], heaps[index][(place - 1) / 2]) {
      heaps[index].swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func pop(_ index: Int) -> Entry {
    let first = heaps[index][0]
    let last = heaps[index].removeLast()
    if heaps[index].isEmpty { return first }
    heaps[index][0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heaps[index].count && Self.isBefore(heaps[index][child], heaps[index][least]) {
        least = child
      }
      if least == place { return first }
      heaps[index].swapAt(place, least)
      place = least
    }
  }
}
