import CQueue
import DryRack
import Oracles
import Foundation

// Speed figures, measured side by side in one run by user CPU time: this is the only place that times anything.
//   swift run -c release --package-path Benchmarks bench [folder with W1.csv and W3.csv]

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
  print(name.padding(toLength: 58, withPad: " ", startingAt: 0) + figure)
}

func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }

// `bench hold leaps serving split network layouts sweep money search` measures only what is named.
let rows = ["hold", "leaps", "serving", "split", "network", "layouts", "sweep", "money", "search"]
let arguments = CommandLine.arguments.dropFirst()
let chosen = arguments.filter(rows.contains)
func isChosen(_ row: String) -> Bool { chosen.isEmpty || chosen.contains(row) }

if isChosen("hold") { HoldModel.measure() }
if isChosen("leaps") { Leaps.measure() }
if isChosen("serving") { try Serving.measure(traces: arguments.first { !rows.contains($0) }) }
if isChosen("split") { try Disaggregated.measure() }
if isChosen("network") { try Network.measure() }
if isChosen("layouts") { try Layouts.measure() }
if isChosen("sweep") { try await Sweeps.measure() }
if isChosen("money") { try await Investment.measure() }
if isChosen("search") { try await Search.measure() }
