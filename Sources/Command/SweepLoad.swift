import DryRack

/// From what the command line says to what a sweep runs.
enum SweepLoad {
  /// The plan, or an exit after all faults of the scenario, the space and its points are on the error stream.
  static func plan(_ command: SweepCommand, console: Console) throws(CommandStatus) -> SweepPlan {
    func tell(_ report: FaultReport) -> CommandStatus {
      console.error(report.description + "\n")
      return .cannotRun
    }
    var settings: [SweepSetting] = []
    for override in Layers.overrides(command.options) {
      // The last that is said of a path holds, as it does in `run`.
      if let first = settings.first(where: { $0.path == override.path }), first.value != override.value,
        !command.execution.quiet
      {
        console.error(
          "note: --set \(first.path)=\(first.value) is replaced by the later =\(override.value); "
            + "several values go into one --set, as \(first.path)=1,2\n")
      }
      settings.removeAll { $0.path == override.path }
      settings.append(SweepSetting(path: override.path, value: override.value))
    }
    let fixed = settings.filter { !$0.isSwept }
    let family: ScenarioFamily
    do throws(FaultReport) {
      family = try ScenarioFamily(
        path: command.scenario, overrides: fixed.map { Override(path: $0.path, value: $0.value) },
        allowedFolders: command.options.allowPath)
    } catch { throw tell(error) }
    let space: SweepSpace
    switch family.sweepSpace(
      settings: settings.filter(\.isSwept), fixed: fixed.map(\.path), method: command.method,
      points: command.points)
    {
    case .success(let read): space = read
    case .failure(let report): throw tell(report)
    }
    if space.repeated > 0, !command.execution.quiet {
      console.error(
        "note: \(space.repeated) of \(space.count + space.repeated) points have the values of earlier ones; "
          + "\(space.count) are run\n")
    }
    if let report = family.faults(in: space) { throw tell(report) }
    let first: Scenario
    switch family.scenario(at: space.overrides(ofPoint: 0)) {
    case .success(let scenario): first = scenario
    case .failure(let report): throw tell(report)
    }
    try ScenarioLoad.check(designs: command.options.design, of: first, console: console)
    return SweepPlan(
      family: family, space: space, first: first, designs: command.options.design,
      keepsReplications: command.replicationRows)
  }

  /// The points of a shard as JSON lines: number, values, and the settings that make another command run
  /// them.
  static func list(_ plan: SweepPlan, shard: Shard, console: Console) throws {
    var text = ""
    for position in 0..<shard.size(of: plan.space.count) {
      let point = shard.index + position * shard.count
      let values = zip(plan.space.parameters, plan.values(ofPoint: point)).map { parameter, value in
        switch value {
        case .number(let number): (parameter.path, JSONValue.number(number))
        case .text(let text): (parameter.path, JSONValue.string(text))
        }
      }
      let settings = plan.space.overrides(ofPoint: point).map { JSONValue.string("\($0.path)=\($0.value)") }
      let members: [(String, JSONValue)] = [
        ("point", .integer(Int64(point))), ("values", .object(values)), ("set", .array(settings)),
      ]
      text += JSONValue.object(members).text() + "\n"
      if text.utf8.count > 1 << 16 {
        try console.out(text)
        text = ""
      }
    }
    try console.out(text)
  }
}
