/// The KV blocks of one replica by content, as vLLM's v1 block pool keeps them: full blocks stay usable after
/// their sequence has left, are counted once however many sequences hold them, and are evicted in the order
/// in which they became free, the deepest of a sequence first.
///
/// - A block gets its name when it is full. If a block with that content is there already, the new one stays
///   nameless, and so do its sequence's later ones: named blocks held by a sequence are always its first.
///   (vLLM names the copies too; they only ever serve when the first is gone.)
/// - Free blocks queue up: never used ones first, then by the time their last holder left. Blocks without a
///   name wait in the same queue; of one sequence they go first.
/// - Since whoever holds a block holds its whole prefix, and leaves it deepest first, a prefix is never
///   evicted before what builds on it: of every content a leading part is there, never one with a hole.
///
/// Hence the cache keeps runs of blocks instead of blocks: a request costs a few runs, however long it is.
///
/// - Complexity: O(stretches of the content) for each operation, plus O(runs evicted) for `take`.
struct PrefixCache: ~Copyable {
  /// How much of a content is there.
  struct Match {
    /// Leading full blocks.
    var blocks: Int64 = 0
    /// Those of them that nobody holds.
    var idle: Int64 = 0
  }

  private struct Stream {
    var name: UInt64 = 0
    var first = noRun
    /// Its deepest run; of a stream without blocks, the next such stream.
    var last = noRun
    var resident: Int32 = 0
    /// Leading blocks that somebody holds.
    var held: Int32 = 0
  }

  let blockSize: Int64
  private let chains: BlockChains.Names
  private var table = ContentTable()
  private var streams: [Stream] = []
  private var firstFree = noRun
  private var pool = RunPool()
  private var queue = RunQueue()
  /// Blocks in the queue, and blocks never used.
  private var queued: Int64 = 0
  private var fresh: Int64
  /// Blocks taken for decoding steps that the replica has not counted yet.
  private var claimed: Int64 = 0

  init(blockSize: Int, blocks: Int, chains: BlockChains.Names) {
    self.blockSize = Int64(blockSize)
    self.chains = chains
    fresh = Int64(blocks)
  }

  /// Free blocks, cached or not.
  var free: Int64 { fresh + queued }
  /// Blocks taken ahead of their counting.
  var ahead: Int64 { claimed }

  // MARK: Asking

  /// The leading blocks of `content` that are there, up to `limit`.
  func match(_ content: PromptContent, limit: Int64) -> Match {
    var found = Match()
    for index in 0..<content.stretches where found.blocks < limit {
      let (name, end) = content.stretch(index, in: chains)
      let wanted = min(limit, end / blockSize) - found.blocks
      if wanted <= 0 { continue }
      let number = table[name]
      if number == ContentTable.absent { break }
      let taken = min(wanted, Int64(streams[Int(number)].resident))
      found.idle += max(0, taken - Int64(streams[Int(number)].held))
      found.blocks += taken
      if taken < wanted { break }
    }
    return found
  }

  // MARK: Holding

  /// A sequence holds the first `blocks` blocks of its content, all of which are there.
  mutating func hold(_ content: PromptContent, blocks: Int64) {
    var position: Int64 = 0
    for index in 0..<content.stretches where position < blocks {
      let (name, end) = content.stretch(index, in: chains)
      let last = min(blocks, end / blockSize)
      if last <= position { continue }
      hold(stream: Int(table[name]), upTo: Int32(last - position))
      position = last
    }
  }

  private mutating func hold(stream: Int, upTo depth: Int32) {
    var run = streams[stream].first
    while run != noRun && pool[run].begin < depth {
      let isIdle = pool[run].holders == 0
      if pool[run].end > depth {
        run = split(run, at: depth)
      } else if isIdle {
        queue.remove(run, in: pool)
      }
      if isIdle { queued -= pool[run].count }
      pool[run].holders += 1
      run = pool[run].deeper
    }
    streams[stream].held = max(streams[stream].held, depth)
  }

  /// Parts a run; the deeper part keeps its number and its place in the queue.
  /// - Returns: the shallower part, in no queue.
  private mutating func split(_ run: UInt32, at depth: Int32) -> UInt32 {
    var part = pool[run]
    part.end = depth
    part.deeper = run
    let shallow = pool.insert(part)
    pool[run].begin = depth
    pool[run].shallower = shallow
    if part.shallower == noRun {
      streams[Int(part.stream)].first = shallow
    } else {
      pool[part.shallower].deeper = shallow
    }
    return shallow
  }

