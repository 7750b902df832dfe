import Workloads

/// What a request's tokens are, spelled out: the tokens before `end` that no earlier stretch covers are those
/// of the text `name`. Equal names at equal places are equal tokens, whatever stands before them.
public struct StepwiseStretch: Sendable {
  public var name: UInt64
  public var end: Int
  public init(name: UInt64, end: Int) {
    self.name = name
    self.end = end
  }
}

/// A request's tokens with the keys of its blocks so far: each chains all tokens before the block's end.
struct StepwiseText {
  var stretches: [StepwiseStretch]
  private var keys: [UInt64] = []

  init(_ stretches: [StepwiseStretch]) { self.stretches = stretches }

  mutating func key(ofBlock block: Int, size: Int) -> UInt64 {
    while keys.count <= block {
      var key = keys.last ?? 17
      for token in (keys.count * size)..<((keys.count + 1) * size) {
        let stretch = stretches.first { token < $0.end }!
        for word in [stretch.name, UInt64(token)] {
          key = (key ^ word) &* 0x2127_599b_f432_5c37
          key ^= key >> 29
        }
      }
      keys.append(key)
    }
    return keys[block]
  }
}

/// The slow, obvious prefix cache: a record for every block, and a list of the free ones.
struct StepwiseCache {
  private struct Block {
    var key: UInt64?
    var holders = 0
  }

  private let blockSize: Int
  private var blocks: [Block]
  private var queue: [Int]
  private var known: [UInt64: Int] = [:]

  init(blockSize: Int, blocks count: Int) {
    self.blockSize = blockSize
    blocks = Array(repeating: Block(), count: count)
    queue = Array(0..<count)
  }

  var free: Int { queue.count }

  /// The blocks, first to last, that hold the start of a text, up to `limit` of them.
  func match(_ text: inout StepwiseText, limit: Int) -> [Int] {
    var found: [Int] = []
    while found.count < limit, let block = known[text.key(ofBlock: found.count, size: blockSize)] {
      found.append(block)
    }
    return found
  }

  func idle(_ found: [Int]) -> Int { found.filter { blocks[$0].holders == 0 }.count }

  mutating func hold(_ found: [Int]) {
    for block in found { blocks[block].holders += 1 }
    queue.removeAll { blocks[$0].holders > 0 }
  }

  mutating func take(_ count: Int) -> [Int] {
    let taken = Array(queue.prefix(count))
    queue.removeFirst(count)
    for block in taken {
      if let key = blocks[block].key { known[key] = nil }
      blocks[block] = Block(key: nil, holders: 1)
    }
    return taken
  }

  /// Names the full blocks of a sequence that have no name yet; false when the next one is a copy.
  mutating func name(_ own: [Int], _ text: inout StepwiseText, from named: inout Int, to full: Int) -> Bool {
    while named < full {
      let key = text.key(ofBlock: named, size: blockSize)
      if known[key] != nil { return false }
      known[key] = own[named]
      blocks[own[named]].key = key
      named += 1
    }
    return true
  }

  /// A sequence leaves its blocks: nameless ones first, then the deepest first.
  mutating func leave(_ own: [Int], named: Int) {
    for block in own[named...] + own[..<named].reversed() {
      blocks[block].holders -= 1
      if blocks[block].holders == 0 { queue.append(block) }
    }
  }
}
