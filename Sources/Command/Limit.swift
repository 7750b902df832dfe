import ArgumentParser

/// Limits as the command line gives them, unit included.
enum Limit {
  /// A wall-clock time, such as `90s`, `5m` or `1.5h`.
  struct Time: ExpressibleByArgument, Equatable {
    var seconds: Double

    init?(argument: String) {
      guard let seconds = Limit.parse(argument, units: [("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)])
      else { return nil }
      self.seconds = seconds
    }
  }

  /// An amount of memory, such as `512MiB` or `4GB`.
  struct Memory: ExpressibleByArgument, Equatable {
    var bytes: Int64

    init?(argument: String) {
      let units = [
        ("KiB", 1024.0), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
        ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
      ]
      guard let bytes = Limit.parse(argument, units: units), bytes < 9e18 else { return nil }
      self.bytes = Int64(bytes)
    }
  }

  /// A positive number directly followed by one of the units; the first that fits counts.
  private static func parse(_ text: String, units: [(String, Double)]) -> Double? {
    guard let unit = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
    let number = text.dropLast(unit.0.count)
    guard number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(number),
      value.isFinite, value > 0
    else { return nil }
    return value * unit.1
  }
}