  /// Names the full blocks `from ..< to` of a sequence that holds all before them.
  ///
  /// - Returns: how far it came; less than `to` when the next block's content is there already.
  mutating func name(_ content: PromptContent, from: Int64, to: Int64) -> Int64 {
    var position: Int64 = 0
    var reached = from
    for index in 0..<content.stretches where reached < to {
      let (name, end) = content.stretch(index, in: chains)
      let last = min(to, end / blockSize)
      if last <= position { continue }
      if last > reached {
        let number = stream(named: name)
        if Int64(streams[number].resident) > reached - position { return reached }
        prolong(stream: number, to: Int32(last - position))
        reached = last
      }
      position = last
    }
    return reached
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

  /// The holder of all there is of a stream adds blocks to it.
  private mutating func prolong(stream: Int, to depth: Int32) {
    let last = streams[stream].last
    if last != noRun && pool[last].holders == 1 {
      pool[last].end = depth
    } else {
      var run = BlockRun(stream: UInt32(stream), begin: streams[stream].resident, end: depth, holders: 1)
      run.shallower = last
      let number = pool.insert(run)
      if last == noRun { streams[stream].first = number } else { pool[last].deeper = number }
      streams[stream].last = number
    }
    streams[stream].resident = depth
    streams[stream].held = depth
  }

  // MARK: Letting go

  /// A sequence lets go of its first `blocks` blocks, the deepest first.
  ///
  /// - Returns: how many of them nobody holds any more.
  mutating func release(_ content: PromptContent, blocks: Int64) -> Int64 {
    let before = queued
    var end = blocks
    var index = content.stretches - 1
    while end > 0 {
      let start = content.start(of: index, in: chains) / blockSize
      if start < end {
        release(stream: Int(table[content.stretch(index, in: chains).name]), upTo: Int32(end - start))
        end = start
      }
      index -= 1
    }
    return queued - before
  }

  private mutating func release(stream: Int, upTo depth: Int32) {
    var run = streams[stream].last
    while pool[run].end > depth { run = pool[run].shallower }
    while run != noRun {
      let next = pool[run].shallower
      pool[run].holders -= 1
      if pool[run].holders == 0 {
        streams[stream].held = pool[run].begin
        retire(run)
      }
      run = next
    }
  }

  /// Puts a run at the end of the queue, joined to its deeper neighbour where that stands there already.
  private mutating func retire(_ run: UInt32) {
    queued += pool[run].count
    let neighbour = queue.newest
    guard neighbour != noRun, pool[run].deeper == neighbour, pool[neighbour].stream == pool[run].stream else {
      return queue.append(run, in: pool)
    }
    let shallower = pool[run].shallower
    pool[neighbour].begin = pool[run].begin
    pool[neighbour].shallower = shallower
    if shallower == noRun {
      streams[Int(pool[run].stream)].first = neighbour
    } else {
      pool[shallower].deeper = neighbour
    }
    pool.remove(run)
  }

  /// Blocks without content go to the end of the queue.
  mutating func retireNameless(_ blocks: Int64) {
    if blocks == 0 { return }
    queued += blocks
    let newest = queue.newest
    if newest != noRun && pool[newest].stream == noRun {
      pool[newest].end += Int32(blocks)
    } else {
      let run = pool.insert(BlockRun(stream: noRun, begin: 0, end: Int32(blocks)))
      queue.append(run, in: pool)
    }
  }

  // MARK: Taking

  /// Takes `blocks` free blocks for new content; what the oldest of them held is lost.
  mutating func take(_ blocks: Int64) {
    let untouched = min(fresh, blocks)
    fresh -= untouched
    var left = blocks - untouched
    while left > 0 {
      let run = queue.oldest
      precondition(run != noRun, "no more KV blocks are taken than are free")
      let count = min(left, pool[run].count)
      left -= count
      queued -= count
      pool[run].end -= Int32(count)
      if pool[run].stream != noRun { evicted(from: run) }
      if pool[run].count == 0 {
        queue.remove(run, in: pool)
        pool.remove(run)
      }
    }
  }

  /// The tail of a stream's deepest run is gone.
  private mutating func evicted(from run: UInt32) {
    let stream = Int(pool[run].stream)
    precondition(pool[run].deeper == noRun, "no block is evicted before those that build on it")
    streams[stream].resident = pool[run].end
    if pool[run].count > 0 { return }
    let last = pool[run].shallower
    streams[stream].last = last
    if last != noRun {
      pool[last].deeper = noRun
    } else {
      table.remove(streams[stream].name)
      streams[stream] = Stream()
      streams[stream].last = firstFree
      firstFree = UInt32(stream)
    }
  }

  /// Takes blocks for decoding steps that are planned: in all `blocks`, of which some may be taken already.
  mutating func claim(_ blocks: Int64) {
    if blocks <= claimed { return }
    take(blocks - claimed)
    claimed = blocks
  }

  /// A sequence leaves before the step for which it had claimed `blocks` blocks.
  mutating func disclaim(_ blocks: Int64) { claimed -= blocks }

  /// The planned steps are done and took `blocks` blocks.
  mutating func settle(_ blocks: Int64) {
    take(blocks - claimed)
    claimed = 0
  }

  // MARK: Checking

  /// Counts everything anew: for tests.
  func verify(used: Int64, total: Int64) {
    precondition(fresh + queued + used + claimed == total, "every KV block is held or free")
    var (run, count) = (queue.oldest, Int64(0))
    while run != noRun {
      precondition(pool[run].count > 0 && pool[run].holders == 0, "the queue holds free blocks")
      count += pool[run].count
      run = pool[run].newer
    }
    precondition(count == queued, "a block is free once")
    for stream in streams where stream.name != 0 { verify(stream) }
  }

  private func verify(_ stream: Stream) {
    var (run, depth, holders) = (stream.first, Int32(0), Int32.max)
    while run != noRun {
      precondition(pool[run].begin == depth && pool[run].holders <= holders, "a content has no hole")
      precondition(pool[run].end <= stream.held || pool[run].holders == 0, "what is held is counted")
      (depth, holders) = (pool[run].end, pool[run].holders)
      if pool[run].deeper == noRun { precondition(run == stream.last, "a content ends with its deepest run") }
      run = pool[run].deeper
    }
    precondition(depth == stream.resident, "a content is as long as its runs")
  }
}
