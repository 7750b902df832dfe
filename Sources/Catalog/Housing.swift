import Quantities

/// What carries the heat of machines away.
public enum Cooling: String, Sendable, Hashable, CaseIterable { case air, liquid }

/// What a node needs of the rack that it stands in. Unknown is `nil`, never nothing.
public struct Housing: Sendable, Hashable {
  /// Height in rack units of 44.45 mm (EIA-310).
  public var units: Int?
  public var weight: Kilograms?
  /// What it must be cooled with; racks for liquid take nodes for air as well.
  public var cooling: Cooling?
  /// Whether it comes as a rack of its own, such as an NVL72.
  public var isRack = false

  public init() {}

  /// As the catalogue's facts of a node have it.
  init(_ entry: FactEntry) {
    units = entry.integer("rack-units")
    weight = entry.number("weight").map { Kilograms($0) }
    cooling = entry.text("cooling").flatMap(Cooling.init)
    isRack = entry.text("form") == "rack"
  }
}

/// A usual kind of rack, from the catalogue.
public struct RackPreset: Sendable, Hashable {
  public var name: String
  public var power: Watts
  public var units: Int
  public var weight: Kilograms
  public var cooling: Cooling
}

extension Catalog {
  /// The rack of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func rack(_ name: String) -> RackPreset? {
    guard let entry = table(.racks).entry(name), let power = entry.number("power"), power > 0,
      let units = entry.integer("units"), let weight = entry.number("weight"),
      let cooling = entry.text("cooling").flatMap(Cooling.init)
    else { return nil }
    return RackPreset(
      name: name, power: Watts(power), units: units, weight: Kilograms(weight), cooling: cooling)
  }

  /// Mean emissions of a grid's electricity [g/kWh], or `nil` for one that the catalogue does not know.
  /// - Complexity: constant, after the first use parsed the file.
  public func carbonIntensity(ofGrid name: String) -> Double? {
    table(.grids).entry(name)?.number("intensity")
  }
}
