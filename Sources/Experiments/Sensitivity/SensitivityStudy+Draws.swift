import Kernel
import Scenario
import Statistics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

extension SensitivitySettings.Uncertainty {
  /// The value below which a share of the draws lies, moved into the bounds.
  ///
  /// - Parameter share: between 0 and 1, neither of them.
  public func quantile(_ share: Double) -> Double {
    let value: Double
    switch law {
    case .uniform(let from, let to): value = from + (to - from) * share
    case .triangular(let low, let mode, let high):
      let span = high - low
      if span == 0 {
        value = low
      } else if share <= (mode - low) / span {
        value = low + (share * span * (mode - low)).squareRoot()
      } else {
        value = high - ((1 - share) * span * (high - mode)).squareRoot()
      }
    case .normal(let mean, let deviation): value = mean + deviation * NormalLaw.quantile(share)
    case .lognormal(let mean, let cv):
      let variance = log1p(cv * cv)
      value = exp(log(mean) - variance / 2 + variance.squareRoot() * NormalLaw.quantile(share))
    }
    return min(maximum ?? .infinity, max(minimum ?? -.infinity, value))
  }
}

extension SensitivityStudy {
  /// Draws all uncertain inputs together, again and again.
  mutating func draw() async -> SensitivityResults.Outlook {
    let knobs = settings.uncertain.map { Knob(drawn: $0.input, in: scenario) }
    let isMoney = knobs.allSatisfy(\.isMoney)
    let count = settings.draws ?? (isMoney ? 1000 : 200)
    let shares = shares(count)
    var draws: [SensitivityResults.Draw] = []
    var refused = 0
    for index in 0..<count where !isStopped {
      if index % 16 == 0 { report("draw \(index + 1) of \(count)") }
      if limits.isReached {
        isStopped = true
        break
      }
      let values = settings.uncertain.indices.map { input in
        knobs[input].rounded(settings.uncertain[input].quantile(shares[input][index]))
      }
      // Every draw has a replication of its own, so that chance within runs is part of the outlook.
      let states = await evaluate(Array(zip(knobs, values)).map { ($0, $1) }, replication: index)
      guard let states else {
        if !isStopped { refused += 1 }
        continue
      }
      draws.append(
        .init(
          values: values, objectives: states.map(\.objective), holds: states.map(\.holds),
          cheapest: Self.cheapest(states), winner: Self.winner(states)))
    }
    if refused > 0 {
      notes.append(
        "\(refused) of \(count) draws gave no valid scenario and are left out; bound the distributions "
          + "with min and max")
    }
    return outlook(draws, isRepriced: isMoney)
  }

  /// For every input, a share for every draw.
  private func shares(_ count: Int) -> [[Double]] {
    settings.uncertain.map { one in
      var stream = RandomStream(
        seed: scenario.seed, replication: 0, entity: one.input.path, purpose: "uncertainty")
      guard settings.sampling == .latinHypercube else { return (0..<count).map { _ in stream.uniform() } }
      let column = LatinHypercubeColumn(points: count, stream: stream)
      return (0..<count).map { column.coordinate(ofPoint: $0) }
    }
  }

  private func outlook(_ draws: [SensitivityResults.Draw], isRepriced: Bool) -> SensitivityResults.Outlook {
    func chance(_ count: Int) -> Interval? {
      wilsonInterval(successes: Int64(count), trials: Int64(draws.count))
    }
    let designs = designs.enumerated().map { index, name -> SensitivityResults.Chances in
      let sorted = draws.compactMap { $0.objectives[index] }.sorted()
      func quantile(_ q: Double) -> Double? {
        sorted.isEmpty ? nil : sorted[max(0, Int((q * Double(sorted.count)).rounded(.up)) - 1)]
      }
      return .init(
        design: name, cheapest: chance(draws.count { $0.cheapest == name }),
        holds: chance(draws.count { $0.holds[index] }),
        cheapestAndHolds: chance(draws.count { $0.cheapest == name && $0.holds[index] }),
        chosen: chance(draws.count { $0.winner == name }),
        low: quantile(0.05), median: quantile(0.5), high: quantile(0.95))
    }
    return .init(
      inputs: settings.uncertain, sampling: settings.sampling, isRepriced: isRepriced, designs: designs,
      draws: draws)
  }
}
