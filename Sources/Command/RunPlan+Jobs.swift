import DryRack

extension RunPlan {
  static func training(_ workload: TrainingWorkload) -> Section {
    let length: String
    switch workload.length {
    case .steps(let steps): length = "\(PlanWords.number(steps)) steps"
    case .tokens(let tokens): length = "\(PlanWords.number(tokens)) tokens"
    case .time(let span): length = "\(PlanWords.duration(span.value)) of work that counts"
    }
    var lines = [
      Line(name: "model", value: workload.model.name), Line(name: "ends after", value: length),
      Line(
        name: "a step",
        value:
          "\(workload.globalBatch) sequences of \(workload.sequence) tokens, \(workload.precision.rawValue)"),
    ]
    if let data = workload.data {
      lines.append(
        Line(
          name: "samples",
          value: "\(PlanWords.number(data.samplesPerStep)) a step of "
            + "\(PlanWords.number(data.bytesPerSample.value / 1e6)) MB, \(data.workers) readers, "
            + "\(data.prefetch) batches ahead"))
    }
    if let deadline = workload.deadline {
      lines.append(Line(name: "deadline", value: PlanWords.duration(deadline.value)))
    }
    return Section(title: "workload \(workload.name)", lines: lines)
  }

  static func collective(_ workload: CollectiveWorkload) -> Section {
    let sizes = workload.sizes.map { "\(PlanWords.number($0.value)) B" }.joined(separator: ", ")
    return Section(
      title: "workload \(workload.name)",
      lines: [
        Line(name: "operation", value: workload.operation.rawValue), Line(name: "sizes", value: sizes),
        Line(name: "algorithm", value: workload.algorithm.rawValue),
      ])
  }

  static func trace(_ workload: JobTraceWorkload) -> Section {
    let jobs = workload.trace.jobs
    let last = jobs.map(\.arrival).max() ?? .zero
    return Section(
      title: "workload \(workload.name)",
      lines: [
        Line(name: "recorded jobs", value: "\(jobs.count)"),
        Line(name: "the last comes after", value: PlanWords.duration(last.seconds.rounded())),
      ])
  }

  /// Storage and jobs of a design.
  static func jobs(_ design: Design, in scenario: Scenario) -> [Section] {
    var sections: [Section] = []
    if !design.storage.isEmpty {
      sections.append(
        Section(
          title: "storage of \(design.name)",
          lines: design.storage.map { tier in
            Line(
              name: tier.name,
              value: "reads \(rate(tier.readBandwidth)), writes \(rate(tier.writeBandwidth)), a client "
                + (tier.clientBandwidth.value.isFinite ? rate(tier.clientBandwidth) : "as much as all"))
          }))
    }
    for (job, index, training) in design.trainingJobs {
      sections.append(
        Section(
          title: "job \(job.name) of \(design.name)",
          lines: lines(of: training, job, scenario.trainings[index], design)))
    }
    return sections
  }

  private static func lines(
    of training: TrainingJob, _ job: JobDeployment, _ workload: TrainingWorkload, _ design: Design
  ) -> [Line] {
    let memory = training.memory
    let step = training.step
    var lines = [
      Line(name: "accelerators", value: "\(job.accelerators) of '\(design.pools[job.poolIndex].name)'"),
      Line(name: "layout", value: training.run.layout.words),
      Line(
        name: "step",
        value: "\(PlanWords.number(step.time.value)) s, MFU "
          + "\(PlanWords.number((step.modelUtilization * 1000).rounded() / 10)) %, "
          + "most of it \(step.shares.largest)"
      ),
      Line(
        name: "steps",
        value: PlanWords.number(workload.steps(stepTime: step.time)) + ", without anything in their way "
          + PlanWords.duration((workload.steps(stepTime: step.time) * step.time.value).rounded())),
    ]
    for (name, bytes) in [
      ("weights", memory.weights), ("gradients", memory.gradients), ("optimizer state", memory.optimizer),
      ("activations", memory.activations), ("logits", memory.logits), ("runtime", memory.runtime),
      ("in all", memory.total), ("usable", memory.usable),
    ] {
      lines.append(Line(name: "memory, \(name)", value: gibibytes(bytes)))
    }
    lines.append(Line(name: "checkpoint", value: gibibytes(training.checkpointBytes)))
    return lines
  }

  private static func gibibytes(_ bytes: Bytes) -> String {
    "\(PlanWords.number((bytes.value / 0x1p30 * 10).rounded() / 10)) GiB"
  }

  private static func rate(_ rate: BytesPerSecond) -> String { "\(PlanWords.number(rate.value / 1e9)) GB/s" }
}
