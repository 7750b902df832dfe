import Catalog

/// Which numbers of accelerators a run fits at all.
extension LayoutSearch {
  /// The first layout on so many accelerators that fits their memory, in the search's order; `nil` for none.
  ///
  /// - Complexity: O(layouts), about a microsecond each.
  public static func fitting(
    _ run: TrainingRun, on accelerators: Int, preset: TrainingPreset, wanted: Wanted = Wanted()
  ) -> TrainingLayout? {
    var found: TrainingLayout?
    guard accelerators >= 1, run.model.faults.isEmpty else { return nil }
    forEachLayout(run, accelerators) { layout in
      guard found == nil, let chosen = wanted.applied(to: layout) else { return }
      var tried = run
      tried.layout = chosen
      guard tried.faults.isEmpty else { return }
      for recompute in TrainingLayout.Recompute.allCases {
        tried.layout.recompute = wanted.recompute ?? recompute
        guard TrainingMemory(tried, preset: preset).fits else { continue }
        found = tried.layout
        return
      }
    }
    return found
  }

  /// The fewest accelerators, in parts of a node or whole nodes, on which some layout fits, and that layout;
  /// `nil` where none of those looked at does.
  ///
  /// Looks at every number of nodes up to 64 and at doublings beyond, up to 65,536 accelerators: numbers that
  /// do not divide the batch fit nothing, however many they are.
  public static func fewest(
    for run: TrainingRun, preset: TrainingPreset, perNode: Int, wanted: Wanted = Wanted()
  ) -> (accelerators: Int, layout: TrainingLayout)? {
    for count in counts(perNode: perNode) {
      if let layout = fitting(run, on: count, preset: preset, wanted: wanted) { return (count, layout) }
    }
    return nil
  }

  /// The number of accelerators nearest to `count`, of those that `fewest` looks at, that some layout is
  /// allowed on, whatever its memory.
  public static func allowed(_ run: TrainingRun, near count: Int, wanted: Wanted = Wanted()) -> Int? {
    let near = counts(perNode: max(1, run.acceleratorsPerNode)).sorted { abs($0 - count) < abs($1 - count) }
    return near.prefix(64).first { number in
      var isAllowed = false
      forEachLayout(run, number) { layout in
        guard !isAllowed, let chosen = wanted.applied(to: layout) else { return }
        var tried = run
        tried.layout = chosen
        isAllowed = tried.faults.isEmpty
      }
      return isAllowed
    }
  }

  private static func counts(perNode: Int) -> [Int] {
    let node = max(1, perNode)
    let parts = (1..<node).filter { node % $0 == 0 }
    var counts = parts + (1...64).map { $0 * node }
    while counts.last! * 2 <= 65_536 { counts.append(counts.last! * 2) }
    return counts
  }
}

extension LayoutSearch.Wanted {
  /// The wishes that are there, by the key that says them, each with the others alone.
  public var freed: [(name: String, rest: LayoutSearch.Wanted)] {
    var freed: [(String, LayoutSearch.Wanted)] = []
    func add(_ name: String, _ isThere: Bool, _ drop: (inout LayoutSearch.Wanted) -> Void) {
      guard isThere else { return }
      var rest = self
      drop(&rest)
      freed.append((name, rest))
    }
    add("microbatch", microbatch != nil) { $0.microbatch = nil }
    add("recompute", recompute != nil) { $0.recompute = nil }
    add("optimizer-sharding", optimizerSharding != nil) { $0.optimizerSharding = nil }
    return freed
  }
}
