import DryRack
import Foundation

/// Markets that replay recorded traces beside the traces' own statistics.
struct SpotScore {
  struct Row {
    var file: String
    var points: Int
    /// Samples with capacity for one node and for the whole, and how often one node was lost: of the table,
    /// and as the market went.
    var some: (known: Double, played: Double)
    var full: (known: Double, played: Double)
    var losses: (known: Int, played: Int)

    /// The table has four decimals.
    var isExact: Bool {
      abs(some.known - some.played) <= 0.5e-4 && abs(full.known - full.played) <= 0.5e-4
        && losses.known == losses.played
    }
  }

  private(set) var rows: [Row] = []

  /// `nil` where the folder has no table of statistics.
  init?(_ folder: String) {
    guard let table = FileManager.default.contents(atPath: "\(folder)/spot_stats.csv") else { return nil }
    NamedRows.forEach(in: [UInt8](table)) { cells in
      guard let file = cells["file"], let points = Int(cells["points"] ?? ""),
        let most = Double(cells["max_value"] ?? ""), let some = Double(cells["frac_gt0"] ?? ""),
        let full = Double(cells["frac_full"] ?? ""), let losses = Int(cells["down_transitions"] ?? ""),
        let bytes = FileManager.default.contents(atPath: "\(folder)/spot/\(file)"),
        let trace = try? SpotTrace.read([UInt8](bytes))
      else { return }
      let (one, lost) = Self.play(trace, nodes: 1)
      let (all, _) = Self.play(trace, nodes: Int(most))
      rows.append(
        Row(
          file: file, points: points, some: (some, one), full: (full, all), losses: (losses, lost)))
    }
    if rows.isEmpty { return nil }
  }

  /// Plays a market once through: the share of the time with at least so many nodes, and how often they were
  /// lost.
  static func play(_ trace: SpotTrace, nodes: Int) -> (share: Double, losses: Int) {
    var market = TracedMarket([trace], prices: [])
    let end = trace.duration
    var (now, held, losses) = (Ticks.zero, Ticks.zero, 0)
    while now < end {
      let had = market.capacity(in: 0) >= nodes
      let next = min(market.nextChange, end)
      if had { held += next - now }
      now = next
      // What comes at the very end is the trace's beginning again.
      if now == end { break }
      market.advance(to: now)
      if had && market.capacity(in: 0) < nodes { losses += 1 }
    }
    return (Double(held.count) / Double(end.count), losses)
  }

  /// The section of the report.
  func text() -> String {
    let exact = rows.filter(\.isExact).count
    var page = """
      ## Spot markets

      Each recorded trace replayed through a market once, from change to change: the share of the time in
      which one node, and all that the trace ever offers, can be had, and how often one node is lost, beside
      the traces' published statistics (four decimals). \(exact) of \(rows.count) are exact.


      """
    page += MarkdownTable.header([
      "trace", "samples", "one node: known", "played", "all: known", "played",
      "losses: known", "played", "exact",
    ])
    for row in rows {
      page += MarkdownTable.row([
        "`\(row.file)`", "\(row.points)", Self.four(row.some.known), Self.four(row.some.played),
        Self.four(row.full.known), Self.four(row.full.played), "\(row.losses.known)", "\(row.losses.played)",
        row.isExact ? "✓" : "✗",
      ])
    }
    return page
  }

  private static func four(_ value: Double) -> String { "\((value * 1e4).rounded() / 1e4)" }
}
