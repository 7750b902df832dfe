import Experiments

extension RunResults {
  /// `summary.json`: the manifest, the designs, the judged thresholds, every row of `metrics.csv` as the
  /// list `results`, the charges, and the notes. Time series and requests have files of their own.
  ///
  /// - Complexity: O(rows + charges).
  public func summaryJSON() -> String {
    let summary: JSONValue = .object([
      ("manifest", manifest.json),
      ("designs", .array(designs.map(\.json))),
      ("thresholds", .array(verdicts.map(\.json))),
      ("results", .array(rows.map { $0.json(run: manifest.runID) })),
      ("differences", .array(differences.map(\.json))),
      ("factors", .array(factors.map(\.json))),
      ("growth", .array(growth.map(\.json))),
      ("costs", .array(costs.map(\.json))),
      ("notes", .array(notes.map(JSONValue.string))),
    ])
    return summary.text(wrapped: 2) + "\n"
  }
}

extension Manifest {
  var json: JSONValue {
    .object([
      ("run_id", .string(runID)),
      ("scenario", .string(scenario)),
      ("scenario_hash", .string(scenarioHash)),
      // As text: a 64-bit seed does not survive readers that keep numbers in doubles.
      ("seed", .string(String(seed))),
      ("replications", .integer(Int64(replications))),
      ("version", .string(version)),
      ("catalog_hash", .string(catalogHash)),
      ("complete", .bool(complete)),
      ("stopped_by", .optional(stoppedBy)),
    ])
  }
}

extension DesignSummary {
  fileprivate var json: JSONValue {
    .object([
      ("name", .string(name)), ("composition", .string(composition)), ("basis", .string(basis)),
      ("binding", .string(binding)),
      (
        "workloads",
        .array(
          workloads.map {
            .object([
              ("workload", .string($0.workload)), ("basis", .string($0.basis)),
              ("service", .string($0.service)), ("model", .string($0.model)),
            ])
          })
      ),
    ])
  }
}

extension ThresholdVerdict {
  fileprivate var json: JSONValue {
    .object([
      ("threshold", .string(threshold.text)), ("design", .string(design)), ("workload", .string(workload)),
      ("value", .optional(value)), ("limit", .number(threshold.limit)), ("holds", .bool(holds)),
    ])
  }
}

extension MetricRow {
  fileprivate func json(run: String) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("run_id", .string(run)), ("design", .string(design)), ("workload", .string(workload)),
    ]
    if let messageBytes { members.append(("message_bytes", .integer(messageBytes))) }
    members += [
      ("replication", .optional(replication)), ("metric", .string(metric)),
      ("statistic", .string(statistic)), ("value", .optional(value)), ("unit", .string(unit)),
      ("ci_low", .optional(low)), ("ci_high", .optional(high)),
    ]
    return .object(members)
  }
}

extension CostRow {
  fileprivate var json: JSONValue {
    .object([
      ("design", .string(design)), ("charge_description", .string(chargeDescription)),
      ("charge_category", .string(chargeCategory)), ("service_category", .string(serviceCategory)),
      ("service_name", .string(serviceName)), ("provider_name", .string(providerName)),
      ("region_name", .string(regionName)),
      ("billed_cost", .decimal(FileText.money(micros: billedCostMicros))),
      ("effective_cost", .decimal(FileText.money(micros: effectiveCostMicros))),
      ("list_cost", .decimal(FileText.money(micros: listCostMicros))),
      ("pricing_quantity", .number(pricingQuantity)), ("pricing_unit", .string(pricingUnit)),
      ("currency", .string(currency)), ("source", .string(source)), ("month", .integer(Int64(month))),
      ("price_date", .string(priceDate)), ("replication", .integer(Int64(replication))),
    ])
  }
}

extension FactorRow {
  fileprivate var json: JSONValue {
    .object([("factor", .string(factor)), ("values", .array(values.map(JSONValue.string)))])
  }
}
