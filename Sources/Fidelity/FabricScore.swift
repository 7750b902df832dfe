import DryRack

/// Errors of the collective model's bus bandwidth against published benchmark curves, through the product's
/// own `TransportCollectives`.
struct FabricScore: Sendable {
  /// A measured collective and the model's answer.
  struct Pair: Sendable {
    var id: String
    var campaign: String
    var fabric: String
    var operation: CollectiveOperation
    var bytes: Bytes
    /// Bus bandwidth, predicted over measured, less 1; with the catalogue's coefficients.
    var error: Double
    /// The same with coefficients fitted without the campaign; `nil` where that was not computed.
    var leftOut: Double?
    /// Whether another campaign measured the same (see `has_sibling` of `tools/distil-fabric.py`).
    var hasSibling: Bool
  }

  private(set) var pairs: [Pair] = []
  /// Rows that could not be compared: how many, by reason, in the order met.
  private(set) var omissions: [(reason: String, count: Int)] = []

  /// - Parameters:
  ///   - fabric: A table such as `infra/fabric.csv`: id, campaign, collective, fabric, gpus, message_bytes,
  ///     time_us, busbw_GBps.
  ///   - setups: `tools/measured-fabrics.csv`.
  ///   - leftOut: Rows that `tools/distil-fabric.py --cross-validate --rows` wrote; `nil` where it did not
  ///     run.
  init(fabric: [UInt8], setups: [UInt8], leftOut: [UInt8]? = nil, catalog: Catalog = .builtIn) {
    let setups = FabricSetup.read(setups)
    var held: [String: [String: String]] = [:]
    if let leftOut {
      Self.forEachRow(in: leftOut) { cells in held[cells["id"] ?? ""] = cells }
    }
    Self.forEachRow(in: fabric) { cells in
      guard let operation = Self.operation(cells["collective"] ?? ""), let ranks = Int(cells["gpus"] ?? "")
      else {
        omit("no collective among a stated number of ranks: \(cells["kind"] ?? "")")
        return
      }
      let name = cells["fabric"] ?? ""
      let campaign = cells["campaign"] ?? ""
      let setup =
        setups[FabricSetup.key(campaign: campaign, fabric: name)]
        ?? setups[FabricSetup.key(campaign: "", fabric: name)]
      guard let setup, let model = setup.model(in: catalog) else {
        omit("no transport for '\(name)'")
        return
      }
      // A plateau without a size is read at 8 GiB.
      let bytes = Bytes(Double(cells["message_bytes"] ?? "") ?? 8_589_934_592)
      guard let time = Self.time(cells, operation, ranks, bytes) else {
        omit("bandwidth rounded to zero and no time")
        return
      }
      let group = CollectiveGroup(ranks: ranks, ranksPerDomain: max(1, ranks / setup.domains))
      let predicted = model.time(of: operation, bytes: bytes, among: group)
      let row = held[cells["id"] ?? ""]
      pairs.append(
        Pair(
          id: cells["id"] ?? "", campaign: campaign, fabric: name, operation: operation, bytes: bytes,
          error: time / predicted - 1,
          leftOut: row.flatMap { Double($0["crossed_s"] ?? "") }.map { time.value / $0 - 1 },
          hasSibling: row?["sibling"] == "true"))
    }
  }

  /// The measured time; from the bus bandwidth where none is recorded.
  private static func time(
    _ cells: [String: String], _ operation: CollectiveOperation, _ ranks: Int, _ bytes: Bytes
  ) -> Seconds? {
    if let time = Double(cells["time_us"] ?? ""), time > 0 { return Seconds(time * 1e-6) }
    guard let bus = Double(cells["busbw_GBps"] ?? ""), bus > 0 else { return nil }
    return bytes * operation.busFactor(ranks: ranks) / BytesPerSecond(bus * 1e9)
  }

  private static func operation(_ name: String) -> CollectiveOperation? {
    switch name {
    case "all_reduce": .allReduce
    case "all_gather": .allGather
    case "reduce_scatter": .reduceScatter
    case "alltoall": .allToAll
    case "broadcast": .broadcast
    case "sendrecv", "send_recv": .sendReceive
    default: nil
    }
  }

