import Kernel
import Quantities

/// How much of a flow crosses a link: the link carries `weight` times the flow's rate.
///
/// 1 for an ordinary flow; a fraction where a flow is sprayed over several paths; the number of members that
/// cross the link where the flow stands for a class of symmetric flows.
public struct LinkShare: Sendable, Hashable, BitwiseCopyable {
  /// Index of a link of the network.
  public var link: UInt32
  /// Load on the link per unit of the flow's rate, above 0 and finite.
  public var weight: Double

  public init(link: UInt32, weight: Double = 1) {
    self.link = link
    self.weight = weight
  }
}

/// A flow that has sent its last byte.
public struct FlowCompletion: Sendable, Hashable {
  /// The flow's identity, free for another flow from now on.
  public var flow: UInt32
  /// When the last byte left the sender; its share of the links is free from then on.
  public var drained: Ticks
  /// When the last byte arrives: `drained` and the latency of the path.
  public var finish: Ticks
}

/// A network of links whose flows share the bandwidth max-min fairly, and the bytes they still have to send.
///
/// Rates are those of progressive filling (Bertsekas and Gallager, "Data Networks", 2nd edition, section
/// 6.5.2): they are the only ones under which every flow runs at its own cap or crosses a link that is full
/// and on which no flow is faster. A flow may cross a link with a weight (`LinkShare`), and its rate is that
/// of one member. Bytes drain at these rates, changed in an instant whenever flows come, go or links change;
/// a flow finishes the latency of its path after its last byte has left.
///
/// A change is repaired, not solved again: only flows that the change can reach get new rates (see `settle`).
/// Changes made at one time are repaired together, when a rate or the next completion is asked for.
///
/// Time is in integer ticks: a flow drains at the tick nearest to the exact time. Nothing depends on anything
/// but the sequence of calls. Flow identities are small and used again after a flow has left.
public struct FlowNetwork: ~Copyable {
  /// How rates follow a change.
  public enum Solving: Sendable {
    /// Repair what the change reaches; solve afresh when that is a large part of all flows.
    case changeDriven
    /// Repair whatever it takes: to test repair by itself.
    case repairOnly
    /// Solve afresh after every change: the bar that repair is measured against.
    case afresh
  }

  /// The bottleneck of a flow that runs at its own cap, and of one that has no rate yet.
  static let noLink = UInt32.max
  /// Relative differences of rates and loads below this are rounding.
  static let tolerance = 1e-12

  struct Entry: BitwiseCopyable {
    var link: UInt32
    /// Where the link lists this entry.
    var position: UInt32
    var weight: Double
  }

  struct Member: BitwiseCopyable {
    var flow: UInt32
    var entry: UInt32
    var weight: Double
  }

  let solving: Solving
  /// The time up to which bytes have drained.
  public internal(set) var now = Ticks.zero
  /// Flows that have not drained yet.
  public internal(set) var flowCount = 0
  /// How often rates were repaired, solved afresh by choice, and solved afresh after a repair grew too large.
  public internal(set) var repairs = 0
  public internal(set) var solutions = 0
  public internal(set) var abandonedRepairs = 0

  // Links.
  var capacity: Column<Double>
  var members: Column<Column<Member>>
  /// Flows whose bottleneck the link is, and their common rate.
  var bottleneckFlows: Column<UInt32>
  var linkLevel: Column<Double>
  // Links during a solution.
  var linkMark: Column<UInt32>
  var residual: Column<Double>
  var freeWeight: Column<Double>
  var freeCount: Column<UInt32>
  /// What is left of the three while the links fill.
  var slack: Column<Double>
  var openWeight: Column<Double>
  var openCount: Column<UInt32>
  /// The fastest free flow on the link, and the level at which the link became a bottleneck or −1.
  var fastest: Column<Double>
  var filledLevel: Column<Double>
  /// Bottleneck flows of the link that are free.
  var freedBottlenecks: Column<UInt32>

  // Flows.
  var firstEntry = Column<UInt32>()
  var entryCount = Column<UInt32>()
  var rate = Column<Double>()
  var rateCap = Column<Double>()
  var bottleneck = Column<UInt32>()
  var remaining = Column<Double>()
  var since = Column<Int64>()
  var latency = Column<Int64>()
  var isAlive = Column<Bool>()
  var heapPosition = Column<UInt32>()
  // Flows during a solution.
  var flowMark = Column<UInt32>()
  var newRate = Column<Double>()
  var newBottleneck = Column<UInt32>()

