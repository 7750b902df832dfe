import Catalog
import Quantities

/// A change of the layout that saves memory, and what it leaves.
public struct TrainingRemedy: Sendable, Hashable {
  /// What to change, such as `tensor 8 instead of 4`.
  public var change: String
  public var layout: TrainingLayout
  public var memory: TrainingMemory
}

extension TrainingMemory {
  /// What would make a run fit that does not: every single change of its layout that does, cheapest in time
  /// first by its kind; where no single change is enough, all of them together or nothing.
  /// - Complexity: some ten memory plans.
  public static func remedies(for run: TrainingRun, preset: TrainingPreset) -> [TrainingRemedy] {
    var found: [TrainingRemedy] = []
    var together = run
    for (change, layout) in changes(of: run) {
      var changed = run
      changed.layout = layout
      guard changed.faults.isEmpty else { continue }
      let memory = TrainingMemory(changed, preset: preset)
      if memory.fits { found.append(TrainingRemedy(change: change, layout: layout, memory: memory)) }
    }
    guard found.isEmpty else { return found }
    var words: [String] = []
    for _ in 0..<12 {
      let before = TrainingMemory(together, preset: preset)
      if before.fits { break }
      var best: (String, TrainingRun, Bytes)?
      for (change, layout) in changes(of: together) {
        var changed = together
        changed.layout = layout
        guard changed.faults.isEmpty else { continue }
        let total = TrainingMemory(changed, preset: preset).total
        if total < (best?.2 ?? before.total) { best = (change, changed, total) }
      }
      guard let best else { return [] }
      words.append(best.0)
      together = best.1
    }
    let memory = TrainingMemory(together, preset: preset)
    guard memory.fits else { return [] }
    return [
      TrainingRemedy(change: words.joined(separator: ", "), layout: together.layout, memory: memory)
    ]
  }

  private static func changes(of run: TrainingRun) -> [(String, TrainingLayout)] {
    let layout = run.layout
    var changes: [(String, TrainingLayout)] = []
    func add(_ words: String, _ change: (inout TrainingLayout) -> Void) {
      var changed = layout
      change(&changed)
      changes.append((words, changed))
    }
    if layout.optimizerSharding < 3 {
      let more = layout.optimizerSharding + 1
      add("optimizer sharding \(more) instead of \(layout.optimizerSharding)") { $0.optimizerSharding = more }
    }
    if layout.microbatch > 1 {
      let less = (1..<layout.microbatch).reversed().first { layout.microbatch % $0 == 0 } ?? 1
      add("microbatch \(less) instead of \(layout.microbatch)") { $0.microbatch = less }
    }
    if layout.recompute == .none { add("selective recompute") { $0.recompute = .selective } }
    if layout.recompute != .full { add("full recompute") { $0.recompute = .full } }
    guard layout.data % 2 == 0 else { return changes }
    // Twice the ranks for the same accelerators: half the replicas.
    if layout.tensor * 2 <= run.domain {
      add("tensor \(layout.tensor * 2) instead of \(layout.tensor)") {
        ($0.tensor, $0.data, $0.sequenceParallel) = (layout.tensor * 2, layout.data / 2, true)
      }
    }
    add("pipeline \(layout.pipeline * 2) instead of \(layout.pipeline)") {
      ($0.pipeline, $0.data) = (layout.pipeline * 2, layout.data / 2)
    }
    if run.model.experts != nil, layout.expert * 2 <= layout.tensor * layout.context * layout.data {
      add("expert \(layout.expert * 2) instead of \(layout.expert)") { $0.expert = layout.expert * 2 }
    }
    return changes
  }
}
