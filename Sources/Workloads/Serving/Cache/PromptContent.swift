/// What the tokens of a request are, as far as another request may hold the same ones: up to three kinds of
/// stretches, one after the other from the first token on.
///
/// A stretch's name stands for its content *and for everything before it*, as a chained block hash does
/// (Kwon et al., "PagedAttention", SOSP 2023; vLLM's automatic prefix caching). Requests with the same name
/// at the same place therefore share their whole prefix up to there. No array, no reference: a request's
/// content costs nothing to make and nothing to copy.
@frozen public struct PromptContent: Sendable, Hashable {
  /// Name of a prefix common to a group of requests.
  public var shared: UInt64 = 0
  /// Name of a conversation's text, which every turn repeats and prolongs.
  public var carried: UInt64 = 0
  /// Name of what only this request says; it reaches as far as the request does.
  public var own: UInt64
  /// Tokens from the start to the end of the shared prefix.
  public var sharedTokens: Int32 = 0
  /// Tokens from the start to the end of the conversation's text.
  public var carriedTokens: Int32 = 0
  /// Tokens from the start to the end of the recorded blocks.
  public var chainTokens: Int32 = 0
  /// Place of the first recorded block in the trace's `BlockChains`, and how many there are.
  public var chainStart: UInt32 = 0
  public var chainCount: UInt32 = 0

  /// Content that no other request shares.
  public init(request: UInt32) { own = Self.name(.request, UInt64(request)) }

  /// The request's first `tokens` tokens are those of prefix group `group`.
  ///
  /// - Parameter adapter: computed with this adapter, numbered from 1, 0 for the model itself: KV entries of
  ///   one adapter are of no use to another.
  public mutating func setShared(group: UInt32, adapter: UInt16 = 0, tokens: Int32) {
    shared = Self.name(.group, UInt64(group) | UInt64(adapter) << 32)
    sharedTokens = max(0, tokens)
  }

  /// The request's first `tokens` tokens are those of conversation `session`.
  public mutating func setCarried(session: UInt32, tokens: Int32) {
    carried = Self.name(.session, UInt64(session))
    carriedTokens = max(0, tokens)
  }

  /// The request's first `tokens` tokens are the recorded blocks from `start` on.
  public mutating func setChain(start: UInt32, count: UInt32, tokens: Int32) {
    chainStart = start
    chainCount = count
    chainTokens = max(0, tokens)
  }

  /// Content of a request that nobody described: the `number`-th such request of a replica.
  init(undescribed number: Int64) { own = Self.name(.undescribed, UInt64(number)) }

  enum Kind: UInt64 { case group = 1, session, request, recorded, undescribed }

  /// Never 0, and never the same for two kinds.
  @inline(__always) static func name(_ kind: Kind, _ number: UInt64) -> UInt64 {
    kind.rawValue << 60 | number
  }

  /// Stretches there are; any but the last may be empty.
  @inline(__always) var stretches: Int { Int(chainCount) + 3 }

  /// Name and end [tokens from the start] of a stretch.
  @inline(__always) func stretch(_ index: Int, in chains: BlockChains.Names) -> (name: UInt64, end: Int64) {
    switch index {
    case 0: return (shared, Int64(sharedTokens))
    case 1: return (carried, Int64(carriedTokens))
    case let block where block < stretches - 1:
      let name = chains.base.unsafelyUnwrapped[Int(chainStart) + block - 2]
      let end = min(Int64(block - 1) * chains.tokens, Int64(chainTokens))
      return (Self.name(.recorded, UInt64(name)), end)
    default: return (own, .max)
    }
  }

  /// Where a stretch starts [tokens from the start].
  @inline(__always) func start(of index: Int, in chains: BlockChains.Names) -> Int64 {
    if index == 0 { return 0 }
    if index == 1 { return Int64(sharedTokens) }
    let before = Int64(max(sharedTokens, carriedTokens))
    return index == 2 ? before : max(before, stretch(index - 1, in: chains).end)
  }
}

/// The prefix blocks that a trace recorded with its requests, as names that stand for whole prefixes.
///
/// Traces name blocks by chained hashes, so a name implies its predecessors. Interning each (predecessor,
/// recorded name) pair keeps that true whatever a file holds.
public final class BlockChains: Sendable {
  /// Tokens in a recorded block.
  public let blockTokens: Int
  /// Distinct prefixes.
  public let distinct: Int
  /// Recorded blocks of all requests together.
  public let count: Int
  /// Request by request: where its names start; one entry more than there are requests.
  private let offsets: [UInt32]
  // At a stable address, never written again: replicas read it without touching a reference count.
  nonisolated(unsafe) private let names: UnsafeMutablePointer<UInt32>

  /// Where a replica reads names.
  struct Names {
    var base: UnsafePointer<UInt32>?
    var tokens: Int64

    static var none: Names { Names(base: nil, tokens: 1) }
  }

  /// - Parameter blocks: the recorded names of each request, first block first; fewer than 2³² in all.
  /// - Complexity: O(blocks).
  public init(blockTokens: Int, blocks: [[UInt64]]) {
    precondition(blockTokens > 0, "a recorded block holds tokens")
    var interned: [Link: UInt32] = [:]
    var offsets: [UInt32] = [0]
    count = blocks.reduce(0) { $0 + $1.count }
    precondition(count < Int(UInt32.max), "a trace names fewer than four billion blocks")
    names = .allocate(capacity: max(1, count))
    var next = 0
    for chain in blocks {
      var previous = UInt32.max
      for block in chain {
        let link = Link(previous: previous, block: block)
        previous = interned[link] ?? UInt32(interned.count)
        interned[link] = previous
        (names + next).initialize(to: previous)
        next += 1
      }
      offsets.append(UInt32(next))
    }
    self.blockTokens = blockTokens
    self.offsets = offsets
    distinct = interned.count
  }

  deinit { names.deallocate() }

  private struct Link: Hashable {
    var previous: UInt32
    var block: UInt64
  }

  /// The content of a recorded request of `promptTokens` tokens. Blocks past its end are left out; what the
  /// blocks do not reach is the request's own.
  public func content(ofRequest index: Int, promptTokens: Int32) -> PromptContent {
    var content = PromptContent(request: UInt32(truncatingIfNeeded: index))
    let needed = (Int(max(0, promptTokens)) + blockTokens - 1) / blockTokens
    let recorded = Int(offsets[index + 1] - offsets[index])
    let tokens = min(Int(promptTokens), recorded * blockTokens)
    content.setChain(start: offsets[index], count: UInt32(min(needed, recorded)), tokens: Int32(tokens))
    return content
  }

  var pointer: Names { Names(base: UnsafePointer(names), tokens: Int64(blockTokens)) }
}
