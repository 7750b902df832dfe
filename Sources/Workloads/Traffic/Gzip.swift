import CZlib

/// Inflates gzip, up to a bound: a small file must not fill the memory.
public enum Gzip {
  /// Whether the bytes start as gzip does.
  public static func isGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// - Returns: `nil` when the stream is damaged or longer than `limit` bytes.
  public static func inflate(_ bytes: [UInt8], limit: Int = 512 << 20) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    return input.withUnsafeMutableBufferPointer { source -> [UInt8]? in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(clamping: source.count)
      while true {
        let status = chunk.withUnsafeMutableBufferPointer { target -> Int32 in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          return CZlib.inflate(&stream, Z_NO_FLUSH)
        }
        output.append(contentsOf: chunk[..<(chunk.count - Int(stream.avail_out))])
        if output.count > limit { return nil }
        if status == Z_STREAM_END {
          // A file may hold several members, one after the other.
          if stream.avail_in == 0 { return output }
          if inflateReset(&stream) != Z_OK { return nil }
        } else if status != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0) {
          return nil
        }
      }
    }
  }
}
