/// CRC-32 as zlib, PNG and Ethernet have it (ISO/IEC 8802-3): finds torn and damaged records.
enum Checksum {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { word, _ in word & 1 == 1 ? 0xedb8_8320 ^ word >> 1 : word >> 1 }
  }

  /// - Complexity: O(bytes), about 2 ns each.
  static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      var word: UInt32 = 0xffff_ffff
      for byte in bytes { word = table[Int(UInt8(truncatingIfNeeded: word) ^ byte)] ^ word >> 8 }
      return ~word
    }
  }
}
