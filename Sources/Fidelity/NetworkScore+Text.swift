import DryRack

extension NetworkScore {
  var exactErrors: [Double] { exact.flatMap(\.errors) }
  var exactHolds: Bool { exact.allSatisfy { $0.worst <= Self.exactGoal } }
  var packetsHold: Bool { packets.allSatisfy { abs($0.error) <= Self.packetGoal } }
  var permutationsHold: Bool { hashed.allSatisfy { Self.permutationGoal.contains($0) } }

  /// The section of the report.
  func text() -> String {
    var page = """
      ## Networks

      Finish times of flows that share links max-min fairly, beside exact ones: small cases by rational
      arithmetic (`maxmin.csv`), and permutations and shifts on fat trees of 64 and 256 hosts, with and
      without 4:1 oversubscription and latency (`out_ft…`). The goal is 1e-9 for every flow.

      Against runs in packets on a tree of 128 hosts (`fct_…`), the mean finish time of the flows, over 20
      seeds of the hash, should come within \(Self.percent(Self.packetGoal)). What those runs do not say is
      read from their times and from the simulator's defaults: 10 MB over 50 GB/s and 1 µs a link, in packets
      of 4,150 bytes for EQDS and of 9,000 for RoCE. The run of NDP is left out: a flow of its that meets no
      other takes 681 µs for what takes 211 µs elsewhere, so that its links are others. So is the one in which
      everybody sends 20 kB to everybody: there packets queue for receivers, of which flows know nothing.


      """
    page += MarkdownTable.header(["flows of", "flows", "worst error", "goal"])
    for one in exact {
      page += MarkdownTable.row([
        "`\(one.name)`", "\(one.errors.count)", Self.scientific(one.worst),
        one.worst <= Self.exactGoal ? "✓" : "✗",
      ])
    }
    page += "\n" + MarkdownTable.header(["in packets", "measured µs", "predicted µs", "error", "goal"])
    for one in packets {
      page += MarkdownTable.row([
        "\(one.words) (`\(one.file)`)", Self.micro(one.measured), Self.micro(one.predicted),
        Scoreboard.percent(one.error, signed: true), abs(one.error) <= Self.packetGoal ? "✓" : "✗",
      ])
    }
    return page + permutations()
  }

  private func permutations() -> String {
    let (low, high) = (hashed.min() ?? 0, hashed.max() ?? 0)
    let mean = hashed.reduce(0, +) / Double(max(1, hashed.count))
    let spray = sprayed.reduce(0, +) / Double(max(1, sprayed.count))
    let goal = Self.permutationGoal
    return """

      \(hashed.count) random permutations of 128 hosts, 10 MB each, on a tree that blocks nobody take a mean
      of \(Self.micro(mean)) µs where each flow has one path by its hash, the means of single permutations
      lying in \(Self.micro(low))–\(Self.micro(high)) µs; the goal is \(Int(goal.lowerBound))–\(Int(
        goal.upperBound)) µs: \(permutationsHold ? "✓" : "✗"). Sprayed evenly over all paths they take
      \(Self.micro(spray)) µs, the time of 10 MB at 50 GB/s.

      """
  }

  private static func micro(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
  private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
  /// Such as 2e-16, and 0 for nothing.
  private static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "0" }
    var (exponent, mantissa) = (0, value)
    while mantissa < 1 && exponent > -320 { (exponent, mantissa) = (exponent - 1, mantissa * 10) }
    return "\(Int(mantissa.rounded(.up)))e\(exponent)"
  }
}
