/// Max-min fair rates by the textbook, from scratch: all open flows rise together until a link is full or a
/// cap is reached, and those it holds stop (Bertsekas and Gallager, "Data Networks", 2nd edition, section
/// 6.5.2).
public struct NetworkProgressiveFilling {
  /// A flow: the links it crosses with the weight on each, and the most it takes.
  public struct Flow {
    public var path: [(link: Int, weight: Double)]
    public var cap: Double
    public init(path: [(link: Int, weight: Double)], cap: Double = .infinity) {
      self.path = path
      self.cap = cap
    }
  }

  /// The rate of each flow; infinite for one that neither a link nor a cap holds.
  public static func rates(of flows: [Flow], capacities: [Double]) -> [Double] {
    var rates = flows.map { $0.path.isEmpty && $0.cap == .infinity ? Double.infinity : 0 }
    var open = Set(flows.indices.filter { rates[$0] == 0 })
    while !open.isEmpty {
      var room = capacities
      var weights = [Double](repeating: 0, count: capacities.count)
      for (index, flow) in flows.enumerated() {
        for hop in flow.path {
          if open.contains(index) {
            weights[hop.link] += hop.weight
          } else {
            room[hop.link] -= hop.weight * rates[index]
          }
        }
      }
      // The level that each link would let its open flows rise to.
      let levels = capacities.indices.map { weights[$0] > 0 ? max(room[$0], 0) / weights[$0] : .infinity }
      let lowest = min(levels.min() ?? .infinity, open.map { flows[$0].cap }.min() ?? .infinity)
      for index in open.sorted() {
        let limits = flows[index].path.map { levels[$0.link] } + [flows[index].cap]
        if limits.min()! <= lowest {
          rates[index] = lowest
          open.remove(index)
        }
      }
    }
    return rates
  }

  /// When each flow has sent its last byte: rates from scratch at every start and end, on a floating clock
  /// [s].
  public static func drainTimes(
    of flows: [Flow], bytes: [Double], starts: [Double], capacities: [Double]
  ) -> [Double] {
    var left = bytes
    var finish = [Double](repeating: .infinity, count: flows.count)
    var waiting = flows.indices.sorted { starts[$0] < starts[$1] }
    var running: [Int] = []
    var now = 0.0
    while !waiting.isEmpty || !running.isEmpty {
      let rates = rates(of: running.map { flows[$0] }, capacities: capacities)
      let ends = zip(running, rates).map { now + (left[$0] == 0 ? 0 : left[$0] / $1) }
      let next = min(ends.min() ?? .infinity, waiting.first.map { starts[$0] } ?? .infinity)
      if next == .infinity { break }
      var staying: [Int] = []
      for (place, index) in running.enumerated() {
        if ends[place] <= next * (1 + 1e-14) {
          finish[index] = next
        } else {
          left[index] -= rates[place] * (next - now)
          staying.append(index)
        }
      }
      running = staying
      now = next
      while let first = waiting.first, starts[first] <= now {
        running.append(first)
        waiting.removeFirst()
      }
    }
    return finish
  }
}
