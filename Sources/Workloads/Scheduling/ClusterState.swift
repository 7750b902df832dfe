/// Where a job's accelerators lie.
public struct Allocation: Sendable, Hashable {
  /// Whole or partial devices of one node.
  public struct Grant: Sendable, Hashable {
    public var node: UInt32
    /// Index of the device within the cluster.
    public var device: UInt32
    public var milli: UInt16
  }
  public var grants: [Grant]

  /// Grants of one cluster.
  public init(grants: [Grant]) { self.grants = grants }

  /// Whole devices of a cluster whose nodes have `perNode` each.
  public static func whole(devices: Range<Int>, perNode: Int) -> Allocation {
    Allocation(
      grants: devices.map { Grant(node: UInt32($0 / max(perNode, 1)), device: UInt32($0), milli: 1000) })
  }
}

/// How to choose among nodes that could hold a job.
public enum PlacementRule: String, Sendable, CaseIterable {
  /// The first nodes by number.
  case firstFit = "first-fit"
  /// The fewest nodes, and the fullest of those that still hold it, so that empty nodes stay whole.
  case packed
  /// The emptiest nodes.
  case spread
  /// One node if one holds it, else the fewest pods (leaf switches), and in them the fewest nodes.
  case topology
}

/// Nodes, their accelerators and what is free of them: struct of arrays.
///
/// Shares are thousandths of a device. Devices of a node stand together; a node belongs to one pod (what its
/// leaf switch connects).
public struct ClusterState: Sendable, Hashable {
  private static let full = UInt16(1000)
  /// First device of each node, and one past the last.
  private let firstDevice: [UInt32]
  /// Pod of each node, 0 ..< podCount.
  public let podOfNode: [UInt32]
  public let podCount: Int
  /// Free thousandths of each device.
  private var freeMilli: [UInt16]
  /// Devices of each node that are wholly free.
  private(set) var wholeFree: [UInt16]
  /// Free thousandths of each node, and of its device with the most.
  private(set) var freeOfNode: [Int32]
  private var mostFree: [UInt16]
  /// Nodes that are out take no new jobs.
  private var isOut: [Bool]
  public private(set) var nodesOut = 0
  /// Devices that are wholly free, on nodes that are in.
  public private(set) var freeAccelerators: Int
  /// Thousandths in use, over all devices.
  public private(set) var usedMilli: Int64 = 0

  /// - Parameters:
  ///   - accelerators: of each node, 0...4096.
  ///   - pods: the pod of each node, numbered from 0; missing ones are pod 0.
  public init(accelerators: [Int], pods: [Int] = []) {
    var first: [UInt32] = [0]
    for count in accelerators { first.append(first[first.count - 1] + UInt32(min(max(count, 0), 4096))) }
    firstDevice = first
    let own = accelerators.indices.map { pods.indices.contains($0) ? UInt32(clamping: max(pods[$0], 0)) : 0 }
    // Renumbered without gaps, so that a wild pod number costs no memory.
    let known = Set(own).sorted()
    podOfNode = own.map { pod in UInt32(known.partitioningIndex { $0 >= pod }) }
    podCount = known.count
    freeMilli = [UInt16](repeating: Self.full, count: Int(first[first.count - 1]))
    wholeFree = zip(first, first.dropFirst()).map { UInt16($1 - $0) }
    freeOfNode = wholeFree.map { Int32($0) * 1000 }
    mostFree = wholeFree.map { $0 > 0 ? Self.full : 0 }
    isOut = [Bool](repeating: false, count: accelerators.count)
    freeAccelerators = freeMilli.count
  }

  /// `nodes` alike nodes in pods of `nodesPerPod`.
  public init(nodes: Int, acceleratorsPerNode: Int, nodesPerPod: Int) {
    self.init(
      accelerators: [Int](repeating: acceleratorsPerNode, count: max(nodes, 0)),
      pods: (0..<max(nodes, 0)).map { $0 / max(nodesPerPod, 1) })
  }

  public var nodeCount: Int { wholeFree.count }
  /// Devices in all.
  public var acceleratorCount: Int { freeMilli.count }
  /// Wholly free devices of a node.
  public func freeAccelerators(on node: Int) -> Int { isOut[node] ? 0 : Int(wholeFree[node]) }
  /// Devices of a node.
  public func accelerators(on node: Int) -> Int { Int(firstDevice[node + 1] - firstDevice[node]) }
  /// Thousandths in use on a node, over its devices.
  public func usedMilli(on node: Int) -> Int { accelerators(on: node) * 1000 - Int(freeOfNode[node]) }
  /// Free thousandths of a device.
  public func freeMilli(ofDevice device: Int) -> Int { Int(freeMilli[device]) }
  /// Used ÷ all; 0 for an empty cluster.
  public var utilization: Double {
    acceleratorCount == 0 ? 0 : Double(usedMilli) / Double(acceleratorCount * 1000)
  }

  /// Wholly free devices that no job can use which needs `together` of them on one node.
  public func strandedAccelerators(together: Int) -> Int {
    let size = max(together, 1)
    return (0..<nodeCount).reduce(0) { $0 + freeAccelerators(on: $1) % size }
  }

  /// Stranded ÷ free: 0 when every free device can serve a job of that size; 0 when none is free.
  public func fragmentation(together: Int) -> Double {
    freeAccelerators == 0 ? 0 : Double(strandedAccelerators(together: together)) / Double(freeAccelerators)
  }

  /// Whether a job could start now.
  /// - Complexity: O(1) for whole accelerators anywhere, else O(nodes), at worst O(devices) for shares.
  public func canPlace(_ request: JobRequest) -> Bool {
    if request.milli < 1000 { return roomForShares(request) >= request.accelerators }
    if freeAccelerators < request.accelerators { return false }
    if request.perNode <= 1 { return true }
    var groups = request.accelerators / request.perNode
    for node in 0..<nodeCount {
      groups -= freeAccelerators(on: node) / request.perNode
      if groups <= 0 { return true }
    }
    return false
  }

