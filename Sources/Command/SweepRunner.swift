import DryRack

/// Runs a sweep on this machine and brings its results to their file.
struct SweepRunner {
  let sweep: Sweep
  let store: SweepStore
  let out: String
  let wide: Bool
  let keepsParts: Bool
  /// Takes results as they come; `nil` for a shard, whose results are merged later, and for a wide table,
  /// whose columns only all results tell.
  private let file: StreamedFile?

  init(sweep: Sweep, store: SweepStore, out: String, wide: Bool, keepsParts: Bool) throws {
    self.sweep = sweep
    self.store = store
    self.out = out
    self.wide = wide
    self.keepsParts = keepsParts
    file = store.shard == .whole && !wide ? try StreamedFile(out) : nil
  }

  func run(console: Console, quiet: Bool) async throws {
    let table = SweepCSV(store.manifest)
    var tally = SweepTally()
    let bar = SweepProgressBar(shown: console.errorIsTerminal && !quiet)
    let end: Sweep.End
    do {
      try file?.write(table.header)
      end = try await sweep.run {
        tally.take($0)
        try file?.write(table.rows(of: $0))
      } progress: {
        bar.show($0)
      }
      bar.clear()
      try finish(end, console: console, quiet: quiet)
    } catch let failure as Sweep.Failure {
      bar.clear()
      try? file?.flush()
      switch failure {
      case .invalid(let report): console.error(report.description + "\n")
      case .file(let words): console.error("error: \(words)\n")
      }
      throw CommandStatus.cannotRun
    } catch { throw console.fail("\(error)") }
    if !quiet { console.error(tally.noteText) }
    if end.stoppedBy == nil {
      try console.out(tally.text(scenario: store.manifest.scenario, total: end.progress.total))
    }
    let status = CommandStatus.of(
      complete: end.stoppedBy == nil && tally.cutShort == 0,
      interrupted: end.stoppedBy != nil && Interruption.isRequested,
      holds: [tally.allHold])
    if status != .success { throw status }
  }

  private func finish(_ end: Sweep.End, console: Console, quiet: Bool) throws {
    let progress = end.progress
    if let reason = end.stoppedBy {
      try file?.flush()
      console.error(
        "stopped: \(reason); \(progress.finished) of \(progress.total) points are finished and lie in "
          + "\(store.folder); go on with --resume\n")
      return
    }
    if progress.recalled > 0 && !quiet {
      console.error("\(progress.recalled) of \(progress.total) points were finished before\n")
    }
    guard store.shard == .whole else {
      if !quiet { console.error("wrote \(progress.total) points into \(store.folder)\n") }
      return
    }
    if let file {
      try file.finish()
    } else {
      _ = try SweepMerge(folders: [store.folder]).writeCSV(to: out, wide: wide)
    }
    let reason = keepsParts ? nil : store.removeFiles()
    if !quiet { console.error("wrote \(out)\n") }
    if let reason, !quiet {
      console.error("note: \(store.folder) stays, for \(reason); remove it when nobody needs it\n")
    }
  }
}

/// One line on the terminal that says how far a sweep has come and how long the rest will take.
final class SweepProgressBar {
  private let shown: Bool
  private let start = ContinuousClock.now
  private var last: ContinuousClock.Instant?

  init(shown: Bool) { self.shown = shown }

  func show(_ progress: Sweep.Progress) {
    guard shown else { return }
    let now = ContinuousClock.now
    // Points may be faster than any terminal.
    if let last, last.duration(to: now) < .milliseconds(100), progress.finished < progress.total { return }
    last = now
    let seconds = start.duration(to: now) / .seconds(1)
    Console.current.error("\r\u{1b}[K" + Self.line(progress, seconds: seconds))
  }

  func clear() {
    if shown { Console.current.error("\r\u{1b}[K") }
  }

  /// - Parameter seconds: since the start; points that were finished before took none of it.
  static func line(_ progress: Sweep.Progress, seconds: Double) -> String {
    let bar = ProgressBar.bar(finished: progress.finished, total: progress.total)
    let text = "\(bar) \(progress.finished) of \(progress.total) points"
    let ran = progress.finished - progress.recalled
    guard ran > 0, progress.finished < progress.total else { return text }
    return text + ", " + words(seconds / Double(ran) * Double(progress.total - progress.finished)) + " left"
  }

  private static func words(_ seconds: Double) -> String {
    if seconds < 60 { return "\(Int(seconds.rounded(.up))) s" }
    if seconds < 5400 { return "\(Int((seconds / 60).rounded())) min" }
    return "\(Int(min(1e6, (seconds / 3600).rounded()))) h"
  }
}