  // Entries of all flows; those of one flow lie together in a block of a power of two.
  var entries = Column<Entry>()
  var freeBlocks: Column<Column<UInt32>>
  var freeFlows = Column<UInt32>()
  var liveEntries = 0

  // What has changed since rates were last right.
  var changedFlows = Column<UInt32>()
  var changedLinks = Column<UInt32>()

  // Scratch of solutions.
  var epoch: UInt32 = 0
  var freeSet = Column<UInt32>()
  var touchedLinks = Column<UInt32>()
  var levels = LevelHeap()
  var candidates = Column<Member>()
  var openFlows = 0
  var work = 0
  var failuresInARow = 0
  var changesToSkip = 0

  /// Flows by the time at which they drain.
  var drains = DrainHeap()

  /// A network of as many links as there are capacities [B/s], each 0 or more; no flow runs.
  public init(capacities: [Double], solving: Solving = .changeDriven) {
    precondition(capacities.allSatisfy { $0 >= 0 && $0.isFinite }, "a capacity is 0 or more and finite")
    self.solving = solving
    let count = capacities.count
    capacity = Column(capacity: count)
    for value in capacities { capacity.append(value) }
    members = Column(capacity: count)
    for _ in 0..<count { members.append(Column<Member>(capacity: 4)) }
    bottleneckFlows = Column(repeating: 0, count: count)
    linkLevel = Column(repeating: 0, count: count)
    linkMark = Column(repeating: 0, count: count)
    residual = Column(repeating: 0, count: count)
    freeWeight = Column(repeating: 0, count: count)
    freeCount = Column(repeating: 0, count: count)
    slack = Column(repeating: 0, count: count)
    openWeight = Column(repeating: 0, count: count)
    openCount = Column(repeating: 0, count: count)
    fastest = Column(repeating: 0, count: count)
    filledLevel = Column(repeating: -1, count: count)
    freedBottlenecks = Column(repeating: 0, count: count)
    freeBlocks = Column(capacity: 33)
    for _ in 0..<33 { freeBlocks.append(Column<UInt32>(capacity: 2)) }
  }

  deinit {
    for link in 0..<members.count { members[link].deallocate() }
    for size in 0..<freeBlocks.count { freeBlocks[size].deallocate() }
    for column in [residual, freeWeight, slack, openWeight, fastest, filledLevel, linkLevel, capacity] {
      column.deallocate()
    }
    for column in [bottleneckFlows, linkMark, freeCount, openCount, freedBottlenecks] { column.deallocate() }
    for column in [firstEntry, entryCount, bottleneck, heapPosition, flowMark, newBottleneck, freeFlows] {
      column.deallocate()
    }
    for column in [rate, rateCap, remaining, newRate] { column.deallocate() }
    for column in [changedFlows, changedLinks, freeSet, touchedLinks] { column.deallocate() }
    members.deallocate()
    freeBlocks.deallocate()
    since.deallocate()
    latency.deallocate()
    isAlive.deallocate()
    entries.deallocate()
    levels.deallocate()
    candidates.deallocate()
    drains.deallocate()
  }

  /// Links of the network; they are numbered from 0.
  public var linkCount: Int { capacity.count }

  /// Bandwidth of a link [B/s]. Complexity: O(1).
  public func capacity(of link: UInt32) -> BytesPerSecond { BytesPerSecond(capacity[link]) }

  // MARK: Changes

  /// Starts a flow now.
  ///
  /// - Parameters:
  ///   - path: the links it crosses. Without any, only `rateCap` holds it back.
  ///   - bytes: what is sent, 0 or more; of a class of symmetric flows, by each member.
  ///   - rateCap: the most it takes [B/s], such as its interface or its congestion window allows; above 0.
  ///   - latency: of the path; the flow finishes that much after its last byte has left.
  /// - Returns: its identity until it completes or is removed.
  /// - Complexity: O(links of the path).
  @discardableResult
  public mutating func add(
    path: [LinkShare], bytes: Bytes, rateCap: BytesPerSecond? = nil, latency: Ticks = .zero
  ) -> UInt32 {
    path.withUnsafeBufferPointer { add(path: $0, bytes: bytes, rateCap: rateCap, latency: latency) }
  }

