/// Kernel and step times that the project measured itself with `tools/profile-gpu.py`, compiled into the
/// program as the script wrote them. `docs/kernel-table.md` lays the file out; `KernelTableReader` reads
/// it.
public struct MeasuredTable: Sendable {
  /// Catalogue name, such as `h100-sxm-llama-3.1-8b-bf16`: accelerator, model, precision of weights.
  public var name: String
  /// The file.
  public var bytes: [UInt8]

  /// Its comment lines, which say what was measured, on what and when, in their order.
  public var remarks: [(key: String, value: String)] {
    var remarks: [(key: String, value: String)] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "#") {
      let text = String(decoding: line.dropFirst(2), as: UTF8.self)
      guard let colon = text.firstIndex(of: ":") else { continue }
      let value = text[text.index(after: colon)...].drop { $0 == " " }
      remarks.append((key: String(text[..<colon]), value: String(value)))
    }
    return remarks
  }
}

extension Catalog {
  private static let measuredPrefix = "kernel-tables/"

  /// Names of the measured tables, sorted.
  public var measuredTableNames: [String] {
    EmbeddedFile.all.map { String(cString: $0.name) }.filter { $0.hasPrefix(Self.measuredPrefix) }
      .map { String($0.dropFirst(Self.measuredPrefix.count)) }.sorted()
  }

  /// The measured table of that name, or `nil`.
  public func measuredTable(_ name: String) -> MeasuredTable? {
    let bytes = EmbeddedFile.bytes(named: Self.measuredPrefix + name)
    return bytes.isEmpty ? nil : MeasuredTable(name: name, bytes: Array(bytes))
  }
}
