/// What a router remembers of the prompts it sent to one replica: what it may expect to be cached there. As
/// much as the replica's KV cache holds, the least recently sent forgotten first (the approximate tree of
/// SGLang's cache-aware router).
///
/// A class, since a router keeps many; it is confined to the task of its World.
public final class PrefixMemory {
  private var store: TierStore
  private let blockSize: Int64
  private let chains: BlockChains?

  /// - Parameter blocks: of the replica's KV cache.
  public init(blockSize: Int, blocks: Int, chains: BlockChains?) {
    precondition(blockSize > 0 && blocks >= 0, "a KV cache has whole blocks")
    store = TierStore(capacity: Int64(blocks))
    self.blockSize = Int64(blockSize)
    self.chains = chains
  }

  /// Tokens at the start of a prompt that were sent here before, in full blocks.
  /// - Complexity: O(stretches of the content).
  public func tokens(of content: PromptContent, promptTokens: Int32) -> Int64 {
    let names = chains?.pointer ?? .none
    let limit = Int64(promptTokens) / blockSize
    var position: Int64 = 0
    for index in 0..<content.stretches where position < limit {
      let (name, end) = content.stretch(index, in: names)
      let last = min(limit, end / blockSize)
      if last <= position { continue }
      let start = content.start(of: index, in: names) / blockSize
      let reached = start + Int64(store.extent(of: name, from: 0, limit: Int32(last - start)))
      position = max(position, reached)
      if reached < last { break }
    }
    return position * blockSize
  }

  /// A prompt was sent here.
  /// - Complexity: O(stretches of the content).
  public func note(_ content: PromptContent, promptTokens: Int32) {
    let names = chains?.pointer ?? .none
    var end = Int64(promptTokens) / blockSize
    var index = content.stretches - 1
    while end > 0 {
      let start = content.start(of: index, in: names) / blockSize
      if start < end {
        let name = content.stretch(index, in: names).name
        _ = store.store(TierStore.Piece(name: name, begin: 0, end: Int32(end - start)))
        end = start
      }
      index -= 1
    }
    store.evicted.removeAll(keepingCapacity: true)
  }
}

/// A change of what a replica's cache holds: so many leading blocks of a content.
struct CacheChange {
  var name: UInt64
  var blocks: Int32
}

/// A router's copy of what one replica's cache holds, as of when it was last brought up to date.
public final class CacheView {
  private var table = ContentTable()
  private let blockSize: Int64
  private let chains: BlockChains?

  /// The view of an empty cache.
  public init(blockSize: Int, chains: BlockChains?) {
    precondition(blockSize > 0, "a KV block holds tokens")
    self.blockSize = Int64(blockSize)
    self.chains = chains
  }

  /// Tokens at the start of a prompt that would not have to be computed.
  /// - Complexity: O(stretches of the content).
  public func tokens(of content: PromptContent, promptTokens: Int32) -> Int64 {
    let names = chains?.pointer ?? .none
    let limit = Int64(promptTokens - 1) / blockSize
    var found: Int64 = 0
    for index in 0..<content.stretches where found < limit {
      let (name, end) = content.stretch(index, in: names)
      let wanted = min(limit, end / blockSize) - found
      if wanted <= 0 { continue }
      let known = table[name]
      let taken = known == ContentTable.absent ? 0 : min(wanted, Int64(known))
      found += taken
      if taken < wanted { break }
    }
    return found * blockSize
  }

  func apply(_ changes: [CacheChange]) {
    for change in changes {
      if change.blocks == 0 {
        table.remove(change.name)
      } else {
        table.set(change.name, to: UInt32(change.blocks))
      }
    }
  }
}
