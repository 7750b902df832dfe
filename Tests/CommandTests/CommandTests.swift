import Foundation
import Synchronization
import Testing

@testable import Command

/// Collects what a command writes.
final class Recording: Sendable {
  private let texts = Mutex<(out: String, error: String)>(("", ""))
  var out: String { texts.withLock { $0.out } }
  var error: String { texts.withLock { $0.error } }

  func console(terminal: Bool = false, environment: [String: String] = [:]) -> Console {
    Console(
      out: { text in self.texts.withLock { $0.out += text } },
      error: { text in self.texts.withLock { $0.error += text } },
      outIsTerminal: terminal, errorIsTerminal: terminal, environment: environment)
  }
}

func execute(_ arguments: String...) async -> (status: CommandStatus, out: String, error: String) {
  let recording = Recording()
  let status = await Console.$current.withValue(recording.console()) {
    await CommandLineRun(arguments: arguments).execute()
  }
  return (status, recording.out, recording.error)
}

@Suite("The command line")
struct CommandTests {
  @Test("asking for help or the version is an answer: status 0, on standard output")
  func help() async {
    for arguments in [["--help"], ["run", "--help"], ["help", "plan"], ["--version"], []] {
      let recording = Recording()
      let status = await Console.$current.withValue(recording.console()) {
        await CommandLineRun(arguments: arguments).execute()
      }
      #expect(status == .success && !recording.out.isEmpty && recording.error.isEmpty, "\(arguments)")
    }
  }

  @Test(
    "help leads with an example",
    arguments: [
      "run", "sweep", "merge", "optimize", "sensitivity", "validate", "plan", "compare", "export-notebook",
      "calibrate", "catalog", "init", "schema",
    ])
  func examples(command: String) async {
    #expect(await execute(command, "--help").out.contains("dryrack \(command)"))
  }

  @Test("a mistyped command is a usage error with a suggestion")
  func unknownCommand() async {
    let result = await execute("rnu", "x.yaml")
    #expect(result.status == .cannotRun && result.out.isEmpty)
    #expect(result.error == "error: unknown command 'rnu'. Did you mean 'run'?\n")
  }

  @Test(
    "a command that is still to come is no typing error",
    arguments: ["report", "explore"])
  func plannedCommand(name: String) async {
    let result = await execute(name, "x.yaml")
    #expect(result.status == .cannotRun && result.error.contains("not in this version"))
    #expect(!result.error.contains("Did you mean"))
  }

  @Test("every misuse ends with status 2 and words on the error stream")
  func misuse() async {
    for arguments in [
      ["run"], ["run", "x.yaml", "--sed", "1"], ["run", "x.yaml", "--seed", "-1"],
      ["run", "x.yaml", "--set", "seed"], ["run", "x.yaml", "--jobs", "0"],
      ["run", "x.yaml", "--replications", "0"], ["run", "x.yaml", "--time-limit", "5"],
      ["run", "x.yaml", "--memory-limit", "-4GiB"], ["run", "x.yaml", "--max-events", "0"],
      ["run", "x.yaml", "--format", "xml"], ["validate"], ["plan", "x.yaml", "--format", "csv"],
      ["init", "no-such-template"],
    ] {
      let recording = Recording()
      let status = await Console.$current.withValue(recording.console()) {
        await CommandLineRun(arguments: arguments).execute()
      }
      #expect(status == .cannotRun && recording.out.isEmpty && !recording.error.isEmpty, "\(arguments)")
    }
    #expect(await execute("run", "x.yaml", "--replicatons", "1").error.contains("--replications"))
  }

