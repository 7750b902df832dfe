import Experiments

extension RunResults {
  /// `costs.csv`: the charges of one month of service in the columns that FOCUS 1.2 makes mandatory,
  /// in its order, then `RegionName` and our own (`x_`).
  ///
  /// A simulated month has no date. The rows carry a fixed one, January 2027, so that the
  /// file is the same whenever it is written. A purchase is billed once and its usage rows carry the
  /// write-off, so the effective costs of both are what the month costs.
  ///
  /// - Complexity: O(charges).
  public func costsCSV() -> String {
    var table = CSVText(header: [
      "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart",
      "BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodStart",
      "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
      "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
      "RegionName", "x_Design", "x_RunId", "x_Source",
    ])
    for row in costs {
      // What was agreed is what is billed now or was billed with the purchase this usage draws on.
      let contracted = max(row.billedCostMicros, row.effectiveCostMicros)
      table.append([
        .decimal(FileText.money(micros: row.billedCostMicros)), .text(row.design),
        .text(manifest.scenario), .text(row.currency), .decimal(CostPeriod.start),
        .decimal(CostPeriod.end), .text(row.chargeCategory), .text(""), .text(row.chargeDescription),
        .decimal(CostPeriod.start), .decimal(CostPeriod.end),
        .decimal(FileText.money(micros: contracted)),
        .decimal(FileText.money(micros: row.effectiveCostMicros)), .text(row.providerName),
        .decimal(FileText.money(micros: row.listCostMicros)), .number(row.pricingQuantity),
        .text(row.pricingUnit), .text(row.providerName), .text(row.providerName),
        .text(row.serviceCategory), .text(row.serviceName), .text(row.regionName), .text(row.design),
        .text(manifest.runID), .text(row.source),
      ])
    }
    return table.text
  }
}

/// The month that stands for every simulated month.
private enum CostPeriod {
  static let start = "2027-01-01T00:00:00Z"
  static let end = "2027-02-01T00:00:00Z"
}
