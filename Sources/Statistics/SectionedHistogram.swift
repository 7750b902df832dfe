/// One long run's values in sections of equal length, in the order they came, so that the run tells by itself
/// how well its quantiles are known.
///
/// Between 20 and 40 sections are kept whatever the number of values: when there are 40, neighbours become
/// one. Memory is that of 40 histograms.
public struct SectionedHistogram: Sendable {
  /// Fewer sections tell too little of their spread.
  public static let fewest = 20

  private var sections: [LogHistogram] = []
  /// Values of a full section.
  public private(set) var length: Int64 = 1

  /// No sections.
  public init() {}

  /// Full sections.
  public var count: Int { sections.count - (sections.last.map { $0.count < length } == true ? 1 : 0) }

  /// Records one value, which must not be negative.
  ///
  /// - Complexity: O(1) amortised.
  public mutating func record(_ value: Int64) {
    if sections.last.map({ $0.count == length }) ?? true {
      if sections.count == 2 * Self.fewest { join() }
      sections.append(LogHistogram())
    }
    sections[sections.count - 1].record(value)
  }

  private mutating func join() {
    sections = (0..<Self.fewest).map { index in
      var joined = sections[2 * index]
      joined.merge(sections[2 * index + 1])
      return joined
    }
    length *= 2
  }

  /// The interval of a quantile by sectioning (Asmussen and Glynn, "Stochastic Simulation", 2007, section
  /// III.5a; Nakayama, "Confidence Intervals for Quantiles Using Sectioning when Applying Variance-Reduction
  /// Techniques", ACM TOMACS 24, 2014): around the quantile of the whole run, as wide as those of the
  /// sections scatter about it. `nil` where there are fewer than 20 full sections, or where fewer than five
  /// values of a section lie beyond the quantile.
  ///
  /// Correlation within a section is taken in; sections must be long against it.
  ///
  /// - Parameters:
  ///   - q: between 0 and 1.
  ///   - whole: the quantile of all values.
  ///   - confidence: between 0 and 1, such as 0.95.
  /// - Complexity: O(sections × buckets).
  public func quantileInterval(_ q: Double, of whole: Double, confidence: Double = 0.95) -> Interval? {
    precondition(q > 0 && q < 1, "an enclosed quantile lies between 0 and 1")
    guard count >= Self.fewest, Double(length) * min(q, 1 - q) >= 5 * (1 - 1e-12) else { return nil }
    let squares = sections.prefix(count).compactMap { $0.quantile(q) }
      .reduce(0) { $0 + ($1 - whole) * ($1 - whole) }
    let error = (squares / Double(count - 1) / Double(count)).squareRoot()
    return studentInterval(
      mean: whole, standardError: error, degrees: Double(count - 1), confidence: confidence)
  }
}
