/// Comma-separated values of RFC 4180 over bytes: quoted cells, doubled quotes, LF or CRLF ends.
public enum CommaSeparated {
  /// Calls `body` with the cells of each row in turn; a last row needs no line end.
  ///
  /// Meant for the embedded files, which tests check: a stray quote inside an unquoted cell is kept
  /// as it stands and never stops the reading.
  /// - Complexity: O(bytes).
  public static func forEachRow(in bytes: UnsafeBufferPointer<UInt8>, _ body: ([String]) -> Void) {
    var cells: [String] = []
    var index = 0
    while index < bytes.count {
      cells.append(cell(in: bytes, at: &index))
      if index < bytes.count && bytes[index] == comma {
        index += 1
        // A comma at the very end still opens one more, empty, cell.
        if index == bytes.count { cells.append("") } else { continue }
      }
      if index < bytes.count && bytes[index] == carriageReturn { index += 1 }
      if index < bytes.count && bytes[index] == lineFeed { index += 1 }
      body(cells)
      cells.removeAll(keepingCapacity: true)
    }
  }

  /// Reads one cell and leaves `index` on the byte that ends it.
  private static func cell(in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int) -> String {
    if bytes[index] == quote { return quotedCell(in: bytes, at: &index) }
    let start = index
    while index < bytes.count {
      let byte = bytes[index]
      if byte == comma || byte == lineFeed { break }
      if byte == carriageReturn && index + 1 < bytes.count && bytes[index + 1] == lineFeed { break }
      index += 1
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private static func quotedCell(in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int) -> String {
    var text: [UInt8] = []
    index += 1
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte != quote {
        text.append(byte)
      } else if index < bytes.count && bytes[index] == quote {
        text.append(byte)
        index += 1
      } else {
        break
      }
    }
    // Text after the closing quote is not RFC 4180; it is skipped so that the row still ends.
    while index < bytes.count, bytes[index] != comma, bytes[index] != lineFeed, bytes[index] != carriageReturn
    {
      index += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}
