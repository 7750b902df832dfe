import DryRack
import Foundation

/// A whole sweep, from its text to its results on disk: 1,000 runs of 20,000 requests.
enum Sweeps {
  static func measure() async throws {
    let one = try await seconds(points: 1_000, jobs: 1)
    let two = try await seconds(points: 1_000, jobs: 2)
    line("sweep of 1,000 × 20,000 requests, one job", "\(rounded(one)) s of wall clock")
    line("sweep of 1,000 × 20,000 requests, two jobs", "\(rounded(two)) s of wall clock (goal 60)")
    line("  two jobs against one, on a machine that is idle", "\(rounded(one / two)) × (goal 1.7)")
    let small = try await residentAfter(points: 200)
    let large = try await residentAfter(points: 5_000)
    line("  memory after 200 and after 5,000 points of 100 requests", "\(small) and \(large) MiB")
  }

  /// Different rates, so that every point has work of its own; the batch stays busy as in a serving run.
  private static func text(points: Int, requests: Int) -> String {
    """
    version: 1
    name: benchmark
    workloads:
      bench:
        kind: inference
        model: llama-3.1-8b
        requests: \(requests)
        arrivals: { process: poisson, rate: 10/s }
        prompt-tokens: { distribution: lognormal, mean: 512, cv: 0.5, max: 4096 }
        output-tokens: { distribution: lognormal, mean: 128, cv: 0.5, max: 1024 }
    designs:
      h100:
        sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
        pools: { gpu: { site: us, node: p5.4xlarge, count: 1, pricing: on-demand } }
        services: { bench: { workload: bench, pool: gpu, replicas: 1 } }
    sweep:
      method: sobol
      points: \(points)
      parameters:
        workloads.bench.arrivals.rate: { from: 5/s, to: 30/s }
        workloads.bench.prompt-tokens.mean: { from: 256, to: 1024 }
    """
  }

  private static func seconds(points: Int, jobs: Int, requests: Int = 20_000) async throws -> Double {
    let start = ContinuousClock.now
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(getpid()).csv")
    defer { try? FileManager.default.removeItem(at: folder) }
    let bytes = Array(text(points: points, requests: requests).utf8)
    let family = try ScenarioFamily(bytes: bytes, file: "benchmark.yaml", folder: ".")
    let space = try family.sweepSpace().get()
    if let report = family.faults(in: space) { throw report }
    let plan = SweepPlan(
      family: family, space: space, first: try family.scenario(at: space.overrides(ofPoint: 0)).get())
    let store = try SweepStore(folder: folder.path, manifest: plan.manifest, shard: .whole, resume: false)
    var options = RunOptions()
    options.jobs = jobs
    let table = SweepCSV(plan.manifest)
    var bytesWritten = 0
    _ = try await Sweep(plan: plan, store: store, options: options).run {
      bytesWritten += table.rows(of: $0).utf8.count
    }
    precondition(bytesWritten > points * 1_000, "every point has rows")
    return start.duration(to: .now) / .seconds(1)
  }

  /// Resident memory [MiB] after a sweep of short runs.
  private static func residentAfter(points: Int) async throws -> Int {
    _ = try await seconds(points: points, jobs: 2, requests: 100)
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 256
  }
}
