import Foundation

/// The bytes of a segment: a file that results are only ever added to.
///
/// It begins with a line that names the format and one with the identity of the sweep. Records follow: length
/// of the payload, CRC-32 of what comes after (both 4 bytes, little end first), number of the point (8
/// bytes), key (32 bytes), payload. A process that is killed leaves at most one record torn, and it is the
/// last one: nobody writes behind it, for every start opens a segment of its own. A record that a disk has
/// damaged is passed over by its length; where that is damaged too, so is all that follows.
enum Segment {
  static let magic = "dryrack sweep segment 1\n"
  static let headerBytes = 24 + 64 + 1
  static let recordHeaderBytes = 48
  /// No point has more results than this.
  static let maximumPayload = 1 << 28

  /// Where a record lies.
  struct Place: Sendable {
    var segment: Int32
    var length: UInt32
    /// Of the payload.
    var offset: Int64
  }

  struct Entry {
    var index: Int
    var key: SweepKey
    var place: Place
  }

  static func header(identity: String) -> [UInt8] { Array((magic + identity + "\n").utf8) }

  /// Of the sweep that a segment belongs to; `nil` for a file that is none.
  static func identity(of path: String) -> String? {
    read(path, number: 0, mostRecords: 0) { _, _ in }?.identity
  }

  static func record(index: Int, key: SweepKey, payload: [UInt8]) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(recordHeaderBytes + payload.count)
    append(UInt64(index), to: &body)
    for word in [key.words.0, key.words.1, key.words.2, key.words.3] { append(word, to: &body) }
    body += payload
    var record: [UInt8] = []
    record.reserveCapacity(recordHeaderBytes + payload.count)
    append(UInt32(payload.count), to: &record)
    append(Checksum.crc32(body), to: &record)
    return record + body
  }

  private static func append<Word: FixedWidthInteger>(_ word: Word, to bytes: inout [UInt8]) {
    for shift in 0..<Word.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * Word(shift)))) }
  }

  private static func word<Word: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, at offset: Int) -> Word {
    (0..<Word.bitWidth / 8).reduce(0) {
      $0 | Word(truncatingIfNeeded: bytes[bytes.startIndex + offset + $1]) << (8 * Word($1))
    }
  }

  /// Reads the whole records of a segment.
  ///
  /// - Parameters:
  ///   - number: what its places call it.
  ///   - mostRecords: after so many it stops; the rest then counts as lost.
  ///   - visit: takes the identity of the segment's sweep and a record.
  /// - Returns: bytes that are no whole record, and the identity; `nil` for a file that cannot be read. One
  ///   that is no segment, or whose header is torn, has no identity.
  /// - Complexity: O(bytes); the memory of one record.
  static func read(
    _ path: String, number: Int32, mostRecords: Int = .max, visit: (String, Entry) -> Void
  ) -> (lost: Int, identity: String?)? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    var reader = BufferedReader(handle: handle)
    guard let header = reader.take(headerBytes), let text = String(validating: header, as: UTF8.self),
      text.hasPrefix(magic), text.hasSuffix("\n")
    else { return (reader.left, nil) }
    let identity = String(text.dropFirst(magic.count).dropLast())
    reader.keep()
    var offset = Int64(headerBytes)
    var records = 0
    var damaged = 0
    while records < mostRecords, let head = reader.peek(recordHeaderBytes) {
      records += 1
      let length: UInt32 = word(head, at: 0)
      let sum: UInt32 = word(head, at: 4)
      guard length <= maximumPayload, let whole = reader.take(recordHeaderBytes + Int(length)) else { break }
      guard Checksum.crc32(whole.dropFirst(8)) == sum else {
        offset += Int64(whole.count)
        damaged += whole.count
        reader.keep()
        continue
      }
      let index: UInt64 = word(whole, at: 8)
      let key = SweepKey(
        words: (word(whole, at: 16), word(whole, at: 24), word(whole, at: 32), word(whole, at: 40)))
      let place = Place(segment: number, length: length, offset: offset + Int64(recordHeaderBytes))
      offset += Int64(recordHeaderBytes) + Int64(length)
      reader.keep()
      if index < UInt64(Int.max) { visit(identity, Entry(index: Int(index), key: key, place: place)) }
    }
    return (damaged + reader.left, identity)
  }
}

/// Reads a file from front to back in pieces, and counts what was not kept.
private struct BufferedReader {
  let handle: FileHandle
  private var buffer: [UInt8] = []
  private var start = 0
  /// Bytes taken since the last `keep`.
  private var taken = 0
  private static let piece = 1 << 18

  init(handle: FileHandle) { self.handle = handle }

  /// The next bytes, which stay; `nil` where there are fewer.
  mutating func peek(_ count: Int) -> ArraySlice<UInt8>? {
    while buffer.count - start < count {
      guard let more = try? handle.read(upToCount: max(Self.piece, count)), !more.isEmpty else { return nil }
      buffer.removeFirst(start)
      start = 0
      buffer += more
    }
    return buffer[start..<start + count]
  }

  /// The next bytes; `nil`, and none taken, where there are fewer.
  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard let bytes = peek(count) else { return nil }
    start += count
    taken += count
    return bytes
  }

  /// All that was taken is whole.
  mutating func keep() { taken = 0 }

  /// Bytes that were not kept, up to the end of the file.
  var left: Int {
    var left = taken + buffer.count - start
    while let more = try? handle.read(upToCount: Self.piece), !more.isEmpty { left += more.count }
    return left
  }
}
