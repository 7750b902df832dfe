import DryRack

/// What a row of collective benchmarks was measured on: a row of `tools/measured-fabrics.csv`.
struct FabricSetup: Sendable {
  /// Transport within a domain; `nil` for one rank a domain.
  var link: String?
  /// Whether the domain's switch reduced.
  var isReducedInSwitch: Bool
  var domains: Int
  /// Transport between domains.
  var network: String?
  /// All interfaces of a domain.
  var domainBandwidth: BytesPerSecond
  /// Whether the network's switches reduced.
  var isReducedInNetwork: Bool

  /// Setups by campaign and fabric, as the two names joined by a line feed; an empty campaign stands for any.
  static func read(_ bytes: [UInt8]) -> [String: FabricSetup] {
    var setups: [String: FabricSetup] = [:]
    bytes.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { cells in
        guard cells.count == 8, let domains = Int(cells[4]) else { return }
        setups[key(campaign: cells[0], fabric: cells[1])] = FabricSetup(
          link: cells[2].isEmpty ? nil : cells[2], isReducedInSwitch: cells[3] == "true", domains: domains,
          network: cells[5].isEmpty ? nil : cells[5],
          domainBandwidth: BytesPerSecond((Double(cells[6]) ?? 0) * 1e9),
          isReducedInNetwork: cells[7] == "true")
      }
    }
    return setups
  }

  static func key(campaign: String, fabric: String) -> String { "\(campaign)\n\(fabric)" }

  /// The product's model of the setup; `nil` when the catalogue lacks a transport.
  ///
  /// A setup without a link runs one rank a domain: NVLink4's launch stands for the library's.
  func model(in catalog: Catalog) -> TransportCollectives? {
    guard var scaleUp = catalog.transport(link ?? "nvlink4") else { return nil }
    let between = network.flatMap(catalog.transport)
    guard network == nil || between != nil else { return nil }
    if !isReducedInSwitch { scaleUp.curves["all-reduce"]?.reduction = nil }
    return TransportCollectives(
      scaleUp: scaleUp, network: between, linkBandwidth: scaleUp.lineBandwidth,
      domainSize: scaleUp.name.hasSuffix("nvl72") ? 72 : 8, domainBandwidth: domainBandwidth,
      reducesInNetwork: isReducedInNetwork)
  }
}
