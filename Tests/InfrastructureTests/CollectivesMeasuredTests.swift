import Catalog
import Infrastructure
import Quantities
import TestSupport
import Testing

@Suite("Collectives against measured curves")
struct CollectivesMeasuredTests {
  private struct Measured {
    var campaign: String
    var operation: CollectiveOperation
    var group: CollectiveGroup
    var bytes: Bytes
    var time: Seconds
  }

  /// Nodes of the catalogue that stand for the machines of the campaigns; accelerators without one are put
  /// eight to a node.
  private static let places: [String: (node: String, fabric: String?)] = [
    "aws-efa-p4de": ("p4de.24xlarge", "efa-400g"), "aws-efa-p5": ("p5.48xlarge", "efa-3200g"),
    "aws-p5-single-node": ("p5.48xlarge", "efa-3200g"),
  ]
  private static let accelerators = [
    "aiconfigurator-a100_sxm": "a100-sxm-80gb", "aiconfigurator-h100_sxm": "h100-sxm",
    "aiconfigurator-b200_sxm": "b200-sxm", "aiconfigurator-gb200": "gb200", "aiconfigurator-l40s": "l40s",
    "aiconfigurator-rtx_pro_6000_server": "rtx-pro-6000",
  ]
  private static let operations: [String: CollectiveOperation] = [
    "all_reduce": .allReduce, "all_gather": .allGather, "reduce_scatter": .reduceScatter,
    "alltoall": .allToAll,
  ]

  @Test(
    "bus bandwidth of the pools that the catalogue builds: median error 8 %, 90th percentile 25 %",
    .enabled(if: SharedData.has("infra/fabric.csv"), Comment(rawValue: SharedData.absence)))
  func busBandwidth() throws {
    let rows = try #require(SharedData.rows("infra/fabric.csv")).compactMap(Self.measured)
    var errors: [String: [Double]] = [:]
    for campaign in Self.accelerators.keys.sorted() + Self.places.keys.sorted() {
      let model = try model(of: campaign)
      for row in rows where row.campaign == campaign {
        let predicted = model.time(of: row.operation, bytes: row.bytes, among: row.group)
        errors[campaign, default: []].append(row.time / predicted - 1)
      }
    }
    #expect(errors.count == 9)
    for (campaign, own) in errors {
      #expect(quantile(own, 0.5) < 0.08, "\(campaign): median \(quantile(own, 0.5))")
      #expect(quantile(own, 0.9) < 0.25, "\(campaign): 90th percentile \(quantile(own, 0.9))")
    }
    let all = errors.values.flatMap { $0 }
    #expect(all.count > 1500 && quantile(all, 0.5) < 0.08 && quantile(all, 0.9) < 0.25)
  }

  private func model(of campaign: String) throws -> TransportCollectives {
    if let place = Self.places[campaign] {
      let node = try #require(Catalog.builtIn.node(place.node))
      return try #require(
        TransportCollectives(node: node, fabric: place.fabric.flatMap { Catalog.builtIn.fabric($0) }))
    }
    let accelerator = try #require(Self.accelerators[campaign].flatMap { Catalog.builtIn.accelerator($0) })
    let node = try #require(Catalog.builtIn.node(of: accelerator, count: 8))
    return try #require(TransportCollectives(node: node, fabric: nil))
  }

  /// Columns: id, campaign, kind, collective, fabric, gpu, nodes, gpus, message_bytes, time_us, …
  private static func measured(_ cells: [String]) -> Measured? {
    guard cells.count > 9, let operation = operations[cells[3]], let nodes = Int(cells[6]),
      let ranks = Int(cells[7]), let bytes = Double(cells[8]), let time = Double(cells[9])
    else { return nil }
    return Measured(
      campaign: cells[1], operation: operation,
      group: CollectiveGroup(ranks: ranks, ranksPerDomain: max(1, ranks / nodes)), bytes: Bytes(bytes),
      time: Seconds(time * 1e-6))
  }

  private func quantile(_ errors: [Double], _ q: Double) -> Double {
    let sizes = errors.map(abs).sorted()
    return sizes[Int(q * Double(sizes.count - 1))]
  }
}
