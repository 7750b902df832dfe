/// What `--set PATH=VALUE` of a sweep says: a value of all points, or the values of a parameter.
///
/// `PATH=1,2,4` lists values, `PATH=1..8:1` gives a distance, `PATH=2/s..40/s:20log` and `…:20lin` a number
/// of values; whole numbers without more, `PATH=1..8`, lie 1 apart. What begins with `[` or `{` is a value of
/// the scenario, as it is elsewhere; several of them stand between commas, too: `PATH={…},{…}`.
public struct SweepSetting: Sendable, Hashable {
  public let path: String
  public let value: String

  public init(path: String, value: String) {
    self.path = path
    self.value = value
  }

  /// Whether it gives more than one value, or a range.
  public var isSwept: Bool {
    items.count > 1 || parts != nil
  }

  /// What stands between the commas; those inside brackets and quotes are part of a value.
  private var items: [String] {
    let isNested = value.hasPrefix("[") || value.hasPrefix("{")
    var items: [String] = [""]
    var depth = 0
    var quote: Character?
    for character in value {
      if let open = quote {
        if character == open { quote = nil }
      } else if isNested {
        switch character {
        case "[", "{": depth += 1
        case "]", "}": depth -= 1
        case "\"", "'": quote = character
        default: break
        }
      }
      if character == ",", depth <= 0, quote == nil {
        items.append("")
      } else {
        items[items.count - 1].append(character)
      }
    }
    return items
  }

  /// The ends of a range and what follows the colon.
  private var parts: (from: String, to: String, rest: String?)? {
    guard !value.hasPrefix("["), !value.hasPrefix("{"), let dots = value.firstRange(of: "..") else {
      return nil
    }
    let from = String(value[..<dots.lowerBound])
    let behind = value[dots.upperBound...].split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard SweepRange.split(from) != nil, let to = behind.first, SweepRange.split(String(to)) != nil else {
      return nil
    }
    return (from, String(to), behind.count > 1 ? String(behind[1]) : nil)
  }

  /// The same as it would be written in the parameter space of the file.
  var written: Written {
    func scalar(_ text: String) -> Written {
      Written(content: .scalar(text), line: 0, column: 0, origin: "--set \(path)=\(value)")
    }
    func collection(_ content: Written.Content) -> Written {
      Written(content: content, line: 0, column: 0, origin: "--set \(path)=\(value)")
    }
    guard let parts else {
      return collection(.list(items.map { scalar(String($0.trimmingPrefix { $0 == " " })) }))
    }
    var members = [("from", parts.from), ("to", parts.to)]
    if let rest = parts.rest {
      if rest.hasSuffix("log") {
        members += [("steps", String(rest.dropLast(3))), ("scale", "log")]
      } else if rest.hasSuffix("lin") {
        members += [("steps", String(rest.dropLast(3)))]
      } else {
        members.append(("by", rest))
      }
    }
    return collection(
      .map(
        members.map {
          Written.Member(
            key: $0.0, keyLine: 0, keyColumn: 0, value: scalar($0.1), origin: "--set \(path)=\(value)")
        }))
  }
}
