/// KV blocks of one replica: who holds how many is derived, only totals are kept.
///
/// Decoders advance in lockstep, so a decoder needs a new block exactly when its context is a
/// multiple of the block size. A histogram of `(context − step counter) mod block size` therefore
/// gives the blocks needed over any number of steps in O(block size) (vLLM's paged KV cache: Kwon et
/// al., "Efficient Memory Management for LLM Serving with PagedAttention", SOSP 2023).
@usableFromInline struct BlockLedger: ~Copyable {
  let blockSize: Int64
  let total: Int64
  private(set) var used: Int64 = 0
  private(set) var decoders: Int64 = 0
  private let residues: UnsafeMutablePointer<Int64>

  init(blockSize: Int, total: Int) {
    precondition(blockSize > 0 && total >= 0, "a KV cache has whole blocks")
    self.blockSize = Int64(blockSize)
    self.total = Int64(total)
    residues = .allocate(capacity: blockSize)
    residues.initialize(repeating: 0, count: blockSize)
  }

  deinit { residues.deallocate() }

  var free: Int64 { total - used }

  /// Blocks that hold `tokens`.
  @inline(__always) func blocks(for tokens: Int64) -> Int64 { (tokens + blockSize - 1) / blockSize }

  mutating func take(_ blocks: Int64) {
    used += blocks
    precondition(used <= total, "no more KV blocks are held than exist")
  }

  mutating func give(_ blocks: Int64) {
    used -= blocks
    precondition(used >= 0, "no more KV blocks come back than were held")
  }

  /// A sequence starts decoding; `base` is its context minus the step counter.
  mutating func addDecoder(base: Int64) {
    residues[residue(base)] += 1
    decoders += 1
  }

  mutating func removeDecoder(base: Int64) {
    residues[residue(base)] -= 1
    decoders -= 1
  }

  /// New blocks over the `steps` steps that follow step counter `step`. O(block size).
  func growth(steps: Int64, from step: Int64) -> Int64 {
    var sum = steps / blockSize * decoders
    var position = residue(-step)
    for _ in 0..<(steps % blockSize) {
      sum += residues[position]
      position = position == 0 ? Int(blockSize) - 1 : position - 1
    }
    return sum
  }

  /// How many of the next `steps` steps can run before the free blocks are spent. O(block size).
  func stepsBeforeExhaustion(upTo steps: Int64, from step: Int64) -> Int64 {
    if decoders == 0 || (steps / blockSize + 1) * decoders <= free { return steps }
    let cycles = free / decoders
    var left = free - cycles * decoders
    var reached = cycles * blockSize
    var position = residue(-step)
    while reached < steps {
      let need = residues[position]
      if need > left { return reached }
      left -= need
      reached += 1
      position = position == 0 ? Int(blockSize) - 1 : position - 1
    }
    return steps
  }

  @inline(__always) private func residue(_ value: Int64) -> Int {
    let remainder = value % blockSize
    return Int(remainder < 0 ? remainder + blockSize : remainder)
  }
}
