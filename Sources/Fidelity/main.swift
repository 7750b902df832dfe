import DryRack
import Foundation

// Replays every usable measured run through the product and writes the scoreboard.
//   swift run -c release fidelity MEASURED.csv.gz [--pairs FILE]

let arguments = Array(CommandLine.arguments.dropFirst())
guard let path = arguments.first, let data = FileManager.default.contents(atPath: path) else {
  FileHandle.standardError.write(Data("usage: fidelity MEASURED.csv.gz [--pairs FILE]\n".utf8))
  exit(2)
}
func option(_ name: String) -> String? {
  arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}
var catalog = Catalog.builtIn
if let overlay = option("--overlay"), let bytes = FileManager.default.contents(atPath: overlay) {
  var facts: [OverlayFact] = []
  [UInt8](bytes).withUnsafeBufferPointer { buffer in
    CommaSeparated.forEachRow(in: buffer) { cells in
      guard cells.count == 8, let kind = Kind(rawValue: cells[0]) else { return }
      facts.append(
        OverlayFact(
          kind: kind,
          fact: Fact(
            name: cells[1], key: cells[2], value: cells[3], unit: cells[4], source: cells[5], date: cells[6],
            note: cells[7])))
    }
  }
  catalog = catalog.overlaid(with: facts)
}
let every = option("--every").flatMap { Int($0) } ?? 1
let runs = MeasuredRun.read([UInt8](data)).enumerated().filter { $0.offset % every == 0 }.map(\.element)
let (comparisons, omissions) = await Replay.compareAll(runs, catalog: catalog)
var pairs = "run_id,campaign,engine,version,gpu,model,weights,tp,n,isl,osl,users,rate,kind,metric,measured,predicted\n"
for pair in comparisons {
  let r = pair.run
  let cells = [r.id, r.campaign, r.text("engine"), r.text("engine_version"), r.text("gpu"), r.text("model"), r.text("weight_precision"), r.text("tp"), r.text("n_gpus"), r.text("isl_mean"), r.text("osl_mean"), r.text("concurrency"), r.text("request_rate_per_s"), r.text("workload_kind"), pair.metric, "\(pair.measured)", "\(pair.predicted)"]
  pairs += cells.map { $0.contains(",") ? "\"\($0)\"" : $0 }.joined(separator: ",") + "\n"
}
if let at = arguments.firstIndex(of: "--pairs"), at + 1 < arguments.count {
  try pairs.write(toFile: arguments[at + 1], atomically: true, encoding: .utf8)
}
var reasons: [String: Int] = [:]
for omission in omissions { reasons[omission.reason, default: 0] += 1 }
for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
  FileHandle.standardOutput.write(Data("\(count) left out: \(reason)\n".utf8))
}
