import ArgumentParser

/// One call of the command, from its arguments to its exit status.
struct CommandLineRun {
  var arguments: [String]

  func execute() async -> CommandStatus {
    do { return try await answer() } catch { return error as? CommandStatus ?? .cannotRun }
  }

  private func answer() async throws -> CommandStatus {
    let console = Console.current
    // Answered before the parser wakes up: scripts ask for it often.
    if arguments == ["--version"] {
      try console.out(Layers.version + "\n")
      return .success
    }
    if let message = unknownCommand() { return console.fail(message) }
    do {
      var command = try DryRackCommand.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .success
    } catch let status as CommandStatus {
      return status
    } catch {
      let text = DryRackCommand.fullMessage(for: error)
      // Help that was asked for is an answer; ArgumentParser's 64 is our 2.
      if DryRackCommand.exitCode(for: error).isSuccess {
        try console.out(text + "\n")
        return .success
      }
      console.error(text + "\n")
      return .cannotRun
    }
  }

  /// Commands that are promised and still to come.
  private static let planned = [
    "report", "explore",
  ]

  private func unknownCommand() -> String? {
    guard let name = arguments.first, !name.hasPrefix("-"), name != "help" else { return nil }
    let known = DryRackCommand.configuration.subcommands.map { $0._commandName }
    if known.contains(name) { return nil }
    let shown = name.filter { !$0.isNewline }
    if Self.planned.contains(name) {
      return
        "'\(name)' is part of the plan and not in this version; there are \(known.joined(separator: ", "))"
    }
    guard let nearest = Suggestion.nearest(to: name, among: known) else {
      return "unknown command '\(shown)'; known are \(known.joined(separator: ", "))"
    }
    return "unknown command '\(shown)'. Did you mean '\(nearest)'?"
  }
}
