import Quantities

/// What one rack gives. What it does not limit is `nil`.
public struct RackLimits: Sendable, Hashable {
  public var power: Watts
  /// Height in rack units.
  public var units: Int?
  public var weight: Kilograms?
  public init(power: Watts, units: Int? = nil, weight: Kilograms? = nil) {
    self.power = power
    self.units = units
    self.weight = weight
  }
}

/// What one machine takes of a rack. What nobody knows is `nil`, and is not counted.
public struct RackLoad: Sendable, Hashable {
  /// At most.
  public var power: Watts
  public var units: Int?
  public var weight: Kilograms?
  /// Whether it comes as a rack of its own: then nothing stands beside it, and its height does not matter.
  public var isRack: Bool
  public init(power: Watts, units: Int? = nil, weight: Kilograms? = nil, isRack: Bool = false) {
    self.power = power
    self.units = units
    self.weight = weight
    self.isRack = isRack
  }
}

/// What of a rack is used up first.
public enum RackCap: String, Sendable, Hashable, CaseIterable { case power, height, weight }

/// How equal machines stand in equal racks.
public struct RackPacking: Sendable, Hashable {
  /// Machines that each cap lets into a rack; only caps of which both sides are known.
  public let byCap: [RackCap: Int]
  /// Machines of a rack.
  public let perRack: Int
  /// The cap that allows the fewest; of equal ones the first of power, height and weight.
  public let binding: RackCap
  public let machines: Int
  public let limits: RackLimits
  public let load: RackLoad

  /// - Complexity: O(1).
  public init(_ load: RackLoad, machines: Int, in limits: RackLimits) {
    var byCap: [RackCap: Int] = [.power: Self.count(limits.power.value, load.power.value)]
    if let height = limits.units, let units = load.units, !load.isRack {
      byCap[.height] = Self.count(Double(height), Double(units))
    }
    if let most = limits.weight, let weight = load.weight {
      byCap[.weight] = Self.count(most.value, weight.value)
    }
    var binding = RackCap.power
    for cap in RackCap.allCases where (byCap[cap] ?? .max) < byCap[binding]! { binding = cap }
    self.byCap = byCap
    self.binding = binding
    perRack = load.isRack ? min(1, byCap[binding]!) : byCap[binding]!
    self.machines = machines
    self.limits = limits
    self.load = load
  }

  /// Whether a single machine stands in a rack at all.
  public var fits: Bool { perRack > 0 }

  /// Racks that they take; 0 where none fits.
  public var racks: Int { fits ? (machines + perRack - 1) / perRack : 0 }

  /// How many more machines of another kind their racks take, each kind of rack after the other.
  public func room(for other: RackLoad) -> Int {
    guard fits, !load.isRack, !other.isRack else { return 0 }
    let last = machines - (racks - 1) * perRack
    return (racks - 1) * room(beside: perRack, for: other) + (racks > 0 ? room(beside: last, for: other) : 0)
  }

  private func room(beside count: Int, for other: RackLoad) -> Int {
    var left = limits
    left.power = max(Watts.zero, limits.power - load.power * Double(count))
    left.units = limits.units.map { max(0, $0 - count * (load.units ?? 0)) }
    left.weight = limits.weight.map { max(Kilograms.zero, $0 - (load.weight ?? .zero) * Double(count)) }
    return RackPacking(other, machines: 1, in: left).perRack
  }

  /// Whole loads in a limit; a billionth is no reason to leave one out.
  private static func count(_ limit: Double, _ load: Double) -> Int {
    guard load > 0 else { return 1_000_000_000 }
    return Int(min(1e9, (limit / load * (1 + 1e-9)).rounded(.down)))
  }
}
