import CQueue
import DryRack
import Oracles
import Foundation

// Speed figures, measured side by side in one run by user CPU time: this is the only place that times anything.
//   swift run -c release --package-path Benchmarks bench [ROW...] [folder with W1.csv and W3.csv]

func userSeconds() -> Double {
  Double(clock()) / Double(CLOCKS_PER_SEC)
}

/// Median of five timings.
func median(_ body: () -> Void) -> Double {
  let times = (0..<5).map { _ -> Double in
    let start = userSeconds()
    body()
    return userSeconds() - start
  }
  return times.sorted()[2]
}

func line(_ name: String, _ figure: String) {
  print(name.padding(toLength: max(58, name.count + 1), withPad: " ", startingAt: 0) + figure)
  // The figures of a run that is stopped are there up to then.
  fflush(nil)
}

func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }

let request: Request
do {
  request = try Request(Array(CommandLine.arguments.dropFirst()))
} catch {
  FileHandle.standardError.write(Data("bench: \(error)\n\n\(Request.usage)\n".utf8))
  exit(2)
}
if request.wantsHelp {
  print(Request.usage)
  exit(0)
}
do {
  if request.isChosen("hold") { HoldModel.measure() }
  if request.isChosen("leaps") { Leaps.measure() }
  if request.isChosen("serving") { try Serving.measure(traces: request.traces) }
  if request.isChosen("split") { try Disaggregated.measure() }
  if request.isChosen("network") { try Network.measure() }
  if request.isChosen("exchanges") { try Exchanges.measure() }
  if request.isChosen("jobs") { try Jobs.measure() }
  if request.isChosen("layouts") { try Layouts.measure() }
  if request.isChosen("sweep") { try await Sweeps.measure() }
  if request.isChosen("money") { try await Investment.measure() }
  if request.isChosen("search") { try await Search.measure() }
} catch {
  FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
  exit(2)
}
