/// Exact times and bubbles of pipeline schedules, with stages of equal time and no communication.
///
/// Sources: Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
/// Megatron-LM", arXiv 2104.04473, section 2.2 (1F1B, interleaved); Qi et al., "Zero Bubble Pipeline
/// Parallelism", ICLR 2024, table 2 (ZB-H1). All costs are O(1).
public struct PipelineSchedule: Sendable, Hashable {
  public var kind: TrainingLayout.Schedule
  /// Stages, 1 or more.
  public var stages: Int
  /// Microbatches, 1 or more.
  public var microbatches: Int
  /// Chunks of layers a stage, 1 or more; counts only with the interleaved schedule.
  public var chunks: Int

  /// - Precondition: all numbers are positive.
  public init(_ kind: TrainingLayout.Schedule, stages: Int, microbatches: Int, chunks: Int = 1) {
    precondition(stages > 0 && microbatches > 0 && chunks > 0)
    self.kind = kind
    self.stages = stages
    self.microbatches = microbatches
    self.chunks = kind == .interleaved ? chunks : 1
  }

  /// Time that a stage idles, over the time it works: (p − 1) ÷ (m v); with ZB-H1 a third of it, where the
  /// forward pass and both halves of the backward pass take the same.
  public var bubbleOverIdeal: Double {
    let fill = Double(stages - 1) / (Double(microbatches) * Double(chunks))
    return kind == .zeroBubble ? fill / 3 : fill
  }

  /// Time that a stage idles, over all the time of the step: (p − 1) ÷ (m v + p − 1) for 1F1B and
  /// interleaved.
  public var bubbleFraction: Double { bubbleOverIdeal / (1 + bubbleOverIdeal) }

  /// Microbatches whose activations the first stage holds at once, at most: min(p, m) for 1F1B and ZB-H1;
  /// the interleaved schedule holds 1 + (p − 1) ÷ (p v) times as many layers' worth (Korthikanti et al.,
  /// arXiv 2205.05198, section 4.2.3).
  public var peakInFlight: Double {
    let depth = Double(min(stages, microbatches))
    guard chunks > 1 else { return depth }
    let interleaved = Double(stages) * (1 + Double(stages - 1) / (Double(stages) * Double(chunks)))
    return min(interleaved, Double(microbatches))
  }

  /// What a stage takes for a microbatch; any unit of time.
  public struct StageTime: Sendable, Hashable {
    public var forward: Double
    /// Of the backward pass: gradients of the inputs and of the weights.
    public var inputGradient: Double
    public var weightGradient: Double

    public init(forward: Double, inputGradient: Double, weightGradient: Double = 0) {
      self.forward = forward
      self.inputGradient = inputGradient
      self.weightGradient = weightGradient
    }

    /// Everything.
    public var total: Double { forward + inputGradient + weightGradient }
  }

  /// Time of a step whose stages all take `stage` a microbatch:
  /// 1F1B (m + p − 1)(f + b), interleaved (m + (p − 1) ÷ v)(f + b), ZB-H1 m (f + B + W) + (p − 1)(f + B − W).
  public func time(_ stage: StageTime) -> Double {
    Double(microbatches) * stage.total + Double(stages - 1) * fill(stage)
  }

  /// Time of a step in which the slowest stage sets the pace and the others take `others` in the mean: its
  /// own microbatches, and one passage through every other stage.
  public func time(slowest: StageTime, others: StageTime) -> Double {
    Double(microbatches) * slowest.total + Double(stages - 1) * fill(others)
  }

  /// What each further stage adds to fill and drain.
  private func fill(_ stage: StageTime) -> Double {
    switch kind {
    case .oneForwardOneBackward: stage.total
    case .interleaved: stage.total / Double(chunks)
    case .zeroBubble: max(0, stage.forward + stage.inputGradient - stage.weightGradient)
    }
  }
}
