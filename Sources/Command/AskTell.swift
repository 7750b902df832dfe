import DryRack

/// Answers a program that chooses the points itself: a line in, a line out.
struct AskTell {
  var scenario: Scenario
  var settings: OptimizeSettings
  var source: ScenarioSource
  var options: RunOptions
  var designs: [String]

  /// The longest line that is taken: a point has some hundred bytes.
  private static let longest = 1 << 20

  /// Until the input ends.
  ///
  /// - Throws: what a search throws: 1 when no point was feasible, 3 at a limit.
  func answer(_ console: Console) async throws {
    var answers = PointAnswers(
      scenario, settings: settings, source: source, options: options, designs: designs)
    try console.out(AskTellLines.space(answers, settings, scenario: scenario) + "\n")
    var isFeasible = false
    while !Interruption.isRequested, let line = console.readLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      guard line.utf8.count <= Self.longest else {
        try console.out(AskTellLines.error(id: nil, "the line is longer than 1 MiB") + "\n")
        continue
      }
      switch PointAnswers.question(line) {
      case .failure(let problem):
        try console.out(AskTellLines.error(id: problem.id, problem.message) + "\n")
      case .success(let question):
        switch await answers.answer(question) {
        case .failure(let problem):
          try console.out(AskTellLines.error(id: question.id, problem.message) + "\n")
        case .success(let trial):
          isFeasible = isFeasible || trial.isFeasible
          try console.out(AskTellLines.tell(question, trial, violation: answers.violation(of: trial)) + "\n")
        }
      }
      if answers.isStopped { break }
    }
    let status = CommandStatus.of(
      complete: !answers.isStopped && !Interruption.isRequested, interrupted: Interruption.isRequested,
      holds: [isFeasible])
    if status != .success { throw status }
  }
}
