import Quantities

/// People by what they look after: half a person cannot be hired.
public struct Staffing: Sendable, Hashable {
  /// Owned nodes that one person can look after; `nil` where they take nobody.
  public var ownedNodesPerPerson: Double?
  public var rentedNodesPerPerson: Double?
  public var endpointsPerPerson: Double?
  /// As many there are in any case.
  public var minimum: Int

  public init(
    ownedNodesPerPerson: Double? = nil, rentedNodesPerPerson: Double? = nil,
    endpointsPerPerson: Double? = nil,
    minimum: Int = 0
  ) {
    self.ownedNodesPerPerson = ownedNodesPerPerson
    self.rentedNodesPerPerson = rentedNodesPerPerson
    self.endpointsPerPerson = endpointsPerPerson
    self.minimum = minimum
  }

  /// The whole number of people that a fleet needs.
  public func people(ownedNodes: Int, rentedNodes: Int, endpoints: Int) -> Int {
    func part(_ count: Int, _ each: Double?) -> Double {
      each.map { $0 > 0 ? Double(count) / $0 : 0 } ?? 0
    }
    let load =
      part(ownedNodes, ownedNodesPerPerson) + part(rentedNodes, rentedNodesPerPerson)
      + part(endpoints, endpointsPerPerson)
    return max(minimum, Int(min(1e9, (load - 1e-9).rounded(.up))))
  }
}
