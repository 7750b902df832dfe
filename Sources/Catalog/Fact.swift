/// What the catalogue holds; the raw value is the name of the data file and of the command's argument.
public enum Kind: String, Sendable, CaseIterable {
  case accelerators, nodes, hosts, fabrics, models, engines, endpoints, prices, precisions, storage
  case efficiencies, training, reliability, transports, partitions, racks, grids
}

/// One number (or word) of the catalogue, with where and when it was read.
public struct Fact: Sendable, Hashable {
  /// The entry it belongs to, such as `h100-sxm`.
  public var name: String
  /// What it states of the entry, such as `memory-bandwidth`.
  public var key: String
  /// The value as it stands in the file.
  public var value: String
  /// The unit of `value`: one of those `Fact.number` knows, `text` for a word, empty for a pure number.
  public var unit: String
  /// Identifier of a `Source`.
  public var source: String
  /// When the source was read, or the day a price was valid: `YYYY-MM-DD`.
  public var date: String
  /// What a reader should know before using the value; often empty.
  public var note: String

  public init(
    name: String, key: String, value: String, unit: String, source: String, date: String, note: String
  ) {
    self.name = name
    self.key = key
    self.value = value
    self.unit = unit
    self.source = source
    self.date = date
    self.note = note
  }

  /// The value in the base unit of its dimension (B, B/s, FLOP/s, W, s, currency), or `nil` for a
  /// word, an unknown unit, or anything that is not a finite number.
  public var number: Double? {
    guard let scale = Self.scale(ofUnit: unit), let value = Double(value), value.isFinite else { return nil }
    return value * scale
  }

  /// How many base units one of `unit` is; `nil` when the unit is not known.
  static func scale(ofUnit unit: String) -> Double? {
    switch unit {
    case "", "B", "s", "W", "tokens", "devices", "ratio", "USD", "1/s", "1/min", "tokens/min", "tokens/s": 1
    case "USD/node-hour", "USD/device-hour", "USD/1M tokens", "USD/GB-month", "USD/GB", "USD/1000 requests": 1
    case "U", "kg", "g/kWh": 1
    case "kW": 1000
    case "GB": 1e9
    case "GiB": 1_073_741_824
    case "GB/s": 1e9
    case "Gbit/s": 1e9 / 8
    case "TFLOP/s", "TOP/s": 1e12
    case "us": 1e-6
    case "ms": 1e-3
    case "h": 3600
    case "d": 86_400
    default: nil
    }
  }
}

/// A fact of the user's own, and the kind of entry it speaks of.
public struct OverlayFact: Sendable, Hashable {
  public var kind: Kind
  public var fact: Fact
  public init(kind: Kind, fact: Fact) {
    self.kind = kind
    self.fact = fact
  }
}

/// Where facts come from.
public struct Source: Sendable, Hashable {
  /// What rows of the data files name it by.
  public var id: String
  /// Where to read it.
  public var citation: String
  /// How far to trust it.
  public var confidence: Confidence

  /// How a value came into the catalogue, from the surest to the least sure.
  public enum Confidence: String, Sendable, CaseIterable {
    /// Read in the source itself.
    case seen
    /// Stated by the vendor of the product.
    case vendor
    /// Computed from values that were seen; the citation says how.
    case derived
    /// Written from memory, not checked against the source.
    case memory
    /// A guess of the right order, for want of anything better.
    case estimated
  }
}
