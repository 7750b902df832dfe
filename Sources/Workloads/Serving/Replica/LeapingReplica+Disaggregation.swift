import Kernel
import Statistics

/// What a replica adds to its work when prompts are prefilled in one place and answered in another (Zhong et
/// al., "DistServe", OSDI 2024; Patel et al., "Splitwise", ISCA 2024).
///
/// A prefill replica computes prompts only: a request with one output token ends there with its prompt, but
/// keeps its KV blocks until whoever moved them says `release`. A decode replica is told of a request with
/// `expect`; its scheduler reserves blocks for the whole prompt at a step boundary, in the order of waiting
/// (`reservations`), and after `receive` the sequence decodes from its second token on. As with arrivals,
/// what happens at a boundary's own tick counts from the next boundary on, so ties never matter.
struct RemotePrompts {
  /// Sequences that hold blocks and a seat and wait for their KV entries.
  var receiving = 0
  /// Those whose KV entries are complete; they join at the next step boundary.
  var received: [Receipt] = []
  /// Prompts fetched from outside, or no longer expected, since the last boundary: their blocks come back.
  var released: [Release] = []
  /// Blocks of prompts that are computed and still to be moved; a shared one counts with each prompt.
  var held: Int64 = 0
  /// How many are in `received` and `released`: looked at in every change of every replica, so kept where no
  /// array need be visited.
  var news = 0

  struct Receipt {
    var slot: UInt32
    var time: Ticks
  }

  struct Release {
    var slot: UInt32
    var time: Ticks
  }
}

/// A sequence that got its blocks on a decode replica: its KV entries may come.
public struct Reservation: Sendable, Hashable {
  /// The caller's name for the request.
  public var handle: UInt32
  /// What `receive` takes.
  public var ticket: UInt32
}

extension LeapingReplica {
  /// Sequences that run or hold a seat for their coming KV entries.
  var seatsTaken: Int { running.count + remote.receiving }
  /// Whether it computes prompts for others to answer.
  public var isPrefillOnly: Bool { settings.isPrefillOnly }
  /// Sequences that hold blocks and wait for KV entries from elsewhere.
  public var receiving: Int { remote.receiving }
  /// KV blocks of computed prompts that nobody has fetched yet; one that prompts share counts with each.
  public var heldBlocks: Int64 { remote.held }
  /// Whether the KV blocks in use are those of computed prompts: for checks while `load` is 0.
  public var holdsOnlyComputedPrompts: Bool {
    let blocks = remote.released.reduce(remote.held) {
      $0 + ledger.blocks(for: Int64(table[$1.slot].promptTokens))
    }
    // Prompts that begin alike share blocks.
    return keepsCache ? ledger.used <= blocks && (blocks == 0 || ledger.used > 0) : ledger.used == blocks
  }

  /// A request whose prompt is computed elsewhere joins the queue for blocks. It must be one that `canHold`
  /// accepts, and want at least two tokens. KV entries of its whole prompt come from elsewhere, whatever a
  /// cache holds; `content` matters when it is preempted.
  ///
  /// - Returns: the ticket that its `Reservation` will carry.
  @discardableResult
  public mutating func expect(
    handle: UInt32, promptTokens: Int32, outputTokens: Int32, content: PromptContent? = nil, at now: Ticks
  ) -> UInt32 {
    precondition(settings.batching == .continuous, "a request-level batch cannot take sequences in")
    precondition(outputTokens > 1, "a request that ends with its first token has nothing to decode")
    let slot = enqueue(
      handle: handle, promptTokens: promptTokens, outputTokens: outputTokens, content: content, at: now)
    table[slot].state = .expected
    return slot
  }

  /// The KV entries of a reserved sequence are complete; its first token came out elsewhere at `firstToken`.
  public mutating func receive(_ ticket: UInt32, firstToken: Ticks, at now: Ticks) {
    precondition(table[ticket].state == .receiving, "only a sequence with blocks receives KV entries")
    precondition(firstToken <= now, "the first token comes before the last KV entry")
    table[ticket].firstToken = firstToken
    table[ticket].lastToken = firstToken
    remote.received.append(.init(slot: ticket, time: now))
    remote.news += 1
    wake(at: now)
  }

  /// Somebody has fetched the KV entries of a prompt computed here: its blocks are free again, and cached
  /// where the replica keeps a cache.
  ///
  /// - Parameter ticket: what `arrive` returned.
  public mutating func release(_ ticket: UInt32, at now: Ticks) {
    precondition(table[ticket].state == .held, "only a computed prompt's blocks are released")
    table[ticket].state = .released
    remote.held -= ledger.blocks(for: Int64(table[ticket].promptTokens))
    remote.released.append(.init(slot: ticket, time: now))
    remote.news += 1
    if waiting.count > 0 { wake(at: now) }
  }

