import DryRack
import Foundation
import Testing

@testable import Command

@Suite("sweep and merge")
struct SweepCommandTests {
  static func resolved(_ arguments: [String], _ environment: [String: String]) throws -> Shard? {
    let options = try ShardOptions.parse(arguments)
    return try? options.resolved(environment).shard
  }

  @Test("the shard comes from the option, or from Slurm's or Kubernetes' environment")
  func shards() throws {
    let slurm = ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_COUNT": "4"]
    func shard(_ index: Int, _ count: Int) -> Shard? { Shard(index: index, count: count) }
    #expect(try Self.resolved([], [:]) == .whole)
    #expect(try Self.resolved(["--shard", "1/3"], slurm) == shard(1, 3))
    // 3, 5, 7, 9: the third of four.
    #expect(try Self.resolved([], slurm.merging(["SLURM_ARRAY_TASK_STEP": "2"]) { $1 }) == shard(2, 4))
    #expect(try Self.resolved([], slurm) == nil, "task 7 from 3 on is the fifth of four")
    #expect(try Self.resolved(["--shards", "9"], slurm) == shard(4, 9))
    #expect(try Self.resolved(["--shards", "5"], ["JOB_COMPLETION_INDEX": "4"]) == shard(4, 5))
    #expect(try Self.resolved([], ["JOB_COMPLETION_INDEX": "4"]) == nil)
    #expect(try Self.resolved(["--shards", "4"], ["JOB_COMPLETION_INDEX": "4"]) == nil)
    #expect(try Self.resolved(["--shards", "2"], [:]) == nil)
    #expect(try Self.resolved(["--shards", "2", "--shard-env", "I"], ["I": "1"]) == shard(1, 2))
    #expect(try Self.resolved(["--shards", "2", "--shard-env", "I"], ["I": "one"]) == nil)
    for wrong in ["3/3", "-1/3", "1", "1/0", "x/2"] {
      #expect(throws: (any Error).self) { try ShardOptions.parse(["--shard", wrong]) }
    }
  }

