import Kernel

/// A tier that replicas write to and read from: one for each replica, or one shared by all of a service.
///
/// A class, since replicas share it; it is confined to the task of its World like all else.
public final class CacheTier {
  private var store: TierStore

  /// An empty tier.
  /// - Parameter bytesPerBlock: one KV block of the whole replica [B].
  public init(_ settings: TierSettings, bytesPerBlock: Double) {
    store = TierStore(capacity: settings.blocks(of: bytesPerBlock))
  }

  func extent(of name: UInt64, from: Int32, limit: Int32) -> Int32 {
    store.extent(of: name, from: from, limit: limit)
  }

  /// Stores a piece as the most recently used; what had to give way is added to `evicted`.
  /// - Returns: blocks written.
  func take(_ piece: TierStore.Piece, evicted: inout [TierStore.Piece]) -> Int64 {
    let written = store.store(piece)
    if !store.evicted.isEmpty {
      evicted += store.evicted
      store.evicted.removeAll(keepingCapacity: true)
    }
    return written
  }
}

/// What went through one tier of one replica.
public struct TierTotals: Sendable, Hashable {
  /// Prompt tokens of admitted requests that came from here.
  public var tokensFound: Int64 = 0
  public var blocksRead: Int64 = 0
  public var blocksWritten: Int64 = 0
  /// Time in which the tier's link was busy for this replica.
  public var busy = Ticks.zero
  public init() {}
}

/// The tiers below one replica, in order. Blocks that the accelerator evicts are written to the first, unless
/// they are there already; blocks that are read stay where they were.
struct TierStack {
  let tiers: [CacheTier]
  private(set) var written: [Int64]

  init(_ tiers: [CacheTier]) {
    self.tiers = tiers
    written = Array(repeating: 0, count: tiers.count)
  }

  var isEmpty: Bool { tiers.isEmpty }

  /// Writes a piece to a tier, and what that pushes out to the next.
  mutating func store(_ piece: TierStore.Piece, in tier: Int = 0) {
    var evicted: [TierStore.Piece] = []
    written[tier] += tiers[tier].take(piece, evicted: &evicted)
    if tier + 1 < tiers.count {
      for lost in evicted { store(lost, in: tier + 1) }
    }
  }

  /// The first tier that holds a content from a block on, and how far it goes there.
  func find(_ name: UInt64, from: Int32, limit: Int32) -> (tier: Int, end: Int32)? {
    for tier in tiers.indices {
      let end = tiers[tier].extent(of: name, from: from, limit: limit)
      if end > from { return (tier, end) }
    }
    return nil
  }
}
