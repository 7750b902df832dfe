import DryRack
import Foundation

/// Runs the shards of a sweep as the tasks of one Slurm job array, waits for them, and merges.
///
/// The tasks run this command again, with `--resume`, so that a task that Slurm starts a second time goes on
/// where the first was stopped; which shard it takes it reads from Slurm's environment. The folder of the
/// results must be on a file system that all nodes see.
struct SlurmEngine {
  let command: SweepCommand
  let plan: SweepPlan
  let console: Console

  func run() throws {
    let out = command.out ?? ""
    let parts = out + SweepStore.suffix
    do throws(AtomicFile.Failure) { try AtomicFile.makeFolder(parts) } catch {
      throw console.fail("\(error)")
    }
    try checkStart(parts)
    let shards = command.shardOptions.shards ?? 1
    let status = try submit(tasks: min(shards, plan.space.count), of: shards, logs: parts)
    try merge(out, parts: parts, jobStatus: status)
  }

  /// The same refusal as without Slurm, before anything is queued.
  private func checkStart(_ parts: String) throws {
    if command.resume { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parts)) ?? []
    if names.contains(where: { $0.hasSuffix(".segment") }) {
      throw console.fail(
        "\(parts) holds results of an earlier start; add --resume to go on with them, or delete the folder")
    }
  }

  /// The script of a task.
  static func script(program: String, arguments: [String], shards: Int) -> String {
    func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
    let words = ([program] + arguments + ["--shards", "\(shards)"]).map(quoted).joined(separator: " ")
    // A threshold that fails is for the merged results to say: a task that ran is no failed task.
    return """
      #!/bin/sh
      \(words)
      status=$?
      [ "$status" -eq 1 ] && exit 0
      exit "$status"

      """
  }

  /// What a task is told: the sweep as it was asked for here, without what only this process does.
  static func taskArguments(of command: SweepCommand) -> [String] {
    var arguments = ["sweep", command.scenario, "--out", command.out ?? "", "--resume", "--quiet"]
    for setting in command.options.settings { arguments += ["--set", setting] }
    for folder in command.options.allowPath { arguments += ["--allow-path", folder] }
    for design in command.options.design { arguments += ["--design", design] }
    if let seed = command.options.seed { arguments += ["--seed", "\(seed)"] }
    if let replications = command.options.replications { arguments += ["--replications", "\(replications)"] }
    if command.replicationRows { arguments.append("--replication-rows") }
    if let method = command.method { arguments += ["--method", method.rawValue] }
    if let points = command.points { arguments += ["--points", "\(points)"] }
    arguments += ["--jobs", "\(command.execution.jobs)"]
    if let events = command.execution.maxEvents { arguments += ["--max-events", "\(events)"] }
    if let limit = command.execution.timeLimit { arguments += ["--time-limit", "\(limit.seconds)s"] }
    if let limit = command.execution.memoryLimit { arguments += ["--memory-limit", "\(limit.bytes)B"] }
    return arguments
  }

  private func submit(tasks: Int, of shards: Int, logs: String) throws -> Int32 {
    let sbatch = Process()
    sbatch.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    sbatch.arguments =
      [
        "sbatch", "--parsable", "--wait", "--array=0-\(tasks - 1)", "--job-name=dryrack-sweep",
        "--output=\(logs)/slurm-%A_%a.out",
      ] + command.slurmOption
    let (input, output) = (Pipe(), Pipe())
    sbatch.standardInput = input
    sbatch.standardOutput = output
    do { try sbatch.run() } catch { throw console.fail("sbatch cannot be started: \(error)") }
    let script = Self.script(
      program: Self.program, arguments: Self.taskArguments(of: command), shards: shards)
    try? input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    try? input.fileHandleForWriting.close()
    // sbatch prints the job's number as soon as it is queued, and ends with the job.
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let job = line.split { $0 == "\n" || $0 == ";" }.first.map(String.init) ?? ""
    if !job.isEmpty && !command.execution.quiet { console.error("Slurm job \(job), \(tasks) tasks\n") }
    Interruption.allowGracefulEnd()
    while sbatch.isRunning {
      if Interruption.isRequested {
        cancel(job)
        sbatch.terminate()
        sbatch.waitUntilExit()
        console.error("stopped: an interruption; go on with --resume\n")
        throw CommandStatus.interrupted
      }
      usleep(50_000)
    }
    if job.isEmpty { throw console.fail("sbatch queued nothing (status \(sbatch.terminationStatus))") }
    return sbatch.terminationStatus
  }

  private func cancel(_ job: String) {
    if job.isEmpty { return }
    let scancel = Process()
    scancel.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    scancel.arguments = ["scancel", job]
    if (try? scancel.run()) != nil { scancel.waitUntilExit() }
  }

  /// Where this program lies.
  private static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  private func merge(_ out: String, parts: String, jobStatus: Int32) throws {
    var tally = SweepTally()
    let merge: SweepMerge
    do {
      merge = try SweepMerge(folders: [parts])
      if merge.manifest == plan.manifest {
        _ = try merge.writeCSV(to: out, wide: command.wide) { tally.take($0) }
      }
    } catch { throw console.fail("\(error); what the tasks said is in \(parts)/slurm-*.out") }
    let total = plan.space.count
    guard merge.manifest == plan.manifest, merge.missing.isEmpty else {
      let missing = SweepMerge.ranges(merge.missing)
      console.error(
        "stopped: \(total - merge.missing.count)/\(total) points, missing: \(missing); the job's status was "
          + "\(jobStatus), what its tasks said is in \(parts)/slurm-*.out; go on with --resume\n")
      throw CommandStatus.limitReached
    }
    if !command.execution.quiet { console.error(tally.noteText + "wrote \(out)\n") }
    if !command.keepParts { removeFiles(parts) }
    try console.out(tally.text(scenario: plan.name, total: total))
    let status = CommandStatus.of(complete: tally.cutShort == 0, holds: [tally.allHold])
    if status != .success { throw status }
  }

  private func removeFiles(_ parts: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parts)) ?? []
    for name in names where name.hasPrefix("slurm-") && name.hasSuffix(".out") { unlink("\(parts)/\(name)") }
    SweepStore.removeFiles(of: parts)
  }
}