  /// As `add(path:bytes:rateCap:latency:)`, from memory of the caller's.
  @discardableResult
  public mutating func add(
    path: UnsafeBufferPointer<LinkShare>, bytes: Bytes, rateCap cap: BytesPerSecond? = nil,
    latency pathLatency: Ticks = .zero
  ) -> UInt32 {
    precondition(bytes.value >= 0 && bytes.value.isFinite, "a flow has a finite size")
    precondition(cap.map { $0.value > 0 } ?? true, "a cap on the rate is above 0")
    let flow = freeFlows.count > 0 ? freeFlows.removeLast() : growFlows()
    let block = takeBlock(path.count)
    firstEntry[flow] = block
    entryCount[flow] = UInt32(path.count)
    rate[flow] = 0
    rateCap[flow] = cap?.value ?? .infinity
    bottleneck[flow] = Self.noLink
    remaining[flow] = bytes.value
    since[flow] = now.count
    latency[flow] = pathLatency.count
    isAlive[flow] = true
    for (index, share) in path.enumerated() {
      precondition(share.link < capacity.count, "the network has the link")
      precondition(share.weight > 0 && share.weight.isFinite, "a weight is above 0")
      let entry = block &+ UInt32(truncatingIfNeeded: index)
      let link = Int(share.link)
      let position = UInt32(truncatingIfNeeded: members[link].count)
      entries[entry] = Entry(link: share.link, position: position, weight: share.weight)
      members.base[link].append(Member(flow: flow, entry: entry, weight: share.weight))
    }
    liveEntries += path.count
    flowCount += 1
    drains.insert(flow, at: Ticks.never.count, positions: heapPosition)
    changedFlows.append(flow)
    return flow
  }

  /// Takes a flow away before it has sent everything.
  ///
  /// - Complexity: O(links of the path).
  public mutating func remove(_ flow: UInt32) {
    precondition(flow < isAlive.count && isAlive[flow], "the flow runs")
    detach(flow)
  }

  /// Changes what a link carries [B/s]: 0 when it fails, less when it degrades, more when it comes back.
  ///
  /// - Complexity: O(1).
  public mutating func setCapacity(of link: UInt32, to value: BytesPerSecond) {
    precondition(link < capacity.count, "the network has the link")
    precondition(value.value >= 0 && value.value.isFinite, "a capacity is 0 or more and finite")
    if value.value == capacity[link] { return }
    capacity[link] = value.value
    changedLinks.append(link)
  }

  // MARK: Tables

  mutating func detach(_ flow: UInt32) {
    let first = firstEntry[flow]
    for entry in first..<(first &+ entryCount[flow]) {
      let link = Int(entries[entry].link)
      let position = Int(entries[entry].position)
      let last = members.base[link].removeLast()
      if position < members[link].count {
        members[link][position] = last
        entries.base[Int(last.entry)].position = UInt32(truncatingIfNeeded: position)
      }
    }
    // A link that was full has room now; one that was not holds nobody back.
    for entry in first..<(first &+ entryCount[flow]) {
      let link = entries[entry].link
      if bottleneckFlows[link] > 0 { changedLinks.append(link) }
    }
    if bottleneck[flow] != Self.noLink { bottleneckFlows[bottleneck[flow]] &-= 1 }
    giveBlock(first, Int(entryCount[flow]))
    drains.remove(flow, positions: heapPosition)
    isAlive[flow] = false
    liveEntries -= Int(entryCount[flow])
    flowCount -= 1
    freeFlows.append(flow)
  }

  private mutating func growFlows() -> UInt32 {
    let flow = UInt32(rate.count)
    firstEntry.append(0)
    entryCount.append(0)
    rate.append(0)
    rateCap.append(0)
    bottleneck.append(0)
    remaining.append(0)
    since.append(0)
    latency.append(0)
    isAlive.append(false)
    heapPosition.append(0)
    flowMark.append(0)
    newRate.append(0)
    newBottleneck.append(0)
    return flow
  }

  /// The power of two that holds `count` entries.
  private func blockSize(_ count: Int) -> Int {
    count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
  }

  private mutating func takeBlock(_ count: Int) -> UInt32 {
    let size = blockSize(count)
    if freeBlocks[size].count > 0 { return freeBlocks.base[size].removeLast() }
    let block = UInt32(entries.count)
    entries.append(repeating: Entry(link: 0, position: 0, weight: 0), count: 1 << size)
    return block
  }

  private mutating func giveBlock(_ block: UInt32, _ count: Int) {
    freeBlocks.base[blockSize(count)].append(block)
  }
}
