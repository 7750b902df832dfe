import Kernel
import Quantities
import Statistics

/// What a training step takes, and where the time goes.
public struct TrainingStep: Sendable, Hashable {
  /// Time of the slowest stage's rank in a step, by what bound it; `bubble` is time it waits for others.
  public struct Shares: Sendable, Hashable {
    public var compute = Seconds.zero
    public var memory = Seconds.zero
    /// Communication that computing does not hide.
    public var tensor = Seconds.zero
    public var context = Seconds.zero
    public var expert = Seconds.zero
    public var pipeline = Seconds.zero
    public var data = Seconds.zero
    public var bubble = Seconds.zero
    public var optimizer = Seconds.zero
    public var host = Seconds.zero
    /// Waiting for the slowest node.
    public var stragglers = Seconds.zero

    /// Nothing yet.
    public init() {}

    /// All communication together.
    public var network: Seconds { tensor + context + expert + pipeline + data }
    public var total: Seconds {
      compute + memory + network + bubble + optimizer + host + stragglers
    }

    /// What most of the step is bound by: compute, memory, network, bubble, optimizer, host or stragglers.
    public var largest: String {
      let parts = [
        ("compute", compute), ("memory", memory), ("network", network), ("bubble", bubble),
        ("optimizer", optimizer), ("host", host), ("stragglers", stragglers),
      ]
      var best = parts[0]
      for part in parts where part.1 > best.1 { best = part }
      return best.0
    }
  }

  /// Mean time of a step.
  public var time: Seconds
  public var shares: Shares
  /// Tokens of a step, over all replicas.
  public var tokens: Double
  public var accelerators: Int
  /// Arithmetic of a step that the model needs; causal pairs counted once, nothing computed again.
  public var modelFlops: Flops
  /// Dense bf16 peak of one accelerator, which utilisation refers to.
  public var peak: FlopsPerSecond
  /// Nodes whose slowest every step waits for, and the standard deviation of each over its mean.
  public var nodes: Int
  public var variation: Double

  /// What of it is bound by arithmetic, 0...1.
  public var computeShare: Double {
    shares.total > .zero ? min(1, shares.compute / shares.total) : 1
  }

  public var tokensPerSecond: PerSecond { PerSecond(tokens / time.value) }
  /// What benchmark tables state.
  public var tokensPerSecondPerAccelerator: PerSecond {
    PerSecond(tokens / time.value / Double(accelerators))
  }
  /// Model arithmetic of one accelerator.
  public var modelFlopsPerAccelerator: FlopsPerSecond {
    FlopsPerSecond(modelFlops.value / time.value / Double(accelerators))
  }
  /// Model FLOP utilisation over the bf16 peak (Chowdhery et al., PaLM, arXiv 2204.02311, appendix B).
  public var modelUtilization: Double { modelFlopsPerAccelerator / peak }

  /// The time that a share `p` of steps do not pass, 0 < p < 1: the largest of `nodes` independent normal
  /// times, Φ⁻¹(p^(1/n)) deviations above one node's mean.
  public func quantile(_ p: Double) -> Seconds {
    guard p > 0, p < 1 else { return p <= 0 ? .zero : Seconds(.infinity) }
    return nodeMean * max(0, 1 + variation * NormalLaw.quantile(Self.root(p, nodes)))
  }

  /// The time of one step, drawn.
  public func sample(_ stream: inout RandomStream) -> Seconds { quantile(stream.uniform()) }

  /// Mean of one node's time.
  public var nodeMean: Seconds {
    time / (1 + variation * Self.expectedLargest(of: nodes))
  }

  /// Expected largest of n standard normal draws, by Blom's plotting position Φ⁻¹((n − 0.375) ÷ (n + 0.25))
  /// (Blom, 1958); 0 for one.
  public static func expectedLargest(of n: Int) -> Double {
    guard n > 1 else { return 0 }
    return NormalLaw.quantile((Double(n) - 0.375) / (Double(n) + 0.25))
  }

  /// p^(1/n) by bisection on whole powers: the same bits on every machine.
  private static func root(_ p: Double, _ n: Int) -> Double {
    guard n > 1 else { return p }
    var low = 0.0
    var high = 1.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if LayerCost.power(middle, Double(n)) < p { low = middle } else { high = middle }
    }
    return min(high, 1 - 0x1p-53)
  }
}