  private mutating func omit(_ reason: String) {
    if let index = omissions.firstIndex(where: { $0.reason == reason }) {
      omissions[index].count += 1
    } else {
      omissions.append((reason, 1))
    }
  }

  private static func forEachRow(in bytes: [UInt8], _ body: ([String: String]) -> Void) {
    var header: [String] = []
    bytes.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { row in
        if header.isEmpty { header = row } else { body(Dictionary(zip(header, row)) { first, _ in first }) }
      }
    }
  }

  // MARK: Page

  /// A section of Markdown: errors of the bus bandwidth in per cent.
  func text() -> String {
    var page = """
      ## Collectives

      Bus bandwidth of published nccl-tests curves against the collective model: + promises more than was
      measured. **Left out** judges each campaign by coefficients fitted to the others
      (`tools/distil-fabric.py --cross-validate`), first where another campaign measured the same collective
      on the same links and among as many ranks, then everywhere: there, a link without any rows of its own
      takes its relative's coefficients, as a link would that nobody has measured yet. Where one campaign is
      all that is known of a link (most networks between nodes, PCIe), read the second as what to expect of
      a new link, not of the ones in the catalogue.

      Curves over PCIe are those of one server for each generation; NVIDIA's slide gives a multiple of them,
      near the rate of the bus. What ranks get of a bus hangs on the server's tree of switches: measure yours.


      """
    page += Self.header(["rows", "n", "median", "90th", "bias"])
    page += Self.row("left out, with a sibling campaign", pairs.filter(\.hasSibling).compactMap(\.leftOut))
    page += Self.row("left out, all", pairs.compactMap(\.leftOut))
    page += Self.row("shipped, all", pairs.map(\.error))
    for (name, range) in Self.bands {
      page += Self.row("shipped, \(name)", pairs.filter { range.contains($0.bytes.value) }.map(\.error))
    }
    page += "\n### By fabric, collective and size\n\n"
    page += Self.header(["fabric, campaign", "collective", "size", "n", "median", "90th", "bias", "left out"])
    var seen: [String] = []
    for pair in pairs where !seen.contains("\(pair.fabric), \(pair.campaign)") {
      seen.append("\(pair.fabric), \(pair.campaign)")
    }
    for name in seen { page += table(of: pairs.filter { "\($0.fabric), \($0.campaign)" == name }, name) }
    page += "\n### Rows of collectives left out, and why\n\n" + Self.header(["rows", "reason"])
    for omission in omissions { page += "| \(omission.count) | \(omission.reason) |\n" }
    return page
  }

  private static let bands: [(name: String, range: Range<Double>)] = [
    ("under 64 KiB", 0..<65_536), ("64 KiB to 8 MiB", 65_536..<8_388_609), ("over 8 MiB", 8_388_609..<1e18),
  ]

  private func table(of pairs: [Pair], _ name: String) -> String {
    var lines = ""
    for operation in CollectiveOperation.allCases {
      for band in Self.bands {
        let mine = pairs.filter { $0.operation == operation && band.range.contains($0.bytes.value) }
        guard !mine.isEmpty else { continue }
        let held = ErrorStatistics(mine.compactMap(\.leftOut))
        let last = held.count == 0 ? "–" : "\(Self.percent(held.median)) / \(Self.percent(held.ninetieth))"
        lines +=
          "| \(name) | \(operation.rawValue) | \(band.name)" + Self.cells(mine.map(\.error)) + " \(last) |\n"
      }
    }
    return lines
  }

  private static func header(_ columns: [String]) -> String {
    "| \(columns.joined(separator: " | ")) |\n|" + columns.map { _ in "---|" }.joined() + "\n"
  }

  private static func row(_ name: String, _ errors: [Double]) -> String { "| \(name)" + cells(errors) + "\n" }

  private static func cells(_ errors: [Double]) -> String {
    let summary = ErrorStatistics(errors)
    return " | \(summary.count) | \(percent(summary.median)) | \(percent(summary.ninetieth))"
      + " | \(percent(summary.bias, signed: true)) |"
  }

  private static func percent(_ value: Double?, signed: Bool = false) -> String {
    Scoreboard.percent(value, signed: signed)
  }
}
