import Quantities

/// One line of a design's bill for one month, after FOCUS 1.2.
///
/// `billed` is what is invoiced in the month; `effective` spreads what was prepaid over the time it
/// serves. Over
/// an asset's life the two sums agree, less what is left of its value.
public struct Charge: Sendable, Hashable {
  public enum Category: String, Sendable {
    case usage = "Usage", purchase = "Purchase"
    /// What is got back: the price of a machine that is sold.
    case credit = "Credit"
  }
  public enum Service: String, Sendable, CaseIterable {
    case compute = "Compute"
    case artificialIntelligence = "AI and Machine Learning"
    case networking = "Networking"
    case storage = "Storage"
    case databases = "Databases"
    case other = "Other"
  }
  public var description: String
  public var category: Category
  public var service: Service
  public var serviceName: String
  public var provider: String
  public var region: String
  public var billed: Money
  public var effective: Money
  public var list: Money
  public var quantity: Double
  public var unit: String
  public var source: String
  /// Whom it is for; `nil` for the design as a whole.
  public var holder: Holder?

  /// What a charge is for, where it is not for the whole design.
  public enum Holder: Sendable, Hashable {
    /// Machines, by the name of their pool.
    case pool(String)
    /// A service or a job, by its name.
    case work(String)
  }

  public init(
    description: String, category: Category, service: Service, serviceName: String, provider: String,
    region: String, billed: Money, effective: Money, list: Money, quantity: Double, unit: String,
    source: String
  ) {
    self.description = description
    self.category = category
    self.service = service
    self.serviceName = serviceName
    self.provider = provider
    self.region = region
    self.billed = billed
    self.effective = effective
    self.list = list
    self.quantity = quantity
    self.unit = unit
    self.source = source
  }
}

/// Lengths of the accounting calendar: a year of 365.25 days in twelve equal months.
public enum Calendar {
  public static let hoursPerMonth = 730.5
  public static let secondsPerMonth = 730.5 * 3600
  public static let monthsPerYear = 12.0
}
