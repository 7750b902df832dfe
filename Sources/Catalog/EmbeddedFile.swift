import CCatalogData

/// The data files as they were compiled in.
enum EmbeddedFile {
  /// The bytes of `data/<name>.csv`; empty when no such file was compiled in.
  static func bytes(named name: String) -> UnsafeBufferPointer<UInt8> {
    for file in all where String(cString: file.name) == name {
      return UnsafeBufferPointer(start: file.bytes, count: file.size)
    }
    return UnsafeBufferPointer(start: nil, count: 0)
  }

  static var all: UnsafeBufferPointer<catalog_file> {
    UnsafeBufferPointer(start: catalog_files(), count: catalog_file_count())
  }

  /// FNV-1a over all files, 128 bits, as 32 hexadecimal digits.
  ///
  /// Parameters: Fowler, Noll, Vo, Eastlake, "The FNV Non-Cryptographic Hash Algorithm", RFC 9923.
  /// It tells two catalogues apart by accident, not against an adversary.
  static let contentHash: String = {
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
    for file in all {
      for byte in UnsafeBufferPointer(start: file.bytes, count: file.size) {
        hash = (hash ^ UInt128(byte)) &* prime
      }
      // Ends each file, so that a row moved from one file into the next changes the hash.
      hash = (hash ^ 0xff) &* prime
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }()
}
