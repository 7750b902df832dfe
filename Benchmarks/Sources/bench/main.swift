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

HoldModel.measure()
Leaps.measure()
try Serving.measure(traces: CommandLine.arguments.dropFirst().first)
