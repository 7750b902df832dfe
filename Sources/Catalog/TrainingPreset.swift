import Quantities

/// What a training framework reaches of an accelerator: fractions of its datasheet under sustained load, and
/// what the framework adds to them. They were fitted once over published runs; the rows of the catalogue's
/// `training` name their source.
public struct TrainingPreset: Sendable, Hashable {
  /// Fractions of the dense peaks that large products reach: with 16-bit inputs (over the bf16 peak), and
  /// with the run's own format (over that format's peak).
  public var wideProduct: Double
  public var product: Double
  /// Terms of each sum that a product loses beside its own: filling and draining the unit's pipeline.
  public var productDepth: Double
  /// Fraction of the bf16 peak that fused attention reaches, both passes together, causal pairs counted once.
  public var attention: Double
  /// Work of a query-key pair beside its products, in FLOP: the softmax.
  public var softmax: Double
  /// Fraction of the memory's bandwidth that element-wise kernels reach.
  public var memory: Double
  /// Times of the framework's kernels over those that the fractions give.
  public var arithmeticRatio: Double
  public var attentionRatio: Double
  public var elementwiseRatio: Double
  /// Of the routed experts' products, and of what moves and quantises their rows.
  public var expertRatio: Double
  public var expertTrafficRatio: Double
  /// What kernels take longer where an accelerator is new: at an age a in years of the software against its
  /// accelerator, all arithmetic takes 1 + immaturity ÷ (1 + a)² times as long.
  public var immaturity: Double
  /// Share of the communication that computing does not hide, 0...1.
  public var tensorExposed: Double
  public var contextExposed: Double
  public var expertExposed: Double
  public var pipelineExposed: Double
  public var dataExposed: Double
  /// The same of what sharded weights and gradients send for each microbatch.
  public var shardExposed: Double
  /// Whether full recompute computes a layer's last product again, whose output nothing needs: PyTorch's
  /// checkpoints stop early, and XLA drops it; Megatron's own run the whole layer.
  public var recomputesWhole: Bool
  /// Host time of a pass over a layer, and beside it over one with experts: the pass takes no less. Then of
  /// each microbatch and of each step.
  public var layerOverhead: Seconds
  public var expertLayerOverhead: Seconds
  /// What captured graphs leave of the host time of a pass, 0...1.
  public var capturedShare: Double
  public var microbatchOverhead: Seconds
  public var stepOverhead: Seconds
  /// Standard deviation of a node's time of a step over its mean.
  public var variation: Double
  /// Bytes of a gradient where it is summed and where it is sent.
  public var gradientBytes: Double
  /// Device memory of the runtime, its libraries and communication buffers.
  public var runtimeMemory: Bytes
  /// Share of the device's memory that a run can fill before fragments stop it, 0...1.
  public var memoryShare: Double
}

extension Catalog {
  /// The coefficients of a framework on an accelerator. An accelerator's own rows come before those of the
  /// relative that it names with `like`, and those before its class's; a framework's own before `default`.
  ///
  /// - Parameters:
  ///   - framework: an entry of `training`, such as `megatron-core`; unknown ones take `default`.
  ///   - format: `bf16`, `fp16`, `fp8`, `mxfp8` or `nvfp4`.
  /// - Complexity: some fifty look-ups; ask once a run, not once a layout.
  public func training(framework: String, accelerator: Accelerator, format: String) -> TrainingPreset {
    let own = table(.training).entry(accelerator.name)
    let entries = [
      own, own?.text("like").flatMap { table(.training).entry($0) },
      table(.training).entry("default-\(accelerator.kind.rawValue)"),
    ]
    let frameworks = [table(.training).entry(framework), table(.training).entry("default")]
    func rate(_ keys: [String], otherwise: Double) -> Double {
      for entry in entries {
        for key in keys { if let value = entry?.number(key) { return value } }
      }
      return otherwise
    }
    func number(_ key: String, otherwise: Double) -> Double {
      for entry in frameworks { if let value = entry?.number(key) { return value } }
      return otherwise
    }
    let name = format == "fp16" ? "bf16" : format
    return TrainingPreset(
      wideProduct: rate(["product.bf16"], otherwise: 0.6),
      product: rate(["product.\(name)"] + (name == "mxfp8" ? ["product.fp8"] : []), otherwise: 0.5),
      productDepth: rate(["product-depth"], otherwise: 128),
      attention: rate(["attention"], otherwise: 0.4), softmax: rate(["softmax"], otherwise: 64),
      memory: rate(["memory"], otherwise: 0.8),
      arithmeticRatio: number("arithmetic-time-ratio", otherwise: 1),
      attentionRatio: number("attention-time-ratio", otherwise: 1),
      elementwiseRatio: number("elementwise-time-ratio", otherwise: 1),
      expertRatio: number("expert-time-ratio", otherwise: 1),
      expertTrafficRatio: number("expert-traffic-time-ratio", otherwise: 1),
      immaturity: number("immaturity", otherwise: 0),
      tensorExposed: number("tensor-exposed", otherwise: 0.5),
      contextExposed: number("context-exposed", otherwise: 0.3),
      expertExposed: number("expert-exposed", otherwise: 1),
      pipelineExposed: number("pipeline-exposed", otherwise: 0.5),
      dataExposed: number("data-exposed", otherwise: 0.1),
      shardExposed: number("shard-exposed", otherwise: 0.2),
      recomputesWhole: number("recomputes-whole", otherwise: 1) > 0,
      layerOverhead: Seconds(number("layer-overhead", otherwise: 0)),
      expertLayerOverhead: Seconds(number("expert-layer-overhead", otherwise: 0)),
      capturedShare: number("captured-share", otherwise: 0.3),
      microbatchOverhead: Seconds(number("microbatch-overhead", otherwise: 0)),
      stepOverhead: Seconds(number("step-overhead", otherwise: 0)),
      variation: number("variation", otherwise: 0.01),
      gradientBytes: number("gradient-bytes", otherwise: 4),
      runtimeMemory: Bytes(number("runtime-memory", otherwise: 3e9)),
      memoryShare: number("memory-share", otherwise: 0.95))
  }
}