  /// A folder with the minimal scenario in it, shortened.
  static func withScenario(_ body: (String, String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let template = try #require(ScenarioTemplate.all.first { $0.name == "minimal" })
    let path = folder.appendingPathComponent("minimal.yaml").path
    try template.text.replacing("duration: 10m", with: "duration: 20s").write(
      toFile: path, atomically: true, encoding: .utf8)
    try await body(path, folder.path)
  }

  static let rate = "workloads.chat.arrivals.rate"

  @Test("the last that is said of a path holds")
  func lastSetting() async throws {
    try await Self.withScenario { path, _ in
      let varied = await execute(
        "sweep", path, "--set", "\(Self.rate)=2/s", "--set", "\(Self.rate)=1/s,3/s", "--list")
      #expect(varied.status == .success && varied.out.split(separator: "\n").count == 2)
      let fixed = await execute(
        "sweep", path, "--set", "\(Self.rate)=1/s,3/s", "--set", "\(Self.rate)=2/s", "--list")
      #expect(fixed.status == .cannotRun && fixed.error.contains("nothing varies"))
      #expect(varied.error.contains("is replaced by the later =1/s,3/s"))
    }
  }

  @Test("a folder is no file to write, and nothing is left beside it")
  func folder() async throws {
    try await Self.withScenario { path, folder in
      let refused = await execute("sweep", path, "--set", "\(Self.rate)=1/s,3/s", "--out", folder)
      #expect(refused.status == .cannotRun && refused.error.contains("is a folder"))
      #expect(!FileManager.default.fileExists(atPath: folder + ".parts"))
      let few = await execute(
        "sweep", path, "--set", "seed=1..2", "--method", "sobol", "--points", "8", "--list")
      #expect(few.out.split(separator: "\n").count == 2)
      #expect(few.error.contains("6 of 8 points have the values of earlier ones; 2 are run"))
    }
  }

  @Test("one table, the same from one process, from shards, and from a sweep with more jobs")
  func tables() async throws {
    try await Self.withScenario { path, folder in
      let set = "\(Self.rate)=1/s..4/s:4lin"
      let one = await execute("sweep", path, "--set", set, "--out", folder + "/one.csv")
      #expect(one.status == .success, "\(one)")
      #expect(one.out == "minimal: 4 of 4 points\n  one-gpu  every threshold holds at 4 of 4 points\n")
      let many = await execute(
        "sweep", path, "--set", set, "--out", folder + "/many.csv", "--jobs", "3", "--keep-parts")
      #expect(many.status == .success)
      for index in 0..<2 {
        let missing = await execute("merge", folder + "/s.csv", "--out", folder + "/s.csv")
        #expect(missing.status == (index == 0 ? .cannotRun : .thresholdFailed))
        if index == 1 { #expect(missing.out == "2/4 points, missing: 1, 3\n") }
        let shard = await execute(
          "sweep", path, "--set", set, "--out", folder + "/s.csv", "--shard", "\(index)/2")
        #expect(shard.status == .success)
      }
      #expect(await execute("merge", folder + "/s.csv.parts", "--out", folder + "/s.csv").status == .success)
      func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      }
      let table = try read("one.csv")
      #expect(try table == read("many.csv") && table == read("s.csv"))
      #expect(
        table.hasPrefix(
          "run_id,design,workload,\(Self.rate),replication,metric,statistic,value,unit,ci_low,ci_high\n"))
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(names == ["many.csv", "many.csv.parts", "minimal.yaml", "one.csv", "s.csv", "s.csv.parts"])

      #expect(
        await execute("merge", folder + "/s.csv", "--out", folder + "/w.csv", "--wide").status == .success)
      let lines = try read("w.csv").split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      // A row for the workload and one for the design as a whole, at each point.
      #expect(lines.count == 9 && lines.allSatisfy { $0.count == lines[0].count })
      #expect(lines[0].contains("p99(ttft_s)") && lines[0].last == "thresholds_met")
    }
  }

  @Test("a row is the row of a plain run at this point, under the same name")
  func plainRun() async throws {
    try await Self.withScenario { path, folder in
      _ = await execute("sweep", path, "--set", "\(Self.rate)=1/s,3/s", "--out", folder + "/s.csv")
      let run = await execute("run", path, "--set", "\(Self.rate)=3/s", "--format", "csv")
      let rows = run.out.split(separator: "\n").dropFirst()
      let swept = try String(contentsOfFile: folder + "/s.csv", encoding: .utf8).split(separator: "\n")
        .filter { $0.contains(",3,,") && !$0.contains("thresholds_met") }
        .map { String($0).replacing(",3,,", with: ",,", maxReplacements: 1) }
      #expect(rows.map(String.init) == swept)
    }
  }

  @Test("thresholds that fail at a point set status 1, faults 2, a limit 3 and leave what can go on")
  func statuses() async throws {
    try await Self.withScenario { path, folder in
      let out = folder + "/x.csv"
      let failing = await execute("sweep", path, "--set", "\(Self.rate)=2/s,900/s", "--out", out)
      #expect(failing.status == .thresholdFailed && failing.out.contains("holds at 1 of 2 points"))
      let faulty = await execute(
        "sweep", path, "--set", "\(Self.rate)=2/s,x", "--set", "seed=1,y", "--out", out)
      #expect(
        faulty.status == .cannotRun && faulty.error.contains("seed=y") && faulty.error.contains("rate=x"))
      let stopped = await execute(
        "sweep", path, "--set", "\(Self.rate)=1/s,2/s,300/s", "--out", folder + "/y.csv", "--max-events",
        "4000")
      #expect(
        stopped.status == .limitReached && stopped.error.contains("2 of 3 points are finished"), "\(stopped)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/y.csv"))
      #expect(FileManager.default.fileExists(atPath: folder + "/y.csv.partial"))
      let again = await execute(
        "sweep", path, "--set", "\(Self.rate)=1/s,2/s,300/s", "--out", folder + "/y.csv")
      #expect(again.status == .cannotRun && again.error.contains("--resume"))
      let resumed = await execute(
        "sweep", path, "--set", "\(Self.rate)=1/s,2/s,300/s", "--out", folder + "/y.csv", "--resume")
      #expect(resumed.error.contains("2 of 3 points were finished before"), "\(resumed)")
      #expect(FileManager.default.fileExists(atPath: folder + "/y.csv"))
    }
  }

  @Test("points are listed with the settings that run them")
  func list() async throws {
    try await Self.withScenario { path, _ in
      let answer = await execute(
        "sweep", path, "--set", "\(Self.rate)=30/min,2/s", "--list", "--shard", "0/2")
      #expect(
        answer.out
          == "{\"point\":0,\"values\":{\"\(Self.rate)\":0.5},\"set\":[\"\(Self.rate)=30/min\"]}\n")
    }
  }

  @Test("misuse of sweep and merge is told")
  func misuse() async throws {
    for arguments in [
      ["sweep", "x.yaml"], ["sweep", "x.yaml", "--out", "r.csv"],
      ["sweep", "x.yaml", "--out", "r.csv", "--jobs", "0"],
      ["sweep", "x.yaml", "--out", "r.csv", "--shard", "2/2"],
      ["sweep", "x.yaml", "--out", "r.csv", "--engine", "slurm"],
      ["merge", "--out", "r.csv"], ["merge", "/nowhere", "--out", "r.csv"],
    ] {
      let recording = Recording()
      let status = await Console.$current.withValue(recording.console()) {
        await CommandLineRun(arguments: arguments).execute()
      }
      #expect(status == .cannotRun && recording.out.isEmpty && !recording.error.isEmpty, "\(arguments)")
    }
  }

  @Test("the time that is left is that of the points that ran")
  func timeLeft() {
    let line = SweepProgressBar.line(.init(finished: 60, total: 100, recalled: 50), seconds: 20)
    #expect(line.hasSuffix("60 of 100 points, 1 min left"))
    #expect(
      SweepProgressBar.line(.init(finished: 50, total: 100, recalled: 50), seconds: 1).hasSuffix(
        "50 of 100 points"))
  }

  @Test("a Slurm task runs the same sweep again, quoted for the shell")
  func slurmScript() throws {
    let command = try SweepCommand.parse([
      "it's.yaml", "--set", "seed=1,2", "--out", "o.csv", "--engine", "slurm", "--shards", "4", "--seed", "3",
    ])
    let arguments = SlurmEngine.taskArguments(of: command)
    #expect(
      arguments.starts(with: [
        "sweep", "it's.yaml", "--out", "o.csv", "--resume", "--quiet", "--set", "seed=1,2",
      ]))
    let script = SlurmEngine.script(program: "/bin/echo", arguments: arguments, shards: 4)
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", script]
    let pipe = Pipe()
    shell.standardOutput = pipe
    try shell.run()
    let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(said == (arguments + ["--shards", "4"]).joined(separator: " ") + "\n")
  }
}