  /// Nobody will be answered here after all: an expected sequence leaves the queue, and one that waits for
  /// its KV entries gives its blocks back at the next step boundary.
  ///
  /// - Parameter ticket: what `expect` returned; `receive` has not been called with it.
  public mutating func withdraw(_ ticket: UInt32, at now: Ticks) {
    if table[ticket].state == .expected {
      waiting.remove(ticket, in: table)
      queuedTokens -= Int64(table[ticket].target)
      table.remove(ticket)
    } else {
      precondition(table[ticket].state == .receiving, "only who waits for KV entries is withdrawn")
      table[ticket].state = .released
      remote.receiving -= 1
      remote.released.append(.init(slot: ticket, time: now))
      remote.news += 1
    }
    if waiting.count > 0 { wake(at: now) }
  }

  /// Makes the next step boundary strictly after `now` one at which the scheduler decides.
  private mutating func wake(at now: Ticks) {
    switch run.kind {
    case .mixed, .prompts: break
    case .decode: endRun(after: now)
    case .idle: nextChange = min(nextChange, now + Ticks(1))
    }
  }

  // MARK: At a boundary

  /// Takes in what came since the last boundary, strictly before this one.
  mutating func takeInRemotePrompts() {
    takeReleased()
    takeReceived()
    remote.news = remote.released.count + remote.received.count
  }

  private mutating func takeReleased() {
    var kept = 0
    for index in remote.released.indices {
      let release = remote.released[index]
      if release.time < boundary {
        let tokens = Int64(table[release.slot].promptTokens)
        let blocks = ledger.blocks(for: tokens)
        ledger.give(keepsCache ? letGo(of: release.slot, tokens: tokens, blocks: blocks) : blocks)
        table.remove(release.slot)
      } else {
        remote.released[kept] = release
        kept += 1
      }
    }
    while remote.released.count > kept { remote.released.removeLast() }
  }

  private mutating func takeReceived() {
    var kept = 0
    for index in remote.received.indices {
      let receipt = remote.received[index]
      if receipt.time < boundary {
        join(receipt.slot)
      } else {
        remote.received[kept] = receipt
        kept += 1
      }
    }
    while remote.received.count > kept { remote.received.removeLast() }
  }

  /// A sequence with its whole prompt in the cache and its first token out decodes from here on.
  private mutating func join(_ slot: UInt32) {
    remote.receiving -= 1
    running.append(slot, in: table)
    table[slot].ordinal = admitted
    admitted += 1
    table[slot].generated = 1
    countAsDecoder(slot)
    awaitToken(slot)
  }

  /// Reserves the blocks of a whole prompt for an expected sequence; false when too few are free.
  mutating func reserve(_ slot: UInt32, keeping reserved: Int64) -> Bool {
    let need = ledger.blocks(for: Int64(table[slot].target))
    if need > ledger.free - reserved { return false }
    waiting.remove(slot, in: table)
    queuedTokens -= Int64(table[slot].target)
    ledger.take(need)
    if keepsCache { cache.take(need) }
    table[slot].state = .receiving
    table[slot].scheduled = boundary
    remote.receiving += 1
    reservations.append(Reservation(handle: table[slot].handle, ticket: slot))
    return true
  }

  /// Whether something came at this boundary's own tick and must be looked at again at the next.
  var hasRemoteNews: Bool {
    remote.news > 0 && (!remote.received.isEmpty || waiting.count > 0)
  }

  /// When an idle replica looks again: at the latest when its next load has come, of blocks or an adapter. A
  /// queue that blocks of others keep from moving waits for that, or for `receive` or `release`, which wake
  /// it.
  func idleChange(skippedAdmission: Bool) -> Ticks {
    if hasRemoteNews { return boundary + Ticks(1) }
    let load = min(loading > 0 ? nextReady : .never, nextAdapter)
    let loaded = load == .never ? .never : load + Ticks(1)
    if waiting.count == 0 { return loaded }
    let isBlocked = remote.receiving > 0 || remote.held > 0 || load != .never
    if isBlocked && !skippedAdmission && !hasUnseen { return loaded }
    return min(loaded, admissionTime(after: boundary))
  }

  /// A prompt computed for somebody else leaves the batch, but not its blocks.
  mutating func hold(_ slot: UInt32) {
    precondition(table[slot].outputTokens == 1, "a prompt computed for others ends with its first token")
    ledger.removeDecoder(base: table[slot].base)
    context -= Int64(table[slot].promptTokens)
    table[slot].state = .held
    remote.held += ledger.blocks(for: Int64(table[slot].promptTokens))
  }
}
