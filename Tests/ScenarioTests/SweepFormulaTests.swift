import Testing

@testable import Scenario

/// Parameters that follow others, and paths that mean several places.
@Suite struct SweepFormulaTests {
  @Test(arguments: [
    ("x", 6.0), ("x / 8", 0.75), ("2 * x + 1", 13), ("-(x - 2) * 3", -12), ("x/2/3", 1), ("8 - x - 1", 1),
    ("(x + 2) * (x - 2)", 32), ("1.5*x", 9),
  ])
  func formulasHaveTheirValue(text: String, value: Double) {
    #expect(SweepFormula(text)?.value(of: 6) == value)
  }

  @Test(arguments: [
    "", "y", "x +", "x 2", "(x", "x)", "* x", "1..2", "x ^ 2", String(repeating: "(", count: 99),
  ])
  func whatIsNoFormulaIsRefused(text: String) {
    #expect(SweepFormula(text) == nil)
  }

  @Test func aDivisionByNothingHasNoValue() {
    #expect(SweepFormula("1 / (x - 6)")?.value(of: 6) == nil)
  }

  static let text = """
    version: 1
    name: follow
    workloads: { t: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 256, steps: 10 } }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpus: { site: dc, node: hgx-h100, count: 1, fabric: infiniband-ndr } }
        jobs: { t: { workload: t, pool: gpus, accelerators: 8 } }
      two:
        sites: { dc: { kind: on-prem } }
        pools: { gpus: { site: dc, node: hgx-h100, count: 1, fabric: roce-400g } }
        jobs: { t: { workload: t, pool: gpus, accelerators: 8 } }
    sweep:
      parameters:
        "designs.*.jobs.t.accelerators": [8, 16, 32]
        "designs.*.pools.gpus.count": { with: "designs.*.jobs.t.accelerators", formula: "FORMULA" }
    """

  static func read(_ formula: String, at point: Int) -> Result<Scenario, FaultReport> {
    let text = Self.text.replacing("FORMULA", with: formula)
    return ScenarioReader.read(
      bytes: Array(text.utf8), file: "f.yaml", folder: ".",
      overrides: [
        Override(path: "designs.*.jobs.t.accelerators", value: "\(8 << point)"),
        Override(path: "designs.*.pools.gpus.count", value: "\(1 << point)"),
      ])
  }

  @Test func aStarMeansEveryDesign() throws {
    let scenario = try Self.read("x / 8", at: 2).get()
    #expect(scenario.designs.map { $0.pools[0].nodeCount } == [4, 4])
    #expect(scenario.designs.map { $0.jobs[0].accelerators } == [32, 32])
  }

  @Test func aFormulaWithoutAValueIsAFault() {
    guard case .failure(let report) = Self.read("1 / (x - 16)", at: 0) else {
      return #expect(Bool(false), "one of the points has no value")
    }
    #expect(report.description.contains("no value") && report.description.contains("16"))
  }
}
