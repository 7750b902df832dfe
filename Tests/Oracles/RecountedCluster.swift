import Workloads

/// What a cluster holds, added up anew from the allocations of the jobs that run.
public struct RecountedCluster {
  /// Thousandths in use of each device, and of all.
  public private(set) var usedMilli: [Int]
  /// Whole devices free on each node.
  public private(set) var wholeFree: [Int]

  public init(accelerators: [Int], allocations: [Allocation]) {
    var used: [[Int]] = accelerators.map { [Int](repeating: 0, count: $0) }
    var first: [Int] = []
    var sum = 0
    for count in accelerators {
      first.append(sum)
      sum += count
    }
    for grant in allocations.flatMap(\.grants) {
      used[Int(grant.node)][Int(grant.device) - first[Int(grant.node)]] += Int(grant.milli)
    }
    usedMilli = used.flatMap { $0 }
    wholeFree = used.map { $0.filter { $0 == 0 }.count }
  }

  /// No device is given twice.
  public var isSound: Bool { usedMilli.allSatisfy { (0...1000).contains($0) } }
}
