import Quantities

/// A serving engine with its defaults and host overheads.
public struct EnginePreset: Sendable, Hashable {
  public var name: String
  /// Tokens in a KV block.
  public var blockSize: Int
  /// Share of device memory that the engine takes, 0...1.
  public var memoryUtilization: Double
  /// Sequences that run at once, at most.
  public var maximumSequences: Int
  /// Tokens computed in one step, at most.
  public var maximumBatchedTokens: Int
  /// Whether a step is planned while the one before it runs.
  public var schedulesAhead: Bool
  /// How prompts run beside sequences that decode.
  public var promptScheduling: PromptScheduling
  /// Host time of every step.
  public var stepOverhead: Seconds
  /// Host time of every layer in every step.
  public var layerOverhead: Seconds
  /// Host time of every running sequence in every step.
  public var sequenceOverhead: Seconds
  /// Host time of a request before it reaches the scheduler's queue: tokenizing, handing over.
  public var frontEnd: Seconds
  /// Least time between two requests that the front end hands over: it is one thread.
  public var frontEndSpacing: Seconds
  /// What the engine's kernels take beside the times that the accelerator's coefficients give.
  public var kernelRatios: KernelRatios
  /// Device memory that the runtime and its libraries hold.
  public var runtimeMemory: Bytes
  /// Device memory of captured execution graphs.
  public var graphMemory: Bytes
  /// Device memory of communication buffers; needed only when several devices work together.
  public var communicationMemory: Bytes
  /// What its coefficients were calibrated on; `nil` for those of the catalogue.
  public var calibration: CalibratedRange?
  /// The catalogue's entry whose facts stand first: `name`, or one such as `tensorrt-llm@0` of its version.
  public var entry: String
}

/// Times of an engine's kernels over those that the accelerator's coefficients give; 1 where nothing is
/// known. They hold what differs from engine to engine: fusion, captured graphs, overlap, tuning.
public struct KernelRatios: Sendable, Hashable {
  /// Dense matrix products of few tokens (bound by reading weights) and of many (bound by arithmetic).
  public var weightReading: Double
  public var arithmetic: Double
  /// Routed experts of few tokens and of many.
  public var expertReading: Double
  public var expertArithmetic: Double
  /// Attention of decoding sequences over their cache, and of prompts.
  public var decodeAttention: Double
  public var promptAttention: Double
  /// All-reduces and all-to-alls inside a step.
  public var communication: Double

  public init(
    weightReading: Double = 1, arithmetic: Double = 1, expertReading: Double = 1,
    expertArithmetic: Double = 1, decodeAttention: Double = 1, promptAttention: Double = 1,
    communication: Double = 1
  ) {
    self.weightReading = weightReading
    self.arithmetic = arithmetic
    self.expertReading = expertReading
    self.expertArithmetic = expertArithmetic
    self.decodeAttention = decodeAttention
    self.promptAttention = promptAttention
    self.communication = communication
  }
}

extension Catalog {
  /// The engine of that name with its defaults on an accelerator, or `nil`.
  /// - Parameters:
  ///   - version: facts of an entry such as `tensorrt-llm@0` stand before those of the engine for every
  ///     version that begins so; the longest such beginning wins.
  ///   - accelerator: engines choose smaller batches on accelerators that the catalogue lists as small for
  ///     them; `nil` gives the defaults of large ones.
  /// - Complexity: constant, after the first use parsed the file.
  public func engine(_ name: String, version: String? = nil, on accelerator: String? = nil) -> EnginePreset? {
    guard let entry = engineEntry(name, version: version), let blockSize = entry.integer("block-size"),
      let utilization = entry.number("memory-utilization"),
      let manySequences = entry.integer("maximum-sequences"),
      let manyTokens = entry.integer("maximum-batched-tokens")
    else { return nil }
    let small = (entry.text("small-accelerators") ?? "").split(separator: " ").map(String.init)
    let isSmall = accelerator.map(small.contains) ?? false
    let sequences = isSmall ? entry.integer("maximum-sequences-small") ?? manySequences : manySequences
    let tokens = isSmall ? entry.integer("maximum-batched-tokens-small") ?? manyTokens : manyTokens
    func seconds(_ key: String) -> Seconds { Seconds(entry.number(key) ?? 0) }
    func ratio(_ key: String) -> Double { entry.number("\(key)-time-ratio") ?? 1 }
    func bytes(_ key: String) -> Bytes { Bytes(entry.number(key) ?? 0) }
    return EnginePreset(
      name: name, blockSize: blockSize, memoryUtilization: utilization, maximumSequences: sequences,
      maximumBatchedTokens: tokens, schedulesAhead: schedulesAhead(entry, version: version),
      promptScheduling: entry.text("prompt-scheduling").flatMap(PromptScheduling.init) ?? .chunked,
      stepOverhead: seconds("step-overhead-s"),
      layerOverhead: seconds("layer-overhead-s"), sequenceOverhead: seconds("sequence-overhead-s"),
      frontEnd: seconds("front-end-s"),
      frontEndSpacing: seconds("front-end-spacing-s"),
      kernelRatios: KernelRatios(
        weightReading: ratio("weight-reading"), arithmetic: ratio("arithmetic"),
        expertReading: ratio("expert-reading"), expertArithmetic: ratio("expert-arithmetic"),
        decodeAttention: ratio("decode-attention"), promptAttention: ratio("prompt-attention"),
        communication: ratio("communication")),
      runtimeMemory: bytes("runtime-memory-bytes"), graphMemory: bytes("graph-memory-bytes"),
      communicationMemory: bytes("communication-memory-bytes"), calibration: CalibratedRange(entry),
      entry: engineEntryName(name, version: version))
  }

  /// Whether the engine plans a step while the one before runs, in that version or in its newest.
  private func schedulesAhead(_ entry: FactEntry, version: String?) -> Bool {
    guard entry.flag("schedules-ahead") ?? false else { return false }
    func parts(_ text: String) -> [Int] {
      text.drop { $0 == "v" }.split(separator: ".").prefix(3).map { Int($0.prefix(while: \.isNumber)) ?? 0 }
    }
    guard let version, let first = entry.text("schedules-ahead-from") else { return true }
    return !parts(version).lexicographicallyPrecedes(parts(first))
  }

  /// The engine's facts, with those of its version in front.
  private func engineEntry(_ name: String, version: String?) -> FactEntry? {
    guard let base = table(.engines).entry(name) else { return nil }
    let own = engineEntryName(name, version: version)
    guard own != name, let facts = table(.engines).entry(own)?.facts else { return base }
    return FactEntry(name: name, facts: facts + base.facts)
  }

  /// The entry that a version of an engine takes its own facts from; the engine's name where there is none.
  public func engineEntryName(_ name: String, version: String?) -> String {
    var parts = (version ?? "").split(separator: ".").map(String.init)
    while !parts.isEmpty {
      let own = "\(name)@\(parts.joined(separator: "."))"
      if table(.engines).entry(own) != nil { return own }
      parts.removeLast()
    }
    return name
  }
}