  /// Devices that could give the request's share; by groups where some must lie on one node.
  private func roomForShares(_ request: JobRequest) -> Int {
    var room = 0
    for node in 0..<nodeCount where room < request.accelerators { room += usable(node, request) }
    return room
  }

  private func devices(of node: Int) -> Range<Int> { Int(firstDevice[node])..<Int(firstDevice[node + 1]) }

  /// Starts a job: all of its accelerators, or `nil` and nothing is changed.
  /// - Complexity: O(nodes + accelerators), for shares O(nodes log nodes + devices).
  public mutating func place(_ request: JobRequest, by rule: PlacementRule) -> Allocation? {
    if request.accelerators == 1 && rule != .topology { return placeOne(request, by: rule) }
    guard canPlace(request) else { return nil }
    var left = request.accelerators
    var grants: [Allocation.Grant] = []
    grants.reserveCapacity(left)
    for node in order(for: request, by: rule) {
      let room = room(on: node, request)
      var take = min(left, request.perNode > 1 ? room / request.perNode * request.perNode : room)
      left -= take
      for device in candidates(on: node, request) {
        if take == 0 { break }
        grant(device, node, request.milli, &grants)
        take -= 1
      }
      if left == 0 { break }
    }
    return Allocation(grants: grants)
  }

  /// One device, without sorting the nodes.
  private mutating func placeOne(_ request: JobRequest, by rule: PlacementRule) -> Allocation? {
    var chosen: Int?
    var best = Int32.max
    for node in 0..<nodeCount where Int(mostFree[node]) >= request.milli && !isOut[node] {
      let free = request.milli == 1000 ? Int32(wholeFree[node]) : freeOfNode[node]
      let key = rule == .firstFit ? 0 : rule == .packed ? free : -free
      if key < best { (chosen, best) = (node, key) }
      if rule == .firstFit { break }
    }
    guard let chosen, let device = candidates(on: chosen, request).first else { return nil }
    var grants: [Allocation.Grant] = []
    grant(device, chosen, request.milli, &grants)
    return Allocation(grants: grants)
  }

  func room(on node: Int, _ request: JobRequest) -> Int {
    if isOut[node] || Int(mostFree[node]) < request.milli { return 0 }
    if request.milli == 1000 { return Int(wholeFree[node]) }
    return devices(of: node).reduce(0) { $0 + (Int(freeMilli[$1]) >= request.milli ? 1 : 0) }
  }

  /// Devices of a node that can give the share; those with the least to spare first, so that whole ones stay
  /// whole.
  private func candidates(on node: Int, _ request: JobRequest) -> [Int] {
    let fitting = devices(of: node).filter { Int(freeMilli[$0]) >= request.milli }
    return request.milli == 1000 ? fitting : fitting.sorted { (freeMilli[$0], $0) < (freeMilli[$1], $1) }
  }

  private mutating func grant(
    _ device: Int, _ node: Int, _ milli: Int, _ grants: inout [Allocation.Grant]
  ) {
    precondition(Int(freeMilli[device]) >= milli, "no accelerator runs two jobs")
    if freeMilli[device] == Self.full {
      wholeFree[node] -= 1
      freeAccelerators -= 1
    }
    freeMilli[device] -= UInt16(milli)
    freeOfNode[node] -= Int32(milli)
    mostFree[node] = devices(of: node).reduce(0) { max($0, freeMilli[$1]) }
    usedMilli += Int64(milli)
    grants.append(Allocation.Grant(node: UInt32(node), device: UInt32(device), milli: UInt16(milli)))
  }

  /// A job has ended. The allocation must be one that this state, or one it was copied from, has made.
  public mutating func release(_ allocation: Allocation) {
    for grant in allocation.grants {
      let (device, node) = (Int(grant.device), Int(grant.node))
      precondition(Self.full - freeMilli[device] >= grant.milli, "only what a job holds is given back")
      freeMilli[device] += grant.milli
      freeOfNode[node] += Int32(grant.milli)
      mostFree[node] = max(mostFree[node], freeMilli[device])
      usedMilli -= Int64(grant.milli)
      if freeMilli[device] == Self.full {
        wholeFree[node] += 1
        if !isOut[node] { freeAccelerators += 1 }
      }
    }
  }

  /// Undoes `release`: the same accelerators are taken again. They must be free.
  public mutating func retake(_ allocation: Allocation) {
    for grant in allocation.grants {
      let (device, node) = (Int(grant.device), Int(grant.node))
      precondition(
        freeMilli[device] >= grant.milli,
        "no accelerator runs two jobs: only what was released is taken again")
      if freeMilli[device] == Self.full {
        wholeFree[node] -= 1
        if !isOut[node] { freeAccelerators -= 1 }
      }
      freeMilli[device] -= grant.milli
      freeOfNode[node] -= Int32(grant.milli)
      mostFree[node] = devices(of: node).reduce(0) { max($0, freeMilli[$1]) }
      usedMilli += Int64(grant.milli)
    }
  }

  /// A node leaves or comes back; jobs on it are the caller's to interrupt.
  public mutating func setOut(_ node: Int, _ out: Bool) {
    guard isOut[node] != out else { return }
    isOut[node] = out
    nodesOut += out ? 1 : -1
    freeAccelerators += out ? -Int(wholeFree[node]) : Int(wholeFree[node])
  }
}

extension [UInt32] {
  /// The first index at which a condition holds that holds from there on; the list is sorted by it.
  fileprivate func partitioningIndex(where isPast: (UInt32) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isPast(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
