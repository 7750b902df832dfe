import Catalog
import Infrastructure
import Quantities
import Workloads

/// Trainings that do not fit: by how much, and what would.
extension Resolver {
  private static func gibibytes(_ bytes: Bytes) -> String {
    "\((bytes.value / 0x1p30 * 10).rounded() / 10) GiB"
  }

  private static func sentence(_ memory: TrainingMemory) -> String {
    "takes \(gibibytes(memory.total)) of an accelerator, \(gibibytes(memory.shortfall)) more than "
      + "the \(gibibytes(memory.usable)) that it can use"
  }

  /// A written layout that does not fit.
  mutating func tellShortfall(
    _ memory: TrainingMemory, _ model: TrainingStepModel, _ value: Written, _ path: String
  ) {
    var remedies = TrainingMemory.remedies(for: model.run, preset: model.preset).prefix(3).map {
      "\($0.change) (\(Self.gibibytes($0.memory.total)))"
    }
    if remedies.isEmpty { remedies = others(model.run, framework: model.preset, wanted: .init()) }
    fault(
      value, "\(path).parallelism", "the training \(Self.sentence(memory))",
      help: remedies.isEmpty ? "a smaller model or batch" : remedies.joined(separator: "; or "))
  }

  /// Nothing of what `parallelism: auto` looks at fits, or nothing is allowed.
  mutating func tellNoLayout(
    _ answer: LayoutSearch.Answer, _ run: TrainingRun, framework: TrainingPreset, accelerators: Int,
    wanted: LayoutSearch.Wanted, _ value: Written, _ path: String
  ) {
    guard let nearest = answer.nearest else {
      return tellNoneAllowed(run, accelerators: accelerators, wanted: wanted, value, path)
    }
    var near = run
    near.layout = nearest.layout
    let remedies = others(near, framework: framework, wanted: wanted)
    let count =
      answer.considered == 1 ? "the one considered" : "of \(answer.considered) considered the nearest"
    fault(
      value["parallelism"] ?? value, "\(path).parallelism",
      "no layout on \(accelerators) accelerators fits: \(count) (\(nearest.layout.words)) "
        + Self.sentence(nearest.memory),
      help: remedies.isEmpty ? "a smaller model or batch" : remedies.joined(separator: "; or "))
  }

  /// What would make a run fit whose every layout is too large: fewer wishes, more accelerators, narrower
  /// numbers.
  private func others(
    _ run: TrainingRun, framework: TrainingPreset, wanted: LayoutSearch.Wanted
  ) -> [String] {
    var remedies: [String] = []
    let own = run.layout.accelerators
    for (name, freed) in wanted.freed where fits(run, own, framework, freed) {
      remedies.append("leave `\(name)` to the search")
    }
    let node = max(1, run.acceleratorsPerNode)
    let fewest = LayoutSearch.fewest(for: run, preset: framework, perNode: node, wanted: wanted)
    if let (count, layout) = fewest {
      remedies.append(
        count <= own
          ? "`parallelism: auto`, which fits \(count) (\(layout.words))"
          : "\(count) accelerators, the fewest on which some layout fits (\(layout.words))")
    }
    for precision in [TrainingPrecision.fp8, .nvfp4]
    where !run.precision.isNarrow && run.accelerator.multiplies(in: precision.computeName) {
      var narrow = run
      narrow.precision = precision
      guard fits(narrow, own, framework, wanted) else { continue }
      remedies.append("`precision: \(precision.rawValue)`")
      break
    }
    return remedies
  }

  private func fits(
    _ run: TrainingRun, _ count: Int, _ preset: TrainingPreset, _ wanted: LayoutSearch.Wanted
  ) -> Bool {
    LayoutSearch.fitting(run, on: count, preset: preset, wanted: wanted) != nil
  }

  /// The batch does not divide as it has to.
  private mutating func tellNoneAllowed(
    _ run: TrainingRun, accelerators: Int, wanted: LayoutSearch.Wanted, _ value: Written, _ path: String
  ) {
    let batch = run.globalBatch
    if let microbatch = wanted.microbatch, microbatch > 0, batch % microbatch != 0 {
      let divisors = (1...max(1, min(batch, 4096))).filter { batch % $0 == 0 }
      let below = divisors.last { $0 < microbatch } ?? 1
      let above = divisors.first { $0 > microbatch }
      fault(
        value["microbatch"] ?? value, "\(path).microbatch",
        "microbatches of \(microbatch) sequences do not divide a global batch of \(batch)",
        help: "\(below)" + (above.map { " or \($0)" } ?? "") + " would")
      return
    }
    fault(
      value["parallelism"] ?? value, "\(path).parallelism",
      "no layout on \(accelerators) accelerators divides a global batch of \(batch) sequences among its "
        + "replicas" + (wanted.microbatch.map { " in microbatches of \($0)" } ?? ""),
      help: LayoutSearch.allowed(run, near: accelerators, wanted: wanted)
        .map { "\($0) accelerators would, or another global batch" } ?? "another global batch")
  }
}
