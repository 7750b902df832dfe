import Scenario

extension SensitivityStudy {
  /// How far an input is turned in search of another winner, as factors; prices cost nothing to try.
  private static let factors = (
    money: (up: [1.5, 2, 3, 5, 10, 20, 50, 100], down: [0.5, 0.2, 0.1, 0.05, 0.01, 0.0]),
    simulated: (up: [2.0], down: [0.5])
  )

  /// One input moved alone; `nil` when a limit came first or neither direction gives a valid scenario.
  mutating func effect(of knob: Knob, _ states: [DesignState]) async -> SensitivityResults.Effect? {
    let below = knob.base * knob.factor(near: 1 - settings.spread)
    let above = knob.base * knob.factor(near: 1 + settings.spread)
    let low = await evaluate([(knob, below)])
    if isStopped { return nil }
    let high = await evaluate([(knob, above)])
    if isStopped { return nil }
    guard low != nil || high != nil else {
      notes.append(
        "\(knob.input.path): the scenario is valid at neither \(knob.text(below)) nor "
          + "\(knob.text(above)); it was left out")
      return nil
    }
    let designs = states.enumerated().map { index, state -> SensitivityResults.Response in
      let (lower, upper) = (low?[index].objective, high?[index].objective)
      return SensitivityResults.Response(
        design: state.design, base: state.objective, low: lower, high: upper,
        elasticity: elasticity(
          state.objective, lower, upper, from: knob.rounded(below) / knob.base,
          to: knob.rounded(above) / knob.base))
    }
    let first = Self.winner(states)
    let limit = knob.isMoney ? Self.factors.money : Self.factors.simulated
    let up = await breakEven(
      knob, first, [1 + settings.spread] + limit.up.filter { $0 > 1 + settings.spread })
    let down = await breakEven(
      knob, first, [1 - settings.spread] + limit.down.filter { $0 < 1 - settings.spread })
    if isStopped { return nil }
    return SensitivityResults.Effect(
      path: knob.input.path, base: knob.base, unit: knob.unit, low: knob.rounded(below),
      high: knob.rounded(above), isRepriced: knob.isMoney, designs: designs, winner: first,
      winnerLow: low.flatMap(Self.winner), winnerHigh: high.flatMap(Self.winner), breakEvenBelow: down,
      breakEvenAbove: up)
  }

  /// The change of the objective over that of the input, both relative: 1 where they grow alike. Over both
  /// sides where both are known.
  ///
  /// - Parameters:
  ///   - lower: the input's own values over its base one, as they were tried: whole numbers are rounded.
  ///   - upper: as `lower`.
  private func elasticity(
    _ base: Double?, _ low: Double?, _ high: Double?, from lower: Double, to upper: Double
  ) -> Double? {
    guard let base, base != 0 else { return nil }
    func slope(_ change: Double, over span: Double) -> Double? { span == 0 ? nil : change / base / span }
    switch (low, high) {
    case (let low?, let high?): return slope(high - low, over: upper - lower)
    case (nil, let high?): return slope(high - base, over: upper - 1)
    case (let low?, nil): return slope(base - low, over: 1 - lower)
    default: return nil
    }
  }

  /// The nearest value at which another design wins: factors further and further out until the winner
  /// changes or the scenario is no longer valid, then bisection of the last interval, to a ten-thousandth
  /// where only money moves and to a fiftieth where runs do.
  ///
  /// A winner that changes and changes back between two factors is not seen.
  private mutating func breakEven(_ knob: Knob, _ first: String?, _ factors: [Double]) async
    -> SensitivityResults.BreakEven?
  {
    var inside = 1.0
    for factor in factors.map(knob.factor(near:)) where factor != inside {
      let states = await evaluate([(knob, knob.base * factor)])
      if isStopped { return nil }
      if let states, Self.winner(states) == first {
        inside = factor
        continue
      }
      return await breakEven(knob, first, between: inside, and: factor, states)
    }
    return nil
  }

  /// The break-even between a factor with the same winner and one with another; with `beyond` `nil` one
  /// that is not valid, before which there may be none.
  private mutating func breakEven(
    _ knob: Knob, _ first: String?, between inside: Double, and outside: Double, _ beyond: [DesignState]?
  ) async -> SensitivityResults.BreakEven? {
    var (inside, outside, beyond) = (inside, outside, beyond)
    let precision = knob.isMoney ? 1e-4 : 2e-2
    for _ in 0..<40 where abs(outside - inside) > precision * max(inside, outside) {
      let middle = knob.factor(between: inside, and: outside)
      if middle == inside || middle == outside { break }
      let states = await evaluate([(knob, knob.base * middle)])
      if isStopped { return nil }
      if let states, Self.winner(states) == first {
        inside = middle
      } else {
        (outside, beyond) = (middle, states)
      }
    }
    guard let beyond else { return nil }
    return .init(
      value: knob.base * outside, inside: knob.base * inside, winner: Self.winner(beyond),
      formerHolds: beyond.first { $0.design == first }?.holds ?? false)
  }
}
