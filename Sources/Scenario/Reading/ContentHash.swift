/// SHA-256 (FIPS 180-4), for the identity of runs.
package struct ContentHash {
  package init() {}

  private var state = SIMD8<UInt32>(
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
  /// What does not fill a block yet.
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  /// - Complexity: O(bytes), about 5 ns a byte.
  package mutating func absorb(_ bytes: some Sequence<UInt8>) {
    if bytes.withContiguousStorageIfAvailable({ absorb($0) }) == nil {
      Array(bytes).withUnsafeBufferPointer { absorb($0) }
    }
  }

  private mutating func absorb(_ bytes: UnsafeBufferPointer<UInt8>) {
    length += UInt64(bytes.count)
    var start = 0
    if !rest.isEmpty {
      start = min(64 - rest.count, bytes.count)
      rest.append(contentsOf: bytes[..<start])
      if rest.count < 64 { return }
      let block = rest
      block.withUnsafeBufferPointer { compress($0[...]) }
      rest.removeAll(keepingCapacity: true)
    }
    while bytes.count - start >= 64 {
      compress(bytes[start..<start + 64])
      start += 64
    }
    rest.append(contentsOf: bytes[start...])
  }

  /// The digest as 64 hexadecimal digits.
  package mutating func finish() -> String {
    let bits = length * 8
    let zeros = (119 - rest.count) % 64
    absorb([0x80] + Array(repeating: 0, count: zeros))
    absorb((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) })
    return (0..<8).map { index in
      let digits = String(state[index], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// Takes in a block of 64 bytes.
  private mutating func compress(_ block: Slice<UnsafeBufferPointer<UInt8>>) {
    state = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
      Self.expand(block, into: schedule)
      return Self.rounds(state, schedule)
    }
  }

  private static func expand(
    _ block: Slice<UnsafeBufferPointer<UInt8>>, into schedule: UnsafeMutableBufferPointer<UInt32>
  ) {
    for index in 0..<16 {
      let place = block.startIndex &+ 4 &* index
      schedule[index] =
        UInt32(block[place]) << 24 | UInt32(block[place &+ 1]) << 16 | UInt32(block[place &+ 2]) << 8
        | UInt32(block[place &+ 3])
    }
    for index in 16..<64 {
      let (early, late) = (schedule[index &- 15], schedule[index &- 2])
      let s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early &>> 3)
      let s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late &>> 10)
      schedule[index] = schedule[index &- 16] &+ s0 &+ schedule[index &- 7] &+ s1
    }
  }

  private static func rounds(
    _ state: SIMD8<UInt32>, _ schedule: UnsafeMutableBufferPointer<UInt32>
  ) -> SIMD8<UInt32> {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    constants.withUnsafeBufferPointer { constants in
      for index in 0..<64 {
        let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let choice = (e & f) ^ (~e & g)
        let first = h &+ s1 &+ choice &+ constants[index] &+ schedule[index]
        let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        let majority = (a & b) ^ (a & c) ^ (b & c)
        (h, g, f, e) = (g, f, e, d &+ first)
        (d, c, b, a) = (c, b, a, first &+ s0 &+ majority)
      }
    }
    return state &+ SIMD8(a, b, c, d, e, f, g, h)
  }

  private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 {
    word &>> bits | word &<< (32 &- bits)
  }

  /// The first 32 bits of the fractions of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = {
    var primes: [UInt32] = []
    var candidate: UInt32 = 2
    while primes.count < 64 {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    // Integer cube root of p · 2^96, whose low 32 bits are the fraction sought.
    return primes.map { prime in
      var low: UInt128 = 0
      var high: UInt128 = 1 << 36
      let target = UInt128(prime) << 96
      while high - low > 1 {
        let middle = (low + high) / 2
        if middle * middle * middle <= target { low = middle } else { high = middle }
      }
      return UInt32(truncatingIfNeeded: low)
    }
  }()
}
