import DryRack

/// One line on the terminal that says how far the runs have come.
struct ProgressBar: Sendable {
  var shown: Bool

  func show(_ progress: RunProgress) {
    if shown { Console.current.error("\r" + ProgressBar.line(progress)) }
  }

  /// Leaves the line empty for what comes next.
  func clear() {
    if shown { Console.current.error("\r\u{1b}[K") }
  }

  static func line(_ progress: RunProgress) -> String {
    let bar = bar(finished: progress.finished, total: progress.total)
    return "\(bar) \(progress.finished) of \(progress.total) runs"
  }

  static func bar(finished: Int, total: Int) -> String {
    let width = 30
    let filled = total > 0 ? min(width, finished * width / total) : 0
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }
}
