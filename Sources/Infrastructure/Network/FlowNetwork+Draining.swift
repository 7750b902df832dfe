import Kernel
import Quantities

// Bytes drain lazily: a flow's count is brought up to date only when its rate changes or somebody asks.
extension FlowNetwork {
  /// Rate of a flow [B/s]; of a class of symmetric flows, of each member. Settles pending changes first.
  ///
  /// - Complexity: O(1) when no change is pending, else as `settle`.
  public mutating func rate(of flow: UInt32) -> BytesPerSecond {
    precondition(flow < isAlive.count && isAlive[flow], "the flow runs")
    settle()
    return BytesPerSecond(rate[flow])
  }

  /// Bytes that a flow has still to send now. Complexity: O(1).
  public func remainingBytes(of flow: UInt32) -> Bytes {
    precondition(flow < isAlive.count && isAlive[flow], "the flow runs")
    return Bytes(left(of: flow))
  }

  /// What a link carries [B/s]. Settles pending changes first. Complexity: O(flows on the link).
  public mutating func load(of link: UInt32) -> BytesPerSecond {
    precondition(link < capacity.count, "the network has the link")
    settle()
    var load = 0.0
    for index in 0..<members[link].count {
      let member = members[link][index]
      load += member.weight * rate[member.flow]
    }
    return BytesPerSecond(load)
  }

  /// When the next flow drains if nothing changes before; `nil` when none ever does. Settles pending changes
  /// first.
  public mutating func nextCompletion() -> Ticks? {
    settle()
    guard let first = drains.first, first.time != Ticks.never.count else { return nil }
    return Ticks(first.time)
  }

  /// Moves the clock. No flow may drain before `time`; those that drain at it are named by `drainedFlow`
  /// then.
  ///
  /// - Complexity: O(1) when no change is pending, else as `settle`.
  public mutating func advance(to time: Ticks) {
    precondition(time >= now, "time runs forward")
    settle()
    precondition(drains.first.map { $0.time >= time.count } ?? true, "a flow drains before that time")
    now = time
  }

  /// A flow that has sent its last byte by now, the one of the smallest identity; `nil` when there is none.
  /// Pending changes are not settled: all that drain at one tick are taken out before the others' rates are
  /// repaired.
  ///
  /// - Complexity: O(1).
  public func drainedFlow() -> UInt32? {
    guard let first = drains.first, first.time <= now.count else { return nil }
    return first.flow
  }

  /// Takes out a flow that `drainedFlow` has named.
  ///
  /// - Complexity: O(log flows + links of the path).
  @discardableResult
  public mutating func complete(_ flow: UInt32) -> FlowCompletion {
    precondition(flow < isAlive.count && isAlive[flow], "the flow runs")
    precondition(drains.nodes[Int(heapPosition[flow])].time <= now.count, "the flow has sent everything")
    let (finish, isPast) = now.count.addingReportingOverflow(latency[flow])
    detach(flow)
    return FlowCompletion(flow: flow, drained: now, finish: isPast ? .never : Ticks(finish))
  }

  /// Writes what a flow puts on links, as it was added.
  ///
  /// - Complexity: O(links of the path).
  public func copyPath(of flow: UInt32, into shares: inout [LinkShare]) {
    precondition(flow < isAlive.count && isAlive[flow], "the flow runs")
    shares.removeAll(keepingCapacity: true)
    let first = firstEntry[flow]
    for entry in first..<(first &+ entryCount[flow]) {
      shares.append(LinkShare(link: entries[entry].link, weight: entries[entry].weight))
    }
  }

  @inline(__always) func left(of flow: UInt32) -> Double {
    let elapsed = now.count &- since[flow]
    if elapsed == 0 || rate[flow] == 0 { return remaining[flow] }
    let sent = rate[flow] * (Double(elapsed) / 16e9)
    return max(0, remaining[flow] - sent)
  }

  /// When a flow drains at its rate.
  @inline(__always) func drainTime(of flow: UInt32) -> Int64 {
    let left = remaining[flow]
    if left == 0 || rate[flow] == .infinity { return since[flow] }
    if rate[flow] <= 0 { return Ticks.never.count }
    let ticks = left / rate[flow] * 16e9
    // Past the range of ticks (18 years) counts as never.
    let room = Double(Ticks.never.count - since[flow]) * 0.999
    return ticks < room ? since[flow] &+ Int64(ticks.rounded()) : Ticks.never.count
  }

  /// Gives a flow its new rate from now on. The heap of drain times is not in order until told.
  @inline(__always) func takeRate(_ flow: UInt32) {
    remaining[flow] = left(of: flow)
    since[flow] = now.count
    rate[flow] = newRate[flow]
  }
}

/// Flows by the tick at which they drain, then by identity: a binary heap that knows where each flow stands.
struct DrainHeap {
  struct Node: BitwiseCopyable {
    var time: Int64
    var flow: UInt32

    @inline(__always) func isBefore(_ other: Node) -> Bool {
      time < other.time || (time == other.time && flow < other.flow)
    }
  }

  var nodes = Column<Node>(capacity: 64)

  var first: Node? { nodes.count > 0 ? nodes[0] : nil }

  mutating func insert(_ flow: UInt32, at time: Int64, positions: Column<UInt32>) {
    nodes.append(Node(time: time, flow: flow))
    siftUp(nodes.count - 1, positions)
  }

  mutating func remove(_ flow: UInt32, positions: Column<UInt32>) {
    let hole = Int(positions[flow])
    let last = nodes.removeLast()
    if hole < nodes.count { place(last, at: hole, positions) }
  }

  func move(_ flow: UInt32, to time: Int64, positions: Column<UInt32>) {
    let hole = Int(positions[flow])
    if nodes[hole].time != time { place(Node(time: time, flow: flow), at: hole, positions) }
  }

  /// Puts the heap in order after times were written into the nodes.
  func restore(positions: Column<UInt32>) {
    for index in 0..<nodes.count { positions[nodes[index].flow] = UInt32(truncatingIfNeeded: index) }
    var index = nodes.count / 2
    while index > 0 {
      index &-= 1
      siftDown(index, nodes[index], positions)
    }
  }

  private func place(_ node: Node, at hole: Int, _ positions: Column<UInt32>) {
    nodes[hole] = node
    if hole > 0, node.isBefore(nodes[(hole - 1) / 2]) {
      siftUp(hole, positions)
    } else {
      siftDown(hole, node, positions)
    }
  }

  private func siftUp(_ start: Int, _ positions: Column<UInt32>) {
    let node = nodes[start]
    var hole = start
    while hole > 0 {
      let parent = (hole &- 1) / 2
      if !node.isBefore(nodes[parent]) { break }
      nodes[hole] = nodes[parent]
      positions[nodes[hole].flow] = UInt32(truncatingIfNeeded: hole)
      hole = parent
    }
    nodes[hole] = node
    positions[node.flow] = UInt32(truncatingIfNeeded: hole)
  }

  private func siftDown(_ start: Int, _ node: Node, _ positions: Column<UInt32>) {
    var hole = start
    while true {
      var child = 2 &* hole &+ 1
      if child >= nodes.count { break }
      if child &+ 1 < nodes.count, nodes[child &+ 1].isBefore(nodes[child]) { child &+= 1 }
      if !nodes[child].isBefore(node) { break }
      nodes[hole] = nodes[child]
      positions[nodes[hole].flow] = UInt32(truncatingIfNeeded: hole)
      hole = child
    }
    nodes[hole] = node
    positions[node.flow] = UInt32(truncatingIfNeeded: hole)
  }

  func deallocate() { nodes.deallocate() }
}
