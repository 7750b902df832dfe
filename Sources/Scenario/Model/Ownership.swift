import Catalog
import Economics
import Quantities

/// What owning a pool's nodes means beside their price, life and residual value.
public struct Ownership: Sendable, Hashable {
  public var depreciation = Depreciation.straightLine
  /// When nodes are replaced; `nil` for at the end of their life.
  public var refresh: Seconds?
  /// Price of what replaces them over their own.
  public var successorPrice = 1.0
  /// Contract for support, a year, as a share of the price.
  public var supportPerYear = 0.0
  /// Of a node-hour in use, beside electricity.
  public var runningPerHour = Money.zero
  public var financing: Financing?
  /// Whether the price of a node holds its part of the network.
  public var holdsFabric = false
  public init() {}
}

/// Nodes that are leased, and what goes by a price beside the payments.
public struct LeasedNodes: Sendable, Hashable {
  /// Of a node.
  public var lease: Lease
  /// Of a node, for what is a share of it; `nil` where nobody says.
  public var price: Money?
  /// Of the network that is bought for them, which does not go back with them.
  public var networkLife: Seconds

  public init(lease: Lease, price: Money?, networkLife: Seconds) {
    self.lease = lease
    self.price = price
    self.networkLife = networkLife
  }
}

/// One way in which some of a pool's nodes are rented.
public struct RentPart: Sendable, Hashable {
  /// Of the pool's nodes, 0...1.
  public var share: Double
  public var pricePerNodeHour: Money
  /// On demand, for the comparison with the discounted price; `nil` where no list has it.
  public var listPrice: Money?
  public var term: PriceTerm
  public var source: String
  public var date: String
  /// Time that is paid for whatever is used; zero for none.
  public var commitment: Seconds
  /// Of what is committed, what is paid at its start, 0...1.
  public var upfront: Double

  /// Whether it is paid by the hour, and not when it is not used.
  public var isByUse: Bool { commitment.value <= 0 }
}

/// How long it takes until rented capacity is there.
public struct Provisioning: Sendable, Hashable {
  /// Of one attempt.
  public var delay: Seconds
  /// Chance that an attempt finds no capacity, 0..<1.
  public var stockOut: Double

  /// Attempts follow each other until one succeeds: delay / (1 − p).
  public var meanTime: Seconds { delay / (1 - stockOut) }
}

/// What a site charges beside energy.
public struct SiteCharges: Sendable, Hashable {
  /// Space and cooling a month, for each kW of the machines' full draw.
  public var spacePerKilowatt = Money.zero
  /// A month, for each kW of the highest draw at the meter.
  public var demandPerKilowatt = Money.zero
  /// Of data that leaves it.
  public var egressPerGigabyte = Money.zero
  /// Leaves it in a month, beside what storage says of itself.
  public var egressPerMonth = Bytes(0)
  public init() {}
}

/// What a month does with a storage of the design.
public struct StorageUse: Sendable, Hashable {
  /// Name of the storage, and of the catalogue's entry that prices it.
  public var name: String
  public var tier: String
  public var siteIndex: Int?
  public var kept: Bytes
  /// Whether the scenario says what is kept: then checkpoints of jobs are part of it.
  public var isKeptWritten = false
  /// Read back in a month, where reading costs.
  public var retrieved: Bytes
  /// Leaves the provider in a month.
  public var leaving: Bytes
  public var readsPerMonth: Double
  public var writesPerMonth: Double
  /// Price of hardware by capacity; zero where it is rented.
  public var purchasePerGigabyte: Money
  public var source: String
  public var date: String
  /// Whether a month pays for anything, whatever jobs do.
  public var isUsed: Bool {
    kept.value + retrieved.value + leaving.value + readsPerMonth + writesPerMonth > 0
  }
}

extension Design {
  /// What a month does with a store of `storage`, where it lies and whose prices hold; `nil` past the last
  /// one.
  public func use(ofStore index: Int) -> StorageUse? {
    guard storage.indices.contains(index) else { return nil }
    return storageUse.first { $0.name == storage[index].name }
  }
}

/// A cost that no other key speaks of.
public struct OtherCost: Sendable, Hashable {
  public enum Period: String, Sendable, Hashable { case once, month }
  public var name: String
  /// Of one of them, for the period.
  public var amount: Money
  public var quantity: Double
  public var period: Period
  public var service: Charge.Service
  public var source: String
  /// Whether it grows with demand.
  public var followsDemand: Bool
}

/// What a managed endpoint is paid by, where it is not the catalogue's price of a token.
public struct EndpointTerms: Sendable, Hashable {
  public var inputPricePerMillion: Money?
  public var outputPricePerMillion: Money?
  public var perRequest = Money.zero
  /// Units of provisioned throughput, and the price of an hour of each: tokens are part of it.
  public var provisionedUnits = 0
  public var provisionedPerHour = Money.zero
  /// What a unit passes, prompt and generated tokens; `nil` where nobody says.
  public var tokensPerMinuteOfUnit: Double?
  public init() {}
}
