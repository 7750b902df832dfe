import Catalog

/// Remembers each case's residuals at the last few settings of the parameters that concern it: a difference
/// quotient moves one parameter, and most cases do not look at it.
final class CaseMemory {
  private let cases: [CalibrationCase]
  /// Indices of the parameters that each case looks up.
  private let concerns: [[Int]]
  private var known: [[(position: [Double], residuals: [Double])]]

  init(cases: [CalibrationCase], parameters: [CalibrationParameter]) {
    self.cases = cases
    concerns = cases.map { item in
      parameters.indices.filter { item.entries.isEmpty || item.entries.contains(parameters[$0].name) }
    }
    known = cases.map { _ in [] }
  }

  /// Residuals of all cases, in order.
  func residuals(at position: [Double], catalog: Catalog, jobs: Int) -> [Double] {
    func own(_ index: Int) -> [Double] { concerns[index].map { position[$0] } }
    let open = cases.indices.filter { index in !known[index].contains { $0.position == own(index) } }
    let simulated = Calibration.simulateAll(open.map { cases[$0] }, catalog: catalog, jobs: jobs)
    for (index, figures) in zip(open, simulated) {
      let residuals = Calibration.residuals(cases[index].figures, figures)
      // Long enough to keep the point that differences are taken from while its neighbours pass.
      if known[index].count > concerns[index].count + 3 { known[index].removeFirst() }
      known[index].append((own(index), residuals))
    }
    return cases.indices.flatMap { index in
      known[index].first { $0.position == own(index) }?.residuals ?? []
    }
  }
}
