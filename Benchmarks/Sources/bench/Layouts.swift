import DryRack

/// What a training layout costs to price, and a whole search over a thousand accelerators (goal 1 ms a layout).
enum Layouts {
  static func measure() throws {
    let text = """
      version: 1
      name: layouts
      workloads: { t: { kind: training, model: llama-3.1-70b, sequence: 8192, global-batch: 1024, steps: 1 } }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: hgx-h100, count: 128, fabric: infiniband-ndr } }
          jobs: { t: { workload: t, pool: gpus } }
      """
    let scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "layouts.yaml", folder: ".").get()
    let design = scenario.designs[0]
    let network = design.pools[0].collectives(ranks: 1024, catalog: .builtIn)!
    let run = design.trainingJobs[0].training.run
    var considered = 0
    let seconds = median {
      considered = LayoutSearch.best(for: run, accelerators: 1024, collectives: network).considered
    }
    line("search of \(considered) layouts on 1,024 accelerators", "\(rounded(seconds * 1e3)) ms")
    line("  a layout (goal 1000 us)", "\(rounded(seconds / Double(considered) * 1e6)) us")
  }
}
