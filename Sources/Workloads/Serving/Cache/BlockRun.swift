/// Neighbouring KV blocks of one content that are held, freed and evicted together: what a cache keeps
/// instead of a record per block.
struct BlockRun {
  /// Whose blocks these are; `noRun` for blocks without content.
  var stream: UInt32
  /// Counted from the stream's first block; of blocks without content only the number matters.
  var begin: Int32
  var end: Int32
  /// Sequences that hold the run.
  var holders: Int32 = 0
  // Neighbours in the stream, and in the queue of free blocks.
  var shallower = noRun
  var deeper = noRun
  var older = noRun
  var newer = noRun

  var count: Int64 { Int64(end) - Int64(begin) }
}

/// The end of a list of runs.
let noRun = UInt32.max

/// Runs by number, with a free list; memory follows the number alive at once.
struct RunPool: ~Copyable {
  private var rows: UnsafeMutablePointer<BlockRun>
  private var capacity = 64
  private var used = 0
  private var firstFree = noRun

  init() { rows = .allocate(capacity: capacity) }

  deinit { rows.deallocate() }

  @inline(__always) subscript(run: UInt32) -> BlockRun {
    unsafeAddress { UnsafePointer(rows + Int(run)) }
    nonmutating unsafeMutableAddress { rows + Int(run) }
  }

  mutating func insert(_ run: BlockRun) -> UInt32 {
    if firstFree != noRun {
      let number = firstFree
      firstFree = rows[Int(number)].newer
      rows[Int(number)] = run
      return number
    }
    if used == capacity { grow() }
    (rows + used).initialize(to: run)
    used += 1
    return UInt32(used - 1)
  }

  mutating func remove(_ run: UInt32) {
    rows[Int(run)].newer = firstFree
    firstFree = run
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<BlockRun>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: rows, count: used)
    rows.deallocate()
    rows = larger
    capacity *= 2
  }
}

/// Runs in the order in which they became free: the oldest is evicted first, its deepest block first.
struct RunQueue {
  private(set) var oldest = noRun
  private(set) var newest = noRun

  @inline(__always) mutating func append(_ run: UInt32, in pool: borrowing RunPool) {
    pool[run].older = newest
    pool[run].newer = noRun
    if newest == noRun { oldest = run } else { pool[newest].newer = run }
    newest = run
  }

  @inline(__always) mutating func remove(_ run: UInt32, in pool: borrowing RunPool) {
    let (before, after) = (pool[run].older, pool[run].newer)
    if before == noRun { oldest = after } else { pool[before].newer = after }
    if after == noRun { newest = before } else { pool[after].older = before }
  }
}
