import Kernel
import Statistics
import Workloads

/// A request as the oracle takes it.
public struct StepwiseRequest: Sendable {
  public var arrival: Ticks
  public var promptTokens: Int32
  public var outputTokens: Int32
  /// Set when the prompt is computed elsewhere.
  public var remote: Remote?
  /// How long a prefill-only engine must keep the blocks after the prompt is computed.
  public var hold = Ticks.zero
  /// Of a queue by priority.
  public var priority: Int32 = 0
  /// Whose adapter it asks for; −1 for none.
  public var adapter = -1
  /// What its tokens are, once as the product takes it and once spelled out for the oracle.
  public var content: PromptContent?
  public var text: [StepwiseStretch]
  public init(
    arrival: Ticks, promptTokens: Int32, outputTokens: Int32, content: PromptContent? = nil,
    text: [StepwiseStretch] = []
  ) {
    self.arrival = arrival
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.content = content
    self.text = text
  }

  /// The KV entries of a prompt computed elsewhere are complete `delay` after both the blocks were reserved
  /// and the first token came out.
  public struct Remote: Sendable {
    public var firstToken: Ticks
    public var delay: Ticks
    public init(firstToken: Ticks, delay: Ticks) {
      self.firstToken = firstToken
      self.delay = delay
    }
  }
}

/// What the oracle saw.
public struct StepwiseResult: Sendable {
  public var completions: [Completion] = []
  public var interTokenGaps = LogHistogram()
  public var steps = 0
  public var computedTokens = 0
  public var preemptions = 0
  public var busy: Int64 = 0
  /// When remote sequences got their blocks, in order.
  public var reservations: [Reserved] = []
  /// Blocks that evictions wrote to each tier below, and those loaded from all of them.
  public var blocksWritten: [Int] = []
  public var blocksRead = 0
  /// Loads of adapters, and those of them from storage.
  public var adapterLoads = 0
  public var adapterFetches = 0
  public init() {}

  /// A remote sequence that got its blocks.
  public struct Reserved: Sendable, Hashable {
    public var handle: UInt32
    public var time: Ticks
    public init(handle: UInt32, time: Ticks) {
      self.handle = handle
      self.time = time
    }
  }
}
