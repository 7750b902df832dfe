import Foundation

/// The course of a day whose peak is more than twice its mean: the exponential of a cosine.
///
/// At the time u of a day, 0...1, the rate over its mean is
/// > exp(k · cos(2π(u − ½))) / I₀(k),
/// the density of the von Mises distribution times 2π, with the modified Bessel function I₀ of order zero.
/// Its mean is 1 whatever k is (Abramowitz and Stegun, "Handbook of Mathematical Functions", 9.6.16), and its
/// peak, half a day in, is exp(k) / I₀(k), which grows from 1 without bound: k is the one whose peak is asked
/// for.
struct PeakedDay: Sendable, Hashable {
  /// Concentration, above 0.
  let concentration: Double
  /// Mean over peak.
  private let meanOverPeak: Double
  /// Of equal parts of a day, eight for each width of the peak: the highest rate in it over that of the peak.
  let ceilings: [Double]

  /// `nil` for peaks that a sinusoid has, up to twice the mean.
  ///
  /// - Complexity: some 60 sums of a few hundred terms.
  init?(peakToMean: Double) {
    guard peakToMean > 2, peakToMean.isFinite else { return nil }
    // For large k the peak is √(2πk) times the mean, and always less.
    var (low, high) = (0.0, peakToMean * peakToMean / 2)
    while high - low > 1e-15 * high {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if Self.meanOverPeak(middle) * peakToMean > 1 { low = middle } else { high = middle }
    }
    concentration = (low + high) / 2
    meanOverPeak = 1 / peakToMean
    // An even number: the rate rises to the middle of the day and falls from there, so an end of a part is
    // its highest.
    let count = 64 + 8 * Int(concentration.squareRoot())
    let edges = (0...count).map { [concentration] in
      Self.shareOfPeak(at: Double($0) / Double(count), concentration: concentration)
    }
    ceilings = zip(edges, edges.dropFirst()).map { max($0, $1) }
  }

  /// exp(−k) I₀(k): the mean of exp(k (cos θ − 1)) over a circle. Sums over even steps converge
  /// exponentially for periodic functions that are this smooth; the peak is 1/√k wide.
  static func meanOverPeak(_ concentration: Double) -> Double {
    let steps = 64 + Int(24 * concentration.squareRoot())
    return (0..<steps).reduce(0) { sum, step in
      sum + exp(concentration * (cos(2 * .pi * Double(step) / Double(steps)) - 1))
    } / Double(steps)
  }

  /// Rate over that of the peak at so many days, 0...1.
  func shareOfPeak(at days: Double) -> Double { Self.shareOfPeak(at: days, concentration: concentration) }

  private static func shareOfPeak(at days: Double, concentration: Double) -> Double {
    exp(-concentration * (1 + cos(2 * .pi * days)))
  }

  /// Of the rate over its mean, until so many days: whole days count 1 each.
  ///
  /// - Complexity: O(√k) for the rest of a day, by Simpson's rule.
  func integral(until days: Double) -> Double {
    let whole = days.rounded(.down)
    let rest = days - whole
    if rest == 0 { return whole }
    let steps = 2 * (256 + Int(256 * concentration.squareRoot()))
    var sum = shareOfPeak(at: 0) + shareOfPeak(at: rest)
    for step in 1..<steps {
      sum += shareOfPeak(at: rest * Double(step) / Double(steps)) * (step % 2 == 0 ? 2 : 4)
    }
    return whole + sum * rest / Double(3 * steps) / meanOverPeak
  }
}
