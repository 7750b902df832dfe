import Kernel
import Quantities

/// A transfer to simulate: who sends how much to whom, and when.
public struct Transfer: Sendable, Hashable {
  /// Endpoints of the topology.
  public var source: Int
  public var target: Int
  /// 0 or more.
  public var bytes: Bytes
  public var start: Ticks
  /// The most it takes [B/s], above 0.
  public var rateCap: BytesPerSecond?

  public init(source: Int, target: Int, bytes: Bytes, start: Ticks = .zero, rateCap: BytesPerSecond? = nil) {
    self.source = source
    self.target = target
    self.bytes = bytes
    self.start = start
    self.rateCap = rateCap
  }
}

/// A flow whose shares of links are known: for symmetric collectives and for traffic routed elsewhere.
public struct RoutedFlow: Sendable, Hashable {
  public var shares: [LinkShare]
  /// Of each member, where the flow stands for several.
  public var bytes: Bytes
  public var start: Ticks
  public var latency: Ticks
  public var rateCap: BytesPerSecond?

  public init(
    shares: [LinkShare], bytes: Bytes, start: Ticks = .zero, latency: Ticks = .zero,
    rateCap: BytesPerSecond? = nil
  ) {
    self.shares = shares
    self.bytes = bytes
    self.start = start
    self.latency = latency
    self.rateCap = rateCap
  }
}

/// A link that changes what it carries at a time, such as one that fails.
public struct LinkChange: Sendable, Hashable {
  public var time: Ticks
  public var link: UInt32
  public var capacity: BytesPerSecond
  public init(time: Ticks, link: UInt32, capacity: BytesPerSecond) {
    self.time = time
    self.link = link
    self.capacity = capacity
  }
}

/// Runs flows with given starts over a fabric on which nothing else goes on.
public enum FlowSimulation {
  /// When the last byte of each transfer arrives, in the order given; `Ticks.never` of one that never does,
  /// because a link on its way carries nothing or every path is out of service.
  ///
  /// Paths are chosen in order of start; transfers that start together, in the order given. Those that end at
  /// one tick have left their links before others start there.
  ///
  /// - Complexity: O(transfers · (log transfers + what `FlowNetwork.settle` takes)).
  public static func finishTimes(
    of transfers: [Transfer], router: inout FlowRouter, changes: [LinkChange] = [],
    solving: FlowNetwork.Solving = .changeDriven
  ) -> [Ticks] {
    let capacities = router.topology.bandwidths
    var shares: [LinkShare] = []
    return run(
      starts: transfers.map(\.start), capacities: capacities, changes: changes, solving: solving,
      start: { index, network in
        let transfer = transfers[index]
        guard
          let latency = router.route(
            from: transfer.source, to: transfer.target, flow: UInt64(index), into: &shares)
        else { return nil }
        return network.add(path: shares, bytes: transfer.bytes, rateCap: transfer.rateCap, latency: latency)
      },
      end: { flow, network in
        if router.policy == .leastLoaded {
          network.copyPath(of: flow, into: &shares)
          router.release(shares)
        }
      })
  }

  /// When the last byte of each flow arrives, in the order given, on links of these capacities [B/s].
  public static func finishTimes(
    of flows: [RoutedFlow], capacities: [Double], changes: [LinkChange] = [],
    solving: FlowNetwork.Solving = .changeDriven
  ) -> [Ticks] {
    run(
      starts: flows.map(\.start), capacities: capacities, changes: changes, solving: solving,
      start: { index, network in
        let flow = flows[index]
        return network.add(
          path: flow.shares, bytes: flow.bytes, rateCap: flow.rateCap, latency: flow.latency)
      },
      end: { _, _ in })
  }

  private static func run(
    starts: [Ticks], capacities: [Double], changes: [LinkChange], solving: FlowNetwork.Solving,
    start: (Int, inout FlowNetwork) -> UInt32?, end: (UInt32, inout FlowNetwork) -> Void
  ) -> [Ticks] {
    var network = FlowNetwork(capacities: capacities, solving: solving)
    let order = starts.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
    let changeOrder = changes.indices.sorted { (changes[$0].time, $0) < (changes[$1].time, $1) }
    var finish = [Ticks](repeating: .never, count: starts.count)
    var indexOfFlow: [Int] = []
    var nextStart = 0
    var nextChange = 0
    while true {
      let arrival = nextStart < order.count ? starts[order[nextStart]] : .never
      let change = nextChange < changeOrder.count ? changes[changeOrder[nextChange]].time : .never
      let outside = min(arrival, change)
      if let drain = network.nextCompletion(), drain <= outside {
        network.advance(to: drain)
        while let flow = network.drainedFlow() {
          end(flow, &network)
          finish[indexOfFlow[Int(flow)]] = network.complete(flow).finish
        }
        continue
      }
      if outside == .never { return finish }
      network.advance(to: outside)
      while nextChange < changeOrder.count, changes[changeOrder[nextChange]].time == outside {
        let change = changes[changeOrder[nextChange]]
        network.setCapacity(of: change.link, to: change.capacity)
        nextChange += 1
      }
      while nextStart < order.count, starts[order[nextStart]] == outside {
        let index = order[nextStart]
        nextStart += 1
        guard let flow = start(index, &network) else { continue }
        while indexOfFlow.count <= Int(flow) { indexOfFlow.append(0) }
        indexOfFlow[Int(flow)] = index
      }
    }
  }
}
