import Foundation
import Kernel
import Statistics

/// When an adapter comes to its slot.
public enum AdapterLoading: String, Sendable, Hashable, CaseIterable {
  /// Beside the steps of the others; who asks for it waits in the queue.
  case overlapped
  /// Before the step that takes in who asks for it, which waits with all that run.
  case blocking
}

/// What a replica is told once of the adapters that it serves (vLLM's `max_loras` and `max_cpu_loras`).
public struct AdapterSettings: Sendable, Hashable {
  /// How many different ones requests may ask for: 0 ..< count.
  public var count: Int
  /// Adapters on the accelerator, and so in one batch, at most.
  public var slots: Int
  /// Adapters in the host's memory, those on the accelerator included. The first of all lie there from the
  /// start.
  public var hostSlots: Int
  /// From the host's memory into a slot.
  public var copyTime: Ticks
  /// From storage into the host's memory.
  public var fetchTime: Ticks
  /// What they add to steps.
  public var cost: AdapterCost
  public var loading = AdapterLoading.overlapped

  public init(
    count: Int, slots: Int, hostSlots: Int, copyTime: Ticks, fetchTime: Ticks, cost: AdapterCost
  ) {
    precondition(count > 0 && count <= Self.most, "adapters are numbered in 16 bits")
    precondition(slots > 0 && hostSlots >= min(slots, count), "what lies in a slot lies in the host as well")
    precondition(copyTime >= .zero && fetchTime >= .zero, "a load takes time")
    self.count = count
    self.slots = slots
    self.hostSlots = hostSlots
    self.copyTime = copyTime
    self.fetchTime = fetchTime
    self.cost = cost
  }

  /// Adapters that a workload may ask for.
  public static let most = 65_535
}

/// Which adapter each request of a workload asks for.
public struct AdapterTraffic: Sendable, Hashable {
  /// How many different ones there are.
  public var count: Int
  /// Requests that ask for one, 0...1; the others go to the model itself.
  public var share: Double
  /// Exponent of their popularity: the a-th is asked for in proportion to a^−zipf; 0 for all alike.
  public var zipf: Double
  /// Draws one; `nil` when there is one.
  private let popularity: Distribution?

  /// - Complexity: O(count): the table that draws from them is made once.
  public init(count: Int, share: Double, zipf: Double) {
    precondition(count > 0 && count <= AdapterSettings.most, "adapters are numbered in 16 bits")
    precondition(share >= 0 && share <= 1 && zipf >= 0, "a share, and an exponent")
    self.count = count
    self.share = share
    self.zipf = zipf
    let numbers = (0..<count).map(Double.init)
    popularity = count == 1 ? nil : .discrete(values: numbers, weights: numbers.map { pow($0 + 1, -zipf) })
  }

  /// Whether two requests can differ.
  public var isStochastic: Bool { share > 0 && (share < 1 || count > 1) }

  /// The adapter of one request, numbered from 1; 0 for the model itself.
  public func draw(_ stream: inout RandomStream) -> UInt16 {
    if stream.uniform() >= share { return 0 }
    return 1 + (popularity.map { UInt16($0.sample(&stream)) } ?? 0)
  }
}

/// What a replica did about adapters.
public struct AdapterTotals: Sendable, Hashable {
  /// Admitted requests with an adapter, and those whose adapter was in a slot when they came.
  public var requests: Int64 = 0
  public var hits: Int64 = 0
  /// Loads into a slot; of those, from storage.
  public var loads: Int64 = 0
  public var fetches: Int64 = 0
  /// Waiting for loads, over all requests [ticks].
  public var waited: Int64 = 0
  public init() {}

  mutating func add(_ other: AdapterTotals) {
    requests += other.requests
    hits += other.hits
    loads += other.loads
    fetches += other.fetches
    waited += other.waited
  }
}
