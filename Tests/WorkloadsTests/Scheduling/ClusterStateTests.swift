import Kernel
import Oracles
import Testing
import Workloads

@Suite("A cluster gives whole gangs, each device once")
struct ClusterStateTests {
  static func request(_ stream: inout RandomStream) -> JobRequest {
    switch stream.below(4) {
    case 0: return JobRequest(accelerators: 1, milli: 100 * (1 + Int(stream.below(10))))
    case 1: return JobRequest(accelerators: 8 * (1 + Int(stream.below(4))), perNode: 8)
    case 2: return JobRequest(accelerators: 4, perNode: 4)
    default: return JobRequest(accelerators: 1 + Int(stream.below(20)))
    }
  }

  @Test("incremental counts are those of adding up all allocations anew", arguments: PlacementRule.allCases)
  func recount(rule: PlacementRule) {
    for seed in 0..<10 {
      var stream = RandomStream(seed: 31, replication: seed, entity: "cluster", purpose: "jobs")
      let shape = (0..<12).map { _ in [0, 4, 8, 8][Int(stream.below(4))] }
      var cluster = ClusterState(accelerators: shape, pods: (0..<12).map { $0 / 4 })
      var running: [Allocation] = []
      for _ in 0..<300 {
        if stream.below(3) == 0 && !running.isEmpty {
          cluster.release(running.remove(at: Int(stream.below(UInt32(running.count)))))
        } else {
          let wanted = Self.request(&stream)
          let fits = cluster.canPlace(wanted)
          let allocation = cluster.place(wanted, by: rule)
          #expect((allocation != nil) == fits)
          if let allocation {
            #expect(allocation.grants.count == wanted.accelerators, "a gang starts whole")
            if wanted.perNode > 1 {
              let groups = Dictionary(grouping: allocation.grants, by: \.node)
              #expect(groups.values.allSatisfy { $0.count % wanted.perNode == 0 })
            }
            running.append(allocation)
          }
        }
        let recount = RecountedCluster(accelerators: shape, allocations: running)
        #expect(recount.isSound)
        #expect(Int64(recount.usedMilli.reduce(0, +)) == cluster.usedMilli)
        #expect(recount.wholeFree == (0..<12).map { cluster.freeAccelerators(on: $0) })
        #expect(recount.wholeFree.reduce(0, +) == cluster.freeAccelerators)
      }
    }
  }

  /// The fewest pods among all sets of pods that hold so many.
  private static func fewestPods(_ cluster: ClusterState, _ count: Int) -> Int {
    var free = [Int](repeating: 0, count: cluster.podCount)
    for node in 0..<cluster.nodeCount {
      free[Int(cluster.podOfNode[node])] += cluster.freeAccelerators(on: node)
    }
    return (1..<(1 << free.count)).filter { set in
      free.indices.reduce(0) { $0 + (set >> $1 & 1 == 1 ? free[$1] : 0) } >= count
    }.map(\.nonzeroBitCount).min() ?? 0
  }

  @Test("topology-aware packing uses as few pods as any choice of pods could", arguments: 0..<40)
  func fewest(seed: Int) throws {
    var stream = RandomStream(seed: 32, replication: seed, entity: "cluster", purpose: "jobs")
    var cluster = ClusterState(nodes: 20, acceleratorsPerNode: 8, nodesPerPod: 4)
    for _ in 0..<25 {
      _ = cluster.place(JobRequest(accelerators: 1 + Int(stream.below(8))), by: .spread)
    }
    while cluster.freeAccelerators > 0 {
      let count = 1 + Int(stream.below(UInt32(cluster.freeAccelerators)))
      let fewest = Self.fewestPods(cluster, count)
      let placed = cluster.place(JobRequest(accelerators: count), by: .topology)
      let allocation = try #require(placed)
      #expect(Set(allocation.grants.map { cluster.podOfNode[Int($0.node)] }).count == fewest)
    }
  }

  @Test("packing leaves nodes whole where spreading breaks them up")
  func packing() {
    var packed = ClusterState(nodes: 8, acceleratorsPerNode: 8, nodesPerPod: 4)
    var spread = packed
    for _ in 0..<8 {
      _ = packed.place(JobRequest(accelerators: 3), by: .packed)
      _ = spread.place(JobRequest(accelerators: 3), by: .spread)
    }
    #expect(packed.fragmentation(together: 8) < spread.fragmentation(together: 8))
    #expect(spread.strandedAccelerators(together: 8) == 40 && spread.fragmentation(together: 8) == 1)
    #expect(spread.fragmentation(together: 1) == 0)
    let wide = JobRequest(accelerators: 8, perNode: 8)
    #expect(packed.canPlace(wide) && !spread.canPlace(wide))
    let shares = JobRequest(accelerators: 1, milli: 300)
    var sharing = ClusterState(nodes: 2, acceleratorsPerNode: 2, nodesPerPod: 2)
    for _ in 0..<3 { _ = sharing.place(shares, by: .packed) }
    #expect(sharing.freeAccelerators == 3, "three shares fill one device first")
    #expect(shares.partitioned.milli == 428, "three sevenths")
    #expect(JobRequest(accelerators: 1, milli: 700).partitioned.milli == 1000)
  }

  @Test("hostile shapes do not trap")
  func hostile() {
    var cluster = ClusterState(accelerators: [-3, .max, 2], pods: [.min, .max])
    #expect(cluster.place(JobRequest(accelerators: .max, perNode: .max), by: .topology) == nil)
    cluster.setOut(1, true)
    #expect(cluster.freeAccelerators == 2)
    #expect(ClusterState(accelerators: []).utilization == 0)
  }
}
