extension ScenarioFamily {
  /// Points that are tried before a sweep starts.
  static let pointsTried = 2_000

  /// Every fault that the points of a space have, before anything runs; `nil` without any.
  ///
  /// Each fault is told once, with the first point that has it. Of a space with more than 2,000 points, those
  /// are tried that take each value of a parameter with the first values of the others, and points spread
  /// evenly over the rest: the others show when they come up.
  ///
  /// - Complexity: O(points tried × values of the scenario).
  public func faults(in space: SweepSpace) -> FaultReport? {
    var found: [Fault] = []
    var places = Set<Fault>()
    for overrides in trials(of: space) where found.count < 50 {
      guard case .failure(let failure) = scenario(at: overrides) else { continue }
      for var fault in failure.faults where places.insert(fault).inserted {
        let point = overrides.map { "\($0.path)=\($0.value)" }.joined(separator: ", ")
        fault.help = (fault.help.map { $0 + "; " } ?? "") + "first at the point \(point)"
        found.append(fault)
      }
    }
    return found.isEmpty ? nil : report(found)
  }

  private func trials(of space: SweepSpace) -> [[Override]] {
    if space.count <= Self.pointsTried { return (0..<space.count).map(space.overrides) }
    var trials: [[Override]] = []
    if space.method == .grid {
      let first = space.overrides(ofPoint: 0)
      for (position, parameter) in space.parameters.enumerated() {
        for level in parameter.levels.prefix(Self.pointsTried / space.parameters.count) {
          var point = first
          point[position] = Override(
            path: parameter.path, value: level.text, line: level.line, column: level.column)
          trials.append(point)
        }
      }
    }
    let rest = max(1, Self.pointsTried - trials.count)
    let stride = max(1, space.count / rest)
    return trials + Swift.stride(from: 0, to: space.count, by: stride).map(space.overrides)
  }
}