  @Test(
    "an answer that cannot be written is status 2, whatever the answer",
    arguments: [
      ["--version"], ["--help"], ["init"], ["schema"], ["catalog"], ["catalog", "--format", "json"],
      ["validate", "minimal.yaml"], ["validate", "minimal.yaml", "--format", "json"],
      ["plan", "minimal.yaml"],
      ["plan", "minimal.yaml", "--format", "json"], ["run", "minimal.yaml"],
      ["run", "minimal.yaml", "--format", "json"], ["run", "minimal.yaml", "--format", "csv"],
    ])
  func unwritable(arguments: [String]) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(await execute("init", "minimal", "--out", folder).status == .success)
    let placed = arguments.map { $0.hasSuffix(".yaml") ? "\(folder)/\($0)" : $0 }
    let short = ["run", "plan"].contains(arguments[0]) ? ["--set", "duration=5s"] : []
    var console = Recording().console()
    console.out = { _ in throw CommandStatus.cannotRun }
    let status = await Console.$current.withValue(console) {
      await CommandLineRun(arguments: placed + short).execute()
    }
    #expect(status == .cannotRun)
  }

  @Test("diagnostics of a file as a whole stand at its beginning, those of --set name it")
  func diagnostics() async throws {
    struct Document: Decodable {
      struct Place: Decodable, Equatable { var line: Int, column: Int }
      struct Range: Decodable { var start: Place, end: Place }
      struct Diagnostic: Decodable { var range: Range, source: String?, summary: String }
      var diagnostics: [Diagnostic]
    }
    let gone = await execute("validate", "/no/such/file.yaml", "--format", "json")
    let first = try JSONDecoder().decode(Document.self, from: Data(gone.out.utf8)).diagnostics
    #expect(first.count == 1 && first[0].range.start == .init(line: 1, column: 1) && first[0].source == nil)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = await execute("init", "minimal", "--out", folder)
    let set = await execute(
      "validate", "\(folder)/minimal.yaml", "--set", "duration=soon", "--format", "json")
    let second = try JSONDecoder().decode(Document.self, from: Data(set.out.utf8)).diagnostics
    #expect(second.count == 1 && second[0].source == "--set duration=soon")
  }

  @Test("options reach the run as typed")
  func mapping() throws {
    let command = try #require(
      try DryRackCommand.parseAsRoot([
        "run", "x.yaml", "--set", "a.b=1", "--set", "c=2", "--seed", "7", "--replications", "3", "--design",
        "cloud",
        "--jobs", "2", "--time-limit", "1.5m", "--memory-limit", "2GiB", "--max-events", "9", "--requests",
        "r.csv",
      ]) as? RunCommand)
    #expect(command.options.overrides == ["a.b=1", "c=2", "seed=7", "replications=3"])
    let options = command.runOptions
    #expect(options.jobs == 2 && options.designs == ["cloud"] && options.maximumEvents == 9)
    #expect(options.timeLimitSeconds == 90 && options.memoryLimitBytes == 2_147_483_648)
    #expect(options.keepRequests && !options.keepTimeline)
  }

  @Test("a limit outranks a failed threshold, a failed threshold outranks success")
  func exitStatus() {
    #expect(CommandStatus.of(complete: true, holds: []) == .success)
    #expect(CommandStatus.of(complete: true, holds: [true, false]) == .thresholdFailed)
    #expect(CommandStatus.of(complete: false, holds: [false]) == .limitReached)
    #expect(CommandStatus.of(complete: false, interrupted: true, holds: []) == .interrupted)
    #expect(CommandStatus.of(complete: true, interrupted: true, holds: [true]) == .success)
    #expect(
      [CommandStatus.success, .thresholdFailed, .cannotRun, .limitReached, .interrupted].map(\.rawValue)
        == [0, 1, 2, 3, 130])
  }

  @Test("colours need a terminal and nobody who objects")
  func colours() {
    let recording = Recording()
    #expect(recording.console(terminal: true).coloursAllowed(noColor: false))
    #expect(!recording.console(terminal: false).coloursAllowed(noColor: false))
    #expect(!recording.console(terminal: true).coloursAllowed(noColor: true))
    #expect(!recording.console(terminal: true, environment: ["NO_COLOR": "1"]).coloursAllowed(noColor: false))
    #expect(recording.console(terminal: true, environment: ["NO_COLOR": ""]).coloursAllowed(noColor: false))
  }

  @Test("limits carry units and are positive")
  func limits() {
    #expect(Limit.Time(argument: "90s")?.seconds == 90)
    #expect(Limit.Time(argument: "250ms")?.seconds == 0.25)
    #expect(Limit.Memory(argument: "4GB")?.bytes == 4_000_000_000)
    for bad in ["5", "s", "-5s", "0s", "nans", "1e400s", "١s", ""] {
      #expect(Limit.Time(argument: bad) == nil)
    }
    for bad in ["4", "GiB", "-1B", "99999999999TiB"] { #expect(Limit.Memory(argument: bad) == nil) }
  }

  @Test("distance is a metric on short words: zero to itself, symmetric, a swap is one edit")
  func distance() {
    let words = ["run", "rnu", "plan", "", "validate", "valdiate"]
    for left in words {
      for right in words {
        let forth = Suggestion.distance(Array(left), Array(right))
        #expect(forth == Suggestion.distance(Array(right), Array(left)))
        #expect((forth == 0) == (left == right))
      }
    }
    #expect(Suggestion.distance(Array("valdiate"), Array("validate")) == 1)
    #expect(Suggestion.nearest(to: "zzzzzz", among: words) == nil)
  }

  @Test("the catalogue finds kinds in singular and plural and suggests names")
  func catalogue() throws {
    let listing = CatalogueListing(entries: [
      CatalogueEntry(
        kind: "accelerators", name: "h100-sxm",
        facts: [.init(name: "memory", value: "80", unit: "GB", source: "NVIDIA data sheet", date: "2026-07")])
    ])
    #expect(try listing.select(kind: "accelerator", name: nil).get().count == 1)
    #expect(throws: CatalogueListing.Problem.self) { try listing.select(kind: "fish", name: nil).get() }
    let found = listing.select(kind: "accelerators", name: "h100-smx")
    guard case .failure(let problem) = found else {
      Issue.record("a wrong name was found")
      return
    }
    #expect(problem.message.contains("Did you mean 'h100-sxm'?"))
    let json = try JSONSerialization.jsonObject(with: Data(CatalogueListing.json(listing.entries).utf8))
    #expect((json as? [[String: Any]])?.count == 1)
    #expect(listing.table(listing.entries, kind: "accelerators", name: nil).contains("NVIDIA data sheet"))
  }

  @Test("init writes a template with what it names, and never over a file unasked")
  func initialise() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let list = await execute("init")
    #expect(list.status == .success)
    for template in ScenarioTemplate.all where template.isScenario {
      #expect(list.out.contains(template.name))
      #expect(await execute("init", template.name, "--out", folder).status == .success)
      #expect(try String(contentsOfFile: "\(folder)/\(template.path)", encoding: .utf8) == template.text)
      #expect(await execute("init", template.name, "--out", folder).status == .cannotRun)
      #expect(await execute("init", template.name, "--out", folder, "--force").status == .success)
      try FileManager.default.removeItem(atPath: folder)
    }
  }
}
