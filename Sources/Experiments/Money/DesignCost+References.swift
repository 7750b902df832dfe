import Scenario

/// The ways of paying that a break-even is told against, each only where a design is paid in that way alone:
/// against a part of a mixture a break-even means nothing.
extension DesignCost {
  /// Whether all of its machines are rented by the hour, and nothing is answered elsewhere.
  var isRentedByTheHour: Bool {
    !design.pools.isEmpty
      && design.pools.allSatisfy { !$0.isOwned && !$0.rent.isEmpty && $0.rent.allSatisfy(\.isByUse) }
      && !design.services.contains(where: \.isCalled)
      && items.contains { $0.isRent && $0.driver == .hours }
  }

  /// Whether it has no machines, and all of its services are paid for by the token or the request.
  var isPaidByTheToken: Bool {
    design.pools.isEmpty && !design.services.isEmpty
      && design.services.allSatisfy { $0.isCalled && ($0.endpointTerms?.provisionedUnits ?? 0) == 0 }
  }

  /// Whether the load decides what of it is answered where, or how many machines are held: then its cost is
  /// no straight line in tokens.
  var mixesByLoad: Bool {
    design.pools.contains(where: \.isElastic)
      || design.services.contains { $0.front != nil && $0.isCalled }
  }
}

extension Service {
  /// Whether a managed endpoint answers it.
  fileprivate var isCalled: Bool { if case .endpoint = placement { true } else { false } }
}
