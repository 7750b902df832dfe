/// Max-min sharing transfer by transfer, from scratch at each change, in plain seconds: the oracle of
/// `SharedStore`.
public struct FairTransfers {
  private struct Transfer {
    var name: UInt32
    var left: Double
    var cap: Double
    var rate = 0.0
  }

  private let total: Double
  private var transfers: [Transfer] = []
  public private(set) var now = 0.0

  public init(total: Double) { self.total = total }

  public mutating func start(_ name: UInt32, bytes: Double, cap: Double) {
    transfers.append(Transfer(name: name, left: bytes, cap: cap))
    fill()
  }

  /// Raises all rates together until the total is used up, freezing each at its own limit.
  private mutating func fill() {
    var left = total
    let order = transfers.indices.sorted { transfers[$0].cap < transfers[$1].cap }
    for (place, index) in order.enumerated() {
      transfers[index].rate = min(transfers[index].cap, left / Double(order.count - place))
      left -= transfers[index].rate
    }
  }

  /// Lets time pass until `time`; answers what finished on the way, and when.
  public mutating func advance(to time: Double) -> [(name: UInt32, time: Double)] {
    var done: [(UInt32, Double)] = []
    while let next = transfers.indices.min(by: { finish($0) < finish($1) }), finish(next) <= time {
      pass(to: finish(next))
      done.append((transfers.remove(at: next).name, now))
      fill()
    }
    pass(to: time)
    return done
  }

  private func finish(_ index: Int) -> Double { now + max(transfers[index].left, 0) / transfers[index].rate }

  private mutating func pass(to time: Double) {
    for index in transfers.indices { transfers[index].left -= transfers[index].rate * (time - now) }
    now = time
  }
}
