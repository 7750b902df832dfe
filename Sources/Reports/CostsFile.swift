import Experiments

extension RunResults {
  /// `costs.csv`: the books of each design, month by month of the horizon, in the columns that FOCUS 1.2
  /// makes mandatory, in its order, then `RegionName` and our own (`x_`).
  ///
  /// Simulated months have no date. The first is January 2027, so that the file is the same whenever it is
  /// written; each has the days of its month and stands for a twelfth of a year. A purchase is billed once
  /// and its usage rows carry the write-off; what is left at the end of the horizon is a credit. So both
  /// columns add up to the same for each design.
  ///
  /// They are the books of one replication, which `x_Replication` names: amounts that replications differ in
  /// are means in the table.
  ///
  /// - Complexity: O(charges).
  public func costsCSV() -> String {
    var table = CSVText(header: [
      "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart",
      "BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodStart",
      "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
      "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
      "RegionName", "x_Design", "x_RunId", "x_Source", "x_Month", "x_PriceDate",
      "x_Replication",
    ])
    for row in costs {
      // What was agreed is what is billed now or was billed with the purchase this usage draws on.
      let contracted =
        row.billedCostMicros < 0 ? row.billedCostMicros : max(row.billedCostMicros, row.effectiveCostMicros)
      let (start, end) = (CostPeriod.start(ofMonth: row.month), CostPeriod.start(ofMonth: row.month + 1))
      table.append([
        .decimal(FileText.money(micros: row.billedCostMicros)), .text(row.design),
        .text(manifest.scenario), .text(row.currency), .decimal(start), .decimal(end),
        .text(row.chargeCategory), .text(""), .text(row.chargeDescription), .decimal(start), .decimal(end),
        .decimal(FileText.money(micros: contracted)),
        .decimal(FileText.money(micros: row.effectiveCostMicros)), .text(row.providerName),
        .decimal(FileText.money(micros: row.listCostMicros)), .number(row.pricingQuantity),
        .text(row.pricingUnit), .text(row.providerName), .text(row.providerName),
        .text(row.serviceCategory), .text(row.serviceName), .text(row.regionName), .text(row.design),
        .text(manifest.runID), .text(row.source), .integer(row.month), .text(row.priceDate),
        .integer(row.replication),
      ])
    }
    return table.text
  }
}

/// The months that stand for the simulated ones.
enum CostPeriod {
  private static let firstYear = 2027

  static func start(ofMonth month: Int) -> String {
    let (years, months) = month.quotientAndRemainder(dividingBy: 12)
    let number = months + 1
    return "\(firstYear + years)-\(number < 10 ? "0" : "")\(number)-01T00:00:00Z"
  }
}
