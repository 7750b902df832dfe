import Catalog
import Kernel
import Statistics

extension Calibration {
  /// Differences that see over the stairs of a closed loop, then such as stand on a few of them.
  static let coarseToFine = [0.4, 0.1]
  private static let hops = 6

  /// Fits from several starts and keeps the best: users of a closed loop who all send alike fall into step,
  /// which step depends on the coefficients, and a search that goes downhill does not leave the regime it
  /// began in.
  ///
  /// The starts are drawn by turns from what is believed of the parameters and from around the best so far
  /// (basin hopping: Wales and Doye, J. Phys. Chem. A 101, 1997), always the same ones. When figures agree to
  /// a third of their tolerances in the mean there is nothing left to look for.
  ///
  /// - Returns: `nil` when no figure can be simulated at the start.
  /// - Complexity: about 20 × (parameters + 2) simulations of every case for each of up to six starts.
  public static func search(
    _ cases: [CalibrationCase], parameters: [CalibrationParameter], catalog: Catalog = .builtIn, jobs: Int = 2
  ) -> CalibrationFit? {
    let figures = cases.reduce(0) { $0 + $1.figures.count }
    var stream = RandomStream(seed: 1, replication: 0, entity: "calibration", purpose: "starts")
    var best: CalibrationFit?
    for hop in 0..<hops {
      let center = hop % 2 == 0 ? best?.estimates.map(\.value) : nil
      let width = hop == 0 ? 0 : center == nil ? 0.7 : 0.3
      let guess = zip(parameters, center ?? parameters.map(\.start)).map { parameter, value in
        value * exponential(width * parameter.spread * NormalLaw.quantile(stream.uniform()))
      }
      let found = fit(
        cases, parameters: parameters, catalog: catalog, guess: guess, steps: coarseToFine, jobs: jobs)
      guard let found else { return best }
      if found.endCost < best?.endCost ?? .infinity { best = found }
      if let best, best.endCost < Double(figures) / 18 { break }
    }
    return best.map { best in refined(best, cases, parameters: parameters, catalog: catalog, jobs: jobs) }
  }
  /// Weighs what is believed by how well the figures agree: a step of empirical Bayes.
  private static func refined(
    _ found: CalibrationFit, _ cases: [CalibrationCase], parameters: [CalibrationParameter], catalog: Catalog,
    jobs: Int
  ) -> CalibrationFit {
    guard found.scatter < 1 else { return found }
    return fit(
      cases, parameters: parameters, catalog: catalog, guess: found.estimates.map(\.value),
      scatter: found.scatter, steps: coarseToFine, jobs: jobs) ?? found
  }
}
