import Kernel
import TestSupport
import Testing
import Workloads

@Suite("Job traces are read and played")
struct JobTraceTests {
  private static func read(_ text: String, _ format: JobTraceFormat) -> Result<JobTrace, TraceFaults> {
    JobTraceReader.read(Array(text.utf8), format: format)
  }

  @Test("a table is read with columns in any order; times count from the first arrival")
  func table() throws {
    let text = "user,duration_s,accelerators,arrival_s\na,10,4,100\nb,2.5,1,90\r\na,0,2,95"
    let trace = try Self.read(text, .table).get()
    #expect(trace.jobs.map(\.arrival) == [10, 0, 5].map { Ticks(seconds: $0) })
    #expect(trace.jobs.map(\.request.accelerators) == [4, 1, 2])
    #expect(trace.jobs.map(\.user) == [0, 1, 0] && trace.users == ["a", "b"])
    #expect(trace.jobs[2].duration == Ticks(1))
  }

  @Test("what a table may tell beside is read; how busy a cluster is, is known if it is known of every job")
  func extras() throws {
    let head = "arrival_s,accelerators,duration_s,busy_ratio,priority,estimate_s\n"
    let trace = try Self.read(head + "0,4,10,0.5,2,30\n0,4,10,0.25,,\n", .table).get()
    #expect(trace.jobs.map(\.priority) == [2, 0] && trace.jobs.map(\.busyShare) == [0.5, 0.25])
    #expect(trace.jobs.map(\.estimate) == [30, 10].map { Ticks(seconds: $0) })
    func busy(_ jobs: [Job]) -> Double? {
      var run = JobTraceRun(jobs, on: ClusterState(nodes: 1, acceleratorsPerNode: 4, nodesPerPod: 1))
      run.finish(FirstInFirstOut())
      #expect(run.utilization == 1)
      return run.busy
    }
    // One after the other on four accelerators: half of the first ten seconds, a quarter of the others.
    #expect(busy(trace.jobs) == 0.375)
    var unknown = trace.jobs
    unknown[1].busyShare = nil
    #expect(busy(unknown) == nil)
    for row in ["0,1,1,1.5,,", "0,1,1,-0.1,,", "0,1,1,,0.5,", "0,1,1,,,-1", "0,1,1,,,1e9", "0,1,1,x,,"] {
      if case .success = Self.read(head + row, .table) { Issue.record("\(row)") }
    }
  }

  @Test("hostile files are faults with their line, never traps")
  func faults() {
    let head = "arrival_s,accelerators,duration_s\n"
    let cases = [
      "", "a,b\n", head, head + "1,2", head + "x,1,1", head + "1,0,1", head + "1,1.5,1", head + "1,1e9,1",
      head + "1,1,-1", head + "1,1,1e300", head + "nan,1,1", head + "1,1,inf",
    ]
    for text in cases {
      if case .success = Self.read(text, .table) { Issue.record("\(text)") }
    }
    if case .success = Self.read("a\tb\tc\n", .gavel) { Issue.record("too few cells") }
    if case .failure(let faults) = Self.read(head + "1,1,1\n1,1,x\n", .table) {
      #expect(faults.faults.map(\.line) == [3])
    } else {
      Issue.record("expected a fault")
    }
    var stream = RandomStream(seed: 1, replication: 0, entity: "files", purpose: "noise")
    let good = Array((head + "1,2,3\n4,5,6\n").utf8)
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0...stream.below(4) {
        bytes[Int(stream.below(UInt32(bytes.count)))] = UInt8(stream.below(256))
      }
      for format in JobTraceFormat.allCases { _ = JobTraceReader.read(bytes, format: format) }
    }
  }

  @Test("Alibaba's pods run on a part of its cluster", .enabled(if: SharedData.folder != nil))
  func alibaba() throws {
    let bytes = try #require(SharedData.bytes("traces/alibaba_gpu2023_openb_pods.csv.gz"))
    let trace = try JobTraceReader.read(bytes, format: .alibabaPods).get()
    // 8152 pods; 1088 ask for no accelerator and others were never scheduled.
    #expect(trace.jobs.count + trace.skipped == 8152 && trace.jobs.count > 6000)
    #expect(trace.jobs.contains { $0.request.milli < 1000 })
    var waits: [Int64] = []
    for nodes in [60, 400] {
      var run = JobTraceRun(
        trace.jobs, on: ClusterState(nodes: nodes, acceleratorsPerNode: 8, nodesPerPod: 16))
      run.finish(EasyBackfill())
      #expect(run.outcomes.allSatisfy { $0.end != .never })
      #expect(run.utilization > 0 && run.utilization <= 1)
      waits.append(run.outcomes.reduce(0) { $0 + $1.wait.count / 1_000_000 })
    }
    #expect(waits[1] <= waits[0])
  }

  /// The files of a tar archive: headers of 512 bytes with the size in octal at 124.
  private static func files(_ archive: [UInt8]) -> [[UInt8]] {
    var files: [[UInt8]] = []
    var place = 0
    while place + 512 <= archive.count, archive[place] != 0 {
      let digits = archive[(place + 124)..<(place + 135)].prefix { (48..<56).contains($0) }
      let size = digits.reduce(0) { $0 * 8 + Int($1 - 48) }
      if size > 0 { files.append(Array(archive[(place + 512)..<(place + 512 + size)])) }
      place += 512 + (size + 511) / 512 * 512
    }
    return files
  }

  @Test("Philly's arrivals, as Gavel lays them out, are read", .enabled(if: SharedData.folder != nil))
  func gavel() throws {
    let packed = try #require(SharedData.bytes("traces/gavel_philly_msr_seed0.tar.gz"))
    let archive = try #require(Gzip.inflate(packed))
    let files = Self.files(archive)
    #expect(files.count >= 15)
    var total = 0
    for file in files {
      let trace = try JobTraceReader.read(file, format: .gavel, stepTime: 0.1).get()
      total += trace.jobs.count
      var run = JobTraceRun(
        trace.jobs, on: ClusterState(nodes: 32, acceleratorsPerNode: 8, nodesPerPod: 16))
      if trace.jobs.count < 300 { run.finish(FirstInFirstOut(placement: .topology)) }
    }
    #expect(total == 15_264)
  }
}
