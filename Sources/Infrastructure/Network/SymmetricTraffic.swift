import Kernel
import Quantities

/// Traffic in which every host does the same, as one flow that stands for all.
///
/// The flow's rate is that of one host, and each link carries it as often as hosts cross the link. It runs at
/// the pace of the slowest host, as collectives do that wait for each other at every step; where all hosts
/// have equal ways it ends when as many single flows would.
public enum SymmetricTraffic {
  /// A ring all-reduce among `hosts`, each sending to the next: 2 (n − 1) steps of 1/n of the message
  /// (Patarasu, Yuan, "Bandwidth optimal all-reduce algorithms", JPDC 2009). The latency is that of the
  /// longest way between neighbours, once a step.
  ///
  /// - Parameter bytes: the message, 0 or more.
  /// - Returns: `nil` when some neighbours cannot reach each other.
  /// - Complexity: O(links of all ways).
  public static func ringAllReduce(
    of bytes: Bytes, among hosts: [Int], router: inout FlowRouter, start: Ticks = .zero
  ) -> RoutedFlow? {
    guard hosts.count > 1 else { return RoutedFlow(shares: [], bytes: .zero, start: start) }
    let steps = 2 * (hosts.count - 1)
    let pairs = hosts.indices.map { (hosts[$0], hosts[($0 + 1) % hosts.count]) }
    guard let (shares, longest) = shares(of: pairs, weight: 1, router: &router) else { return nil }
    let share = bytes * (Double(steps) / Double(hosts.count))
    return RoutedFlow(shares: shares, bytes: share, start: start, latency: longest * Int64(steps))
  }

  /// One step of an all-to-all done in shifts: each of `hosts` sends its message to the one `distance` places
  /// on in the list, around its end.
  ///
  /// - Returns: `nil` when some host cannot be reached.
  /// - Complexity: O(links of all ways).
  public static func shift(
    by distance: Int, of bytes: Bytes, among hosts: [Int], router: inout FlowRouter, start: Ticks = .zero
  ) -> RoutedFlow? {
    let count = max(hosts.count, 1)
    let step = (distance % count + count) % count
    guard step > 0 else { return RoutedFlow(shares: [], bytes: .zero, start: start) }
    let pairs = hosts.indices.map { (hosts[$0], hosts[($0 + step) % count]) }
    guard let (shares, longest) = shares(of: pairs, weight: 1, router: &router) else { return nil }
    return RoutedFlow(shares: shares, bytes: bytes, start: start, latency: longest)
  }

  /// An all-to-all among `hosts`: each sends 1/n of its message to every other, all at once.
  ///
  /// - Complexity: O(hosts² · links of a way).
  public static func allToAll(
    of bytes: Bytes, among hosts: [Int], router: inout FlowRouter, start: Ticks = .zero
  ) -> RoutedFlow? {
    guard hosts.count > 1 else { return RoutedFlow(shares: [], bytes: .zero, start: start) }
    var pairs: [(Int, Int)] = []
    for source in hosts { for target in hosts where source != target { pairs.append((source, target)) } }
    let others = Double(hosts.count - 1)
    guard let (shares, longest) = shares(of: pairs, weight: 1 / others, router: &router) else { return nil }
    return RoutedFlow(
      shares: shares, bytes: bytes * (others / Double(hosts.count)), start: start, latency: longest)
  }

  /// What all pairs put on links together, in order of link.
  private static func shares(
    of pairs: [(Int, Int)], weight: Double, router: inout FlowRouter
  ) -> (shares: [LinkShare], latency: Ticks)? {
    var load = [Double](repeating: 0, count: router.topology.linkCount)
    var way: [LinkShare] = []
    var longest = Ticks.zero
    for (index, (source, target)) in pairs.enumerated() {
      guard let latency = router.route(from: source, to: target, flow: UInt64(index), into: &way) else {
        return nil
      }
      longest = max(longest, latency)
      for share in way { load[Int(share.link)] += share.weight * weight }
    }
    let used = load.indices.filter { load[$0] > 0 }
    return (used.map { LinkShare(link: UInt32($0), weight: load[$0]) }, longest)
  }

  /// The same flows on fewer links, with the same rates as long as no other flow joins them.
  ///
  /// Of links that the same flows cross in the same proportions only the tightest can hold anybody back; the
  /// others are left out. A collective among thousands of hosts is held by one link.
  ///
  /// - Complexity: O(links of all flows · log links).
  public static func reduced(_ flows: [RoutedFlow], capacities: [Double]) -> [RoutedFlow] {
    var crossings: [(link: UInt32, flow: Int, weight: Double)] = []
    for (index, flow) in flows.enumerated() {
      for share in flow.shares { crossings.append((share.link, index, share.weight)) }
    }
    crossings.sort { ($0.link, $0.flow, $0.weight) < ($1.link, $1.flow, $1.weight) }
    // Each link as a range of crossings, whose weights relative to the first are its signature.
    var ranges: [Range<Int>] = []
    var first = 0
    for index in crossings.indices
    where index + 1 == crossings.count || crossings[index + 1].link != crossings[index].link {
      ranges.append(first..<(index + 1))
      first = index + 1
    }
    func isOrdered(_ left: Range<Int>, _ right: Range<Int>) -> Int {
      if left.count != right.count { return left.count < right.count ? -1 : 1 }
      for offset in 0..<left.count {
        let (a, b) = (crossings[left.lowerBound + offset], crossings[right.lowerBound + offset])
        if a.flow != b.flow { return a.flow < b.flow ? -1 : 1 }
        let (p, q) = (
          a.weight / crossings[left.lowerBound].weight, b.weight / crossings[right.lowerBound].weight
        )
        if p != q { return p < q ? -1 : 1 }
      }
      return 0
    }
    func tightness(_ range: Range<Int>) -> Double {
      capacities[Int(crossings[range.lowerBound].link)] / crossings[range.lowerBound].weight
    }
    ranges.sort {
      let order = isOrdered($0, $1)
      if order != 0 { return order < 0 }
      return (tightness($0), $0.lowerBound) < (tightness($1), $1.lowerBound)
    }
    var reduced = flows
    for index in reduced.indices { reduced[index].shares = [] }
    for (index, range) in ranges.enumerated() {
      if index > 0, isOrdered(ranges[index - 1], range) == 0 { continue }
      for crossing in crossings[range] {
        reduced[crossing.flow].shares.append(LinkShare(link: crossing.link, weight: crossing.weight))
      }
    }
    return reduced
  }
}
