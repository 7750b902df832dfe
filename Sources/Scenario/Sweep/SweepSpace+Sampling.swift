extension SweepSpace {
  /// Spaces with more combinations than this are taken as they are drawn.
  private static let mostCombinations = 1 << 16

  /// The values of a sampler's point; `nil` without a sampler.
  static func sampled(_ parameters: [SweepParameter], _ sampler: Sampler, _ index: Int) -> [SweepValue]? {
    switch sampler {
    case .none: nil
    case .sobol(let sequence):
      parameters.indices.map {
        parameters[$0].value(at: sequence.coordinate(ofPoint: index, dimension: $0))
      }
    case .latinHypercube(let columns):
      parameters.indices.map { parameters[$0].value(at: columns[$0].coordinate(ofPoint: index)) }
    }
  }

  /// The first of the points of equal values, by number: few whole numbers have fewer combinations than a
  /// sampled method has points, and under common random numbers a second run of one says nothing new. `nil`
  /// where no point repeats another, or there are too many combinations to look.
  ///
  /// - Complexity: O(points × parameters), up to the point at which every combination came.
  static func distinct(_ parameters: [SweepParameter], _ sampler: Sampler, _ count: Int) -> [Int]? {
    if case .none = sampler { return nil }
    var combinations = 1
    for parameter in parameters {
      guard let values = parameter.count else { return nil }
      let (product, overflow) = combinations.multipliedReportingOverflow(by: values)
      if overflow || product > mostCombinations { return nil }
      combinations = product
    }
    var seen: Set<[String]> = []
    var kept: [Int] = []
    for index in 0..<count where seen.count < combinations {
      guard let values = sampled(parameters, sampler, index) else { return nil }
      let keys = zip(parameters, values).map { $0.kind.key(of: $1.text) }
      if seen.insert(keys).inserted { kept.append(index) }
    }
    return kept.count < count ? kept : nil
  }
}

extension SweepParameter {
  /// How many values it may have; `nil` for a continuum.
  fileprivate var count: Int? {
    guard let range else { return levels.count }
    guard range.isInteger, abs(range.to - range.from) < 1e6 else { return range.from == range.to ? 1 : nil }
    return Int(abs(range.to - range.from).rounded(.down)) + 1
  }
}
