/// What a sequence has to do with the prefix cache.
struct Holding {
  var content: PromptContent
  /// Leading blocks that it holds by name.
  var named: Int32 = 0
  /// Set when a block of its own turned out to be a copy: from there on its blocks stay nameless.
  var isCopy = false
  /// Tokens that need not be computed, as found at its first admission.
  var cachedTokens: Int32 = 0
}

/// Holdings by slot of the sequence table; empty while a replica keeps no cache.
struct HoldingTable: ~Copyable {
  private var rows: UnsafeMutablePointer<Holding>?
  private var capacity = 0

  deinit { rows?.deallocate() }

  @inline(__always) subscript(slot: UInt32) -> Holding {
    unsafeAddress { UnsafePointer(rows.unsafelyUnwrapped + Int(slot)) }
    nonmutating unsafeMutableAddress { rows.unsafelyUnwrapped + Int(slot) }
  }

  /// A sequence with this content now stands in `slot`.
  mutating func start(_ slot: UInt32, _ content: PromptContent) {
    if Int(slot) >= capacity { grow(beyond: Int(slot)) }
    self[slot] = Holding(content: content)
  }

  private mutating func grow(beyond slot: Int) {
    var size = max(64, capacity)
    while size <= slot { size *= 2 }
    let larger = UnsafeMutablePointer<Holding>.allocate(capacity: size)
    // Rows never used are set, too, so that every row is initialised.
    larger.initialize(repeating: Holding(content: PromptContent(request: 0)), count: size)
    if let rows {
      larger.update(from: rows, count: capacity)
      rows.deallocate()
    }
    rows = larger
    capacity = size
  }
}
