import Economics
import Scenario

/// Demand that is not met, in money.
extension EconomicsSettings {
  /// What a request that is not answered well is worth [currency]; 0 where the scenario does not say.
  func unmetValue(ofRequestTo cost: DesignCost) -> Double {
    switch unmet {
    case .request(let price): price.units
    case .millionTokens(let price): price.units * (cost.workPerMonth?.tokensPerRequest ?? 0) / 1e6
    case nil: 0
    }
  }
}

extension CostCalendar {
  /// Of the demand of the horizon, what is not answered well; `nil` where nothing was measured or asked.
  var unmetRatio: Double? {
    requests.flatMap { $0.offered > 0 ? max(0, 1 - $0.good / $0.offered) : nil }
  }

  /// The worth of the demand of the horizon that is not met, not discounted; `nil` where nothing was
  /// measured.
  func unmetWorth(_ economics: EconomicsSettings) -> Double? {
    requests.map { max(0, $0.offered - $0.good) * economics.unmetValue(ofRequestTo: own) }
  }
}
