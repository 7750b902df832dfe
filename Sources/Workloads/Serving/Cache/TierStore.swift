/// Which blocks of which contents a place below the accelerator holds, least recently used first out.
///
/// Unlike on the accelerator nobody holds blocks here, and a content may be there in pieces: what is missing
/// lies above, or below. Storing and touching go from the deepest block to the first, one after the other, so
/// that a prefix outlives what builds on it.
///
/// - Complexity: O(pieces of the content there) for each operation, plus O(runs evicted).
struct TierStore: ~Copyable {
  /// Blocks `begin ..< end` of a content.
  struct Piece {
    var name: UInt64
    var begin: Int32
    var end: Int32
  }

  private struct Stream {
    var name: UInt64 = 0
    /// Its deepest piece; of a stream without any, the next such stream.
    var last = noRun
  }

  let capacity: Int64
  private var table = ContentTable()
  private var streams: [Stream] = []
  private var firstFree = noRun
  private var pool = RunPool()
  private var queue = RunQueue()
  private(set) var count: Int64 = 0
  /// What had to give way, in order, since the owner last cleared the list.
  var evicted: [Piece] = []

  init(capacity: Int64) {
    precondition(capacity >= 0, "a tier has room for blocks or for none")
    self.capacity = capacity
  }

  /// The end of the blocks there without a gap from `from` on, at most `limit`; `from` where there are none.
  func extent(of name: UInt64, from: Int32, limit: Int32) -> Int32 {
    let number = table[name]
    if number == ContentTable.absent { return from }
    var run = streams[Int(number)].last
    var end = from
    // From the deepest piece down to the one that holds `from`; pieces that adjoin count as one.
    while run != noRun && pool[run].begin > from {
      run = pool[run].shallower
    }
    while run != noRun && pool[run].begin <= end && pool[run].end > end && end < limit {
      end = min(limit, pool[run].end)
      run = pool[run].deeper
    }
    return end
  }

  /// Makes a piece the most recently used, adding what was not there.
  ///
  /// - Returns: blocks added.
  mutating func store(_ piece: Piece) -> Int64 {
    var top = piece.end
    var added: Int64 = 0
    while top > piece.begin {
      let stream = stream(named: piece.name)
      let run = deepest(of: stream, below: top)
      let holds = run != noRun && pool[run].end >= top
      let edge = run == noRun ? piece.begin : holds ? pool[run].begin : pool[run].end
      let bottom = max(piece.begin, edge)
      if holds {
        cut(bottom, top, outOf: run)
      } else {
        added += Int64(top - bottom)
        count += Int64(top - bottom)
      }
      append(stream, bottom, top)
      while count > capacity { evictOldest() }
      top = bottom
    }
    return added
  }

  /// The deepest piece of a stream that starts before block `top`.
  private func deepest(of stream: Int, below top: Int32) -> UInt32 {
    var run = streams[stream].last
    while run != noRun && pool[run].begin >= top { run = pool[run].shallower }
    return run
  }

  private mutating func stream(named name: UInt64) -> Int {
    let known = table[name]
    if known != ContentTable.absent { return Int(known) }
    let number: Int
    if firstFree != noRun {
      number = Int(firstFree)
      firstFree = streams[number].last
      streams[number] = Stream(name: name)
    } else {
      number = streams.count
      streams.append(Stream(name: name))
    }
    table.set(name, to: UInt32(number))
    return number
  }

  /// Takes blocks out of a run that holds them; what is left keeps its place in the queue, its deeper part
  /// first.
  private mutating func cut(_ begin: Int32, _ end: Int32, outOf run: UInt32) {
    let whole = pool[run]
    if whole.begin < begin && whole.end > end {
      pool[run].begin = end
      let shallow = pool.insert(BlockRun(stream: whole.stream, begin: whole.begin, end: begin))
      link(shallow, into: Int(whole.stream), under: whole.shallower, over: run)
      queue.insert(shallow, after: run, in: pool)
    } else if whole.end > end {
      pool[run].begin = end
    } else if whole.begin < begin {
      pool[run].end = begin
    } else {
      unlink(run)
      queue.remove(run, in: pool)
      pool.remove(run)
    }
  }

  /// Puts blocks that are nowhere at the end of the queue, joined to their deeper neighbour where that stands
  /// there already.
  private mutating func append(_ stream: Int, _ begin: Int32, _ end: Int32) {
    let newest = queue.newest
    if newest != noRun && pool[newest].stream == UInt32(stream) && pool[newest].begin == end {
      pool[newest].begin = begin
      return
    }
    let shallower = deepest(of: stream, below: begin)
    let deeper = shallower == noRun ? shallowest(of: stream) : pool[shallower].deeper
    let run = pool.insert(BlockRun(stream: UInt32(stream), begin: begin, end: end))
    link(run, into: stream, under: shallower, over: deeper)
    queue.append(run, in: pool)
  }

  private func shallowest(of stream: Int) -> UInt32 {
    var run = streams[stream].last
    while run != noRun && pool[run].shallower != noRun { run = pool[run].shallower }
    return run
  }

  private mutating func link(_ run: UInt32, into stream: Int, under shallower: UInt32, over deeper: UInt32) {
    pool[run].shallower = shallower
    pool[run].deeper = deeper
    if shallower != noRun { pool[shallower].deeper = run }
    if deeper == noRun { streams[stream].last = run } else { pool[deeper].shallower = run }
  }

  private mutating func unlink(_ run: UInt32) {
    let (shallower, deeper) = (pool[run].shallower, pool[run].deeper)
    if shallower != noRun { pool[shallower].deeper = deeper }
    if deeper == noRun {
      streams[Int(pool[run].stream)].last = shallower
    } else {
      pool[deeper].shallower = shallower
    }
  }

  private mutating func evictOldest() {
    let run = queue.oldest
    let lost = min(count - capacity, pool[run].count)
    let stream = Int(pool[run].stream)
    let end = pool[run].end
    pool[run].end -= Int32(lost)
    count -= lost
    evicted.append(Piece(name: streams[stream].name, begin: pool[run].end, end: end))
    if pool[run].count > 0 { return }
    unlink(run)
    queue.remove(run, in: pool)
    pool.remove(run)
    if streams[stream].last == noRun {
      table.remove(streams[stream].name)
      streams[stream] = Stream(name: 0, last: firstFree)
      firstFree = UInt32(stream)
    }
  }
}
