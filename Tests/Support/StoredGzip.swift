/// Gzip without compression (RFC 1951, 1952): enough to test a reader against an independent writer.
public enum StoredGzip {
  public static func bytes(of content: [UInt8]) -> [UInt8] {
    precondition(content.count < 65_536, "one stored block")
    func little(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
    let length = UInt32(content.count)
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    let block: [UInt8] = [1] + little(length, 2) + little(~length, 2) + content
    return header + block + little(checksum(content), 4) + little(length, 4)
  }

  /// CRC-32 (ISO 3309), bit by bit.
  private static func checksum(_ content: [UInt8]) -> UInt32 {
    ~content.reduce(~UInt32(0)) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
    }
  }
}
