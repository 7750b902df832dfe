/// Times that a user measured on an accelerator: of kernels, of whole steps, or of both.
///
/// `docs/kernel-table.md` lays the file out, `KernelTableReader` reads it, `TableModel` prices steps with it.
public struct KernelTable: Sendable {
  /// What a row times.
  public enum Kind: String, Sendable, CaseIterable {
    /// One call of a layer that works on every token, by tokens.
    case dense
    /// The routed experts of one layer, by tokens.
    case experts = "moe"
    /// One layer's attention: of a prompt's chunk, of decoding sequences, or of both in one kernel.
    case attention
    /// What runs once for every sequence that gets a token, by sequences.
    case perSequence = "per_sequence"
    /// One all-reduce, by bytes and devices.
    case allReduce = "all_reduce"
    /// A whole step that only decodes, by sequences and their contexts.
    case decodeStep = "decode_step"
    /// A whole step that computes one prompt, by tokens and cached prefix.
    case prefillStep = "prefill_step"
  }

  /// Layers that a row may name.
  public enum Layer: String, Sendable, CaseIterable {
    case qkv, o
    case gateUp = "gate_up"
    case down, norm
    case qkNorm = "qk_norm"
    case activation, rotary, shared, other, embedding
    case finalNorm = "final_norm"
    case head = "lm_head"
    case sampler

    /// Whether it runs once for every sequence that gets a token rather than for every token.
    var isPerSequence: Bool { self == .head || self == .sampler }
  }

  /// One measured time. Quantities that its kind does not have are 0.
  public struct Row: Sendable, Hashable {
    public var kind: Kind
    public var layer: Layer?
    /// Accelerators that share each layer.
    public var tensor = 1
    /// Tokens of the step; for attention, those of the prompt's chunk.
    public var tokens = 0
    /// KV entries of the prompt that were there before.
    public var prefix = 0
    /// Sequences that decode, or that get a token.
    public var sequences = 0
    /// KV entries that the decoding sequences read, all together.
    public var context = 0
    public var bytes = 0
    public var devices = 0
    /// Measured time [s].
    public var seconds = 0.0
    /// Line of the file, from 1.
    public var line = 0

    public init(kind: Kind) { self.kind = kind }
  }

  /// What the comment lines of the file say it was measured with; `nil` where they say nothing.
  public struct Origin: Sendable, Hashable {
    public var device: String?
    public var accelerator: String?
    public var weights: String?
    public var layers: Int?
    public var hidden: Int?
    public init() {}
  }

  public let origin: Origin
  /// In the order of the file.
  public let rows: [Row]

  init(origin: Origin, rows: [Row]) {
    self.origin = origin
    self.rows = rows
  }

  /// The table with its kernels alone.
  public var withoutSteps: KernelTable {
    KernelTable(
      origin: origin, rows: rows.filter { $0.kind != .decodeStep && $0.kind != .prefillStep })
  }

  /// The tensor parallelism to take rows of that kind from: the one asked for, else the next smaller, else
  /// the smallest; `nil` when there are none.
  func tensor(for wanted: Int, _ kind: Kind) -> Int? {
    let there = rows.lazy.filter { $0.kind == kind }.map(\.tensor)
    return there.filter { $0 <= wanted }.max() ?? there.min()
  }

  /// The rows that price that tensor parallelism.
  func rows(_ kind: Kind, for tensor: Int) -> [Row] {
    let taken = self.tensor(for: tensor, kind)
    return rows.filter { $0.kind == kind && $0.tensor == taken }
  }
}

/// Something wrong in a table, with its place.
public struct KernelTableFault: Error, Sendable, Hashable {
  /// From 1.
  public var line: Int
  /// From 1.
  public var column: Int
  /// Columns that it spans.
  public var length: Int
  public var message: String
  public var help: String?
}

/// All faults of one table.
public struct KernelTableFaults: Error, Sendable {
  public var faults: [KernelTableFault]
}
