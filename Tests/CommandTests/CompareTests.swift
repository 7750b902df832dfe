import Foundation
import Testing

@testable import Command

@Suite("The commands compare and export-notebook")
struct CompareTests {
  static let header = "run_id,design,workload,replication,metric,statistic,value,unit,ci_low,ci_high\n"

  /// A folder of its own, gone when the test is over.
  final class Folder {
    let url: URL
    init() throws {
      url = FileManager.default.temporaryDirectory.appendingPathComponent("dryrack-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func write(_ text: String, _ name: String) throws -> String {
      let file = url.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      return file.path
    }
    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
  }

  private static func rows(_ factor: Double, cost: Double = 100) -> String {
    let samples = [1.0, 1.4, 0.8, 1.1, 1.3, 0.9].map { $0 * factor }
    var text = header + "abc-1,buy,chat,,ttft_s,p99,\(samples.reduce(0, +) / 6),s,,\n"
    for (index, value) in samples.enumerated() {
      text += "abc-1,buy,chat,\(index),ttft_s,p99,\(value),s,,\n"
    }
    text += "abc-1,buy,,,cost_per_month,value,\(cost),USD/month,,\n"
    return text + "abc-1,rent,,,cost_per_month,value,\(cost * 2),USD/month,,\n"
  }

  @Test("status 0 when nothing got worse, 1 when something did, 2 when nothing is comparable")
  func statuses() async throws {
    let folder = try Folder()
    let old = try folder.write(Self.rows(1), "old.csv")
    let slow = try folder.write(Self.rows(1.2), "new/metrics.csv")
    let other = try folder.write(Self.header + "x-1,lease,chat,,mfu,value,1,ratio,,\n", "other.csv")
    let same = await execute("compare", old, old)
    #expect(same.status == .success && same.out == "3 identical\n")
    let worse = await execute("compare", old, folder.path("new"))
    #expect(worse.status == .thresholdFailed)
    #expect(worse.out.contains("regressed\n  buy, chat: p99(ttft_s)") && worse.out.contains("1.2 ×"))
    #expect(await execute("compare", slow, old).status == .success)
    #expect(await execute("compare", old, slow, "--noise", "25%").status == .success)
    #expect(await execute("compare", old, slow, "--metrics", "cost_per_month").status == .success)
    let nothing = await execute("compare", old, other)
    #expect(nothing.status == .cannotRun && nothing.error.contains("no figure in common"))
    let csv = await execute("compare", old, slow, "--format", "csv")
    #expect(csv.status == .thresholdFailed && csv.out.split(separator: "\n").count == 4)
    let json = await execute("compare", old, slow, "--format", "json")
    let object = try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any]
    #expect((object?["counts"] as? [String: Int])?["regressed"] == 1)
  }

  @Test("designs of one set are compared without judgement")
  func designs() async throws {
    let folder = try Folder()
    let file = try folder.write(Self.rows(1), "r.csv")
    let result = await execute("compare", file, "--designs", "buy,rent")
    #expect(result.status == .success && result.out.contains("rent against buy: cost_per_month"))
    #expect(result.out.contains("100 USD/month → 200 USD/month  2 ×"))
    // Neither is to be as good as the other.
    #expect(!result.out.contains("regressed") && !result.out.contains("improved"))
    #expect(result.out.hasPrefix("changed\n"))
    let unknown = await execute("compare", file, "--designs", "buy,rnt")
    #expect(unknown.status == .cannotRun && unknown.error.contains("Did you mean 'rent'?"))
  }

  @Test("a baseline is kept and compared with; one that is missing is told with the nearest name")
  func baselines() async throws {
    let folder = try Folder()
    let (old, slow) = (try folder.write(Self.rows(1), "old.csv"), try folder.write(Self.rows(2), "slow.csv"))
    let place = folder.path("kept")
    #expect(await execute("compare", old, "--save-baseline", "main", "--baselines", place).status == .success)
    #expect(await execute("compare", old, "--baseline", "main", "--baselines", place).out == "3 identical\n")
    let worse = await execute("compare", slow, "--baseline", "main", "--baselines", place)
    #expect(worse.status == .thresholdFailed)
    let missing = await execute("compare", old, "--baseline", "mian", "--baselines", place)
    #expect(missing.status == .cannotRun && missing.error.contains("Did you mean 'main'?"))
  }

