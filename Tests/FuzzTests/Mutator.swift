import Kernel

/// Makes broken inputs from good ones, the same ones for the same seed.
struct Mutator {
  private var stream: RandomStream
  let corpus: [[UInt8]]
  /// What a value may be replaced by.
  let words: [[UInt8]]

  init(corpus: [[UInt8]], words: [String], seed: UInt64) {
    precondition(corpus.allSatisfy { !$0.isEmpty }, "an empty input cannot be broken")
    stream = RandomStream(seed: seed, replication: 0, entity: "fuzz", purpose: "mutations")
    self.corpus = corpus
    self.words = words.map { Array($0.utf8) }
  }

  /// One input, with up to five breaks.
  mutating func input() -> [UInt8] {
    var bytes = corpus[draw(corpus.count)]
    for _ in 0...draw(5) where !bytes.isEmpty { breakOnce(&bytes) }
    return bytes
  }

  private mutating func draw(_ bound: Int) -> Int { Int(stream.below(UInt32(bound))) }

  private mutating func breakOnce(_ bytes: inout [UInt8]) {
    let place = draw(bytes.count)
    switch draw(10) {
    case 0: bytes[place] = UInt8(draw(256))
    case 1: bytes[place] ^= 1 << UInt8(draw(8))
    case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + draw(30)))
    case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + draw(60))], at: place)
    case 4: bytes.insert(contentsOf: words[draw(words.count)], at: place)
    case 5:
      // A stretch of another input.
      let other = corpus[draw(corpus.count)]
      let start = draw(other.count)
      bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + draw(200))], at: place)
    default: replaceValue(&bytes, near: place)
    }
  }

  /// Puts a word in the place of a value: this reaches further than broken bytes, which mostly end at the
  /// first check.
  private mutating func replaceValue(_ bytes: inout [UInt8], near place: Int) {
    let values = Self.values(in: bytes)
    if values.isEmpty { return }
    bytes.replaceSubrange(values[place % values.count], with: words[draw(words.count)])
  }

  /// Where values stand in YAML, JSON or a table: between the marks that open and close them.
  static func values(in bytes: [UInt8]) -> [Range<Int>] {
    let opening = Set(":[{,".utf8)
    let closing = Set(",}]\n".utf8)
    var ranges: [Range<Int>] = []
    for start in bytes.indices where opening.contains(bytes[start]) {
      var first = start + 1
      while first < bytes.count, bytes[first] == UInt8(ascii: " ") { first += 1 }
      let end = bytes[first...].firstIndex { closing.contains($0) } ?? bytes.count
      if first < end { ranges.append(first..<end) }
    }
    return ranges
  }
}
