import Kernel
import Oracles
import Testing
import Workloads

@Suite("Packing keeps jobs together")
struct PackingTests {
  /// A cluster that jobs of up to a node have come to and left.
  private static func worn(_ seed: Int, nodes: Int, running: inout [Allocation]) -> ClusterState {
    var stream = RandomStream(seed: 33, replication: seed, entity: "cluster", purpose: "jobs")
    var cluster = ClusterState(nodes: nodes, acceleratorsPerNode: 8, nodesPerPod: 3)
    for _ in 0..<60 {
      if stream.below(3) == 0 && !running.isEmpty {
        cluster.release(running.remove(at: Int(stream.below(UInt32(running.count)))))
      } else if let own = cluster.place(JobRequest(accelerators: 1 + Int(stream.below(8))), by: .spread) {
        running.append(own)
      }
    }
    return cluster
  }

  /// The fewest nodes among all sets of nodes that have so many free, counted from the allocations.
  private static func fewestNodes(_ running: [Allocation], nodes: Int, _ count: Int) -> Int {
    let free = RecountedCluster(
      accelerators: [Int](repeating: 8, count: nodes), allocations: running
    ).wholeFree
    return (1..<(1 << nodes)).filter { set in
      (0..<nodes).reduce(0) { $0 + (set >> $1 & 1 == 1 ? free[$1] : 0) } >= count
    }.map(\.nonzeroBitCount).min() ?? 0
  }

  @Test("packed jobs lie on as few nodes as any choice of nodes could", arguments: 0..<30)
  func fewestNodes(seed: Int) throws {
    var running: [Allocation] = []
    let cluster = Self.worn(seed, nodes: 9, running: &running)
    for count in [1, 3, 4, 8, 9, 12, 16, 20] where count <= cluster.freeAccelerators {
      let fewest = Self.fewestNodes(running, nodes: 9, count)
      var trial = cluster
      let placed = trial.place(JobRequest(accelerators: count), by: .packed)
      let allocation = try #require(placed)
      #expect(Set(allocation.grants.map(\.node)).count == fewest, "\(count)")
    }
  }

  @Test("a job that some node holds is on one node, under both rules", arguments: 0..<30)
  func wholeNodes(seed: Int) throws {
    var running: [Allocation] = []
    let cluster = Self.worn(seed, nodes: 9, running: &running)
    let free = RecountedCluster(accelerators: [Int](repeating: 8, count: 9), allocations: running).wholeFree
    for rule in [PlacementRule.packed, .topology] {
      for count in 1...8 {
        guard let tightest = free.filter({ $0 >= count }).min() else { continue }
        var trial = cluster
        let placed = trial.place(JobRequest(accelerators: count), by: rule)
        let allocation = try #require(placed)
        let nodes = Set(allocation.grants.map(\.node))
        #expect(nodes.count == 1, "\(rule) \(count)")
        #expect(free[Int(nodes.first ?? 0)] == tightest, "of those the fullest")
      }
    }
  }

  @Test("within a pod that holds the whole job it lies on as few nodes as the pod allows")
  func pods() throws {
    // Pod 0 has 3 + 3 + 2 free, pod 1 has 8 + 0 + 0 and pod 2 is empty.
    var cluster = ClusterState(nodes: 9, acceleratorsPerNode: 8, nodesPerPod: 3)
    for (node, free) in [3, 3, 2, 8, 0, 0].enumerated() where free < 8 {
      cluster.retake(.whole(devices: (node * 8)..<(node * 8 + 8 - free), perNode: 8))
    }
    func place(_ count: Int, _ rule: PlacementRule) throws -> [UInt32] {
      var trial = cluster
      let placed = trial.place(JobRequest(accelerators: count), by: rule)
      let allocation = try #require(placed)
      return Set(allocation.grants.map(\.node)).sorted()
    }
    #expect(try place(8, .topology) == [3], "a whole node before three parts of one pod")
    #expect(try place(8, .packed) == [3])
    #expect(try place(3, .topology) == [0] && place(2, .packed) == [2])
    #expect(try place(16, .topology) == [6, 7], "two nodes of one pod before two of two")
    #expect(try place(24, .topology) == [6, 7, 8])
  }

  @Test("backfilling by counting starts what backfilling by layout starts", arguments: 0..<12)
  func counting(seed: Int) {
    let jobs = SchedulerTests.jobs(150, seed: seed, exact: seed % 2 == 0)
    var counted = JobTraceRun(jobs, on: ClusterState(nodes: 4, acceleratorsPerNode: 8, nodesPerPod: 2))
    counted.finish(EasyBackfill())
    // A node more that is out holds nothing, but makes the scheduler lay jobs out.
    var wider = ClusterState(nodes: 5, acceleratorsPerNode: 8, nodesPerPod: 2)
    wider.setOut(4, true)
    var laidOut = JobTraceRun(jobs, on: wider)
    laidOut.finish(EasyBackfill())
    #expect(counted.outcomes == laidOut.outcomes)
  }
}