  @Test("every misuse ends with status 2 and words on the error stream")
  func misuse() async throws {
    let folder = try Folder()
    let file = try folder.write(Self.rows(1), "r.csv")
    let broken = try folder.write(Self.header + "abc-1,buy\n", "broken.csv")
    for arguments in [
      ["compare"], ["compare", file], ["compare", file, file, file],
      ["compare", file, file, "--baseline", "x"],
      ["compare", file, "--baseline", "../x"], ["compare", file, file, "--noise", "-2%"],
      ["compare", file, file, "--noise", "200%"], ["compare", file, file, "--metrics", "p99(ttft)"],
      ["compare", file, folder.path("none.csv")], ["compare", broken, folder.path("none.csv")],
      ["export-notebook", file], ["export-notebook", file, "-o", folder.path("x.py")],
      ["export-notebook", folder.path("none"), "-o", folder.path("x.ipynb")],
      ["export-notebook", broken, "-o", folder.path("x.ipynb")],
      ["export-notebook", folder.url.path, "-o", folder.path("x.ipynb")],
    ] {
      let recording = Recording()
      let status = await Console.$current.withValue(recording.console()) {
        await CommandLineRun(arguments: arguments).execute()
      }
      #expect(status == .cannotRun && recording.out.isEmpty && !recording.error.isEmpty, "\(arguments)")
    }
    // Faults of both files are told at once, with the line.
    let both = await execute("compare", broken, folder.path("none.csv"))
    #expect(both.error.contains("broken.csv:2:1") && both.error.contains("no such file"))
  }

  @Test("a notebook is nbformat 4.5 with cells of their own names, and finds the results from where it lies")
  func notebook() async throws {
    let folder = try Folder()
    let file = try folder.write(Self.rows(1), "results/run/metrics.csv")
    _ = try folder.write("time_s\n", "results/run/series.csv")
    let run = folder.path("results/run")
    let target = folder.path("notes/deep/run.ipynb")
    #expect(await execute("export-notebook", run, "-o", target, "--title", "\"Buy\"?").status == .success)
    let notebook = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: target)))
    let root = try #require(notebook as? [String: Any])
    #expect(root["nbformat"] as? Int == 4 && root["nbformat_minor"] as? Int == 5)
    let cells = try #require(root["cells"] as? [[String: Any]])
    let names = cells.compactMap { $0["id"] as? String }
    #expect(names.count == cells.count && Set(names).count == names.count)
    #expect(names.contains("series") && !names.contains("costs") && names.contains("frontier"))
    let sources = cells.flatMap { $0["source"] as? [String] ?? [] }.joined()
    #expect(sources.contains("\"../../results/run\"") && sources.contains("# \"Buy\"?"))
    let spec = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder.path("notes/deep/run.vl.json"))))
    let data = (spec as? [String: Any])?["data"] as? [String: String]
    #expect(data?["url"] == "../../results/run/metrics.csv")
    #expect(await execute("export-notebook", file, "-o", target).status == .success)
  }

  @Test("a sweep is drawn over its numeric parameter with most values")
  func sweep() async throws {
    let folder = try Folder()
    var text =
      "run_id,design,workload,node,count,rate,replication,metric,statistic,value,unit,ci_low,ci_high\n"
    for (node, count) in [("h100", 1), ("h100", 2), ("l4", 1), ("l4", 2)] {
      for rate in ["2/s", "4/s", "8/s"] {
        text += "a-1,buy,chat,\(node),\(count),\(rate),,ttft_s,p99,1,s,,\n"
      }
    }
    let file = try folder.write(text, "sweep.csv")
    #expect(await execute("export-notebook", file, "-o", folder.path("s.ipynb")).status == .success)
    let notebook = try String(contentsOfFile: folder.path("s.ipynb"), encoding: .utf8)
    #expect(notebook.contains("PARAMETER = \\\"rate\\\"") && notebook.contains("\"id\": \"load-curves\""))
    let spec = try String(contentsOfFile: folder.path("s.vl.json"), encoding: .utf8)
    #expect(spec.contains("errorband") && spec.contains("parseFloat(datum['rate'])"))
  }
}
