import Infrastructure
import Kernel
import Oracles
import Quantities
import TestSupport
import Testing

@Suite("Finish times equal published exact answers")
struct NetworkDataTests {
  private static let hasData = SharedData.has("network/maxmin.csv") && SharedData.has("analytic/analytic.csv")
  private static let absence = Comment(rawValue: SharedData.absence)

  /// The networks behind the rows of the table of exact answers: capacities, and each flow's links.
  private struct Case {
    var capacities: [Double]
    var flows: [(name: String, links: [Int])]
    var bytes: [Double] = []
    var starts: [Double] = []
  }

  private static func rates(_ parameters: String) -> Case? {
    let parking = [("long", [0, 1, 2, 3]), ("s0", [0]), ("s1", [1]), ("s2", [2]), ("s3", [3])]
    let uneven = [("f1", [0]), ("f2", [0, 1]), ("f3", [1]), ("f4", [1, 2]), ("f5", [2]), ("f6", [0, 2])]
    switch parameters {
    case "shared bottleneck 4 flows":
      return Case(capacities: [100], flows: ["a", "b", "c", "d"].map { ($0, [0]) })
    case "3 flows 2 links (A:L1+L2, B:L1, C:L2), cap 10/20":
      return Case(capacities: [10, 20], flows: [("A", [0, 1]), ("B", [0]), ("C", [1])])
    case "parking lot 4 links cap 10, long flow + 1 per link":
      return Case(capacities: [10, 10, 10, 10], flows: parking)
    case "Bertsekas-Gallager 5 flows":
      let flows = [("1", [0]), ("2", [0, 1]), ("3", [1]), ("4", [1, 2]), ("5", [2])]
      return Case(capacities: [1, 1, 2], flows: flows)
    case "incast 8:1 plus victim on shared uplink (up 100, down 100)":
      var flows = (0..<8).map { ("i\($0)", $0 == 0 ? [0, 1] : [1]) }
      flows.append(("victim", [0]))
      return Case(capacities: [100, 100], flows: flows)
    case "uneven 3 links 6 flows":
      return Case(capacities: [12, 9, 30], flows: uneven)
    case "3 flows 2 links, all 100 units":
      return Case(
        capacities: [10, 20], flows: [("A", [0, 1]), ("B", [0]), ("C", [1])], bytes: [100, 100, 100],
        starts: [0, 0, 0])
    case "parking lot 4 links, all 100 units":
      return Case(
        capacities: [10, 10, 10, 10], flows: parking, bytes: [100, 100, 100, 100, 100],
        starts: [0, 0, 0, 0, 0])
    case "shared bottleneck cap 100, sizes 100/200/300/400 starts 0/1/2/3":
      return Case(
        capacities: [100], flows: ["a", "b", "c", "d"].map { ($0, [0]) }, bytes: [100, 200, 300, 400],
        starts: [0, 1, 2, 3])
    case "uneven 3 links 6 flows sizes 10..60":
      return Case(
        capacities: [12, 9, 30], flows: uneven, bytes: [10, 20, 30, 40, 50, 60], starts: [0, 0, 0, 0, 0, 0])
    default: return nil
    }
  }

  @Test("every row on max-min fair rates and flow completion times", .enabled(if: hasData, absence))
  func analytic() throws {
    let table = try #require(SharedData.rows("analytic/analytic.csv"))
    let rows = table.filter { $0[0] == "Max-min fair" || $0[0] == "Max-min fluid FCT" }
    try #require(rows.count == 50)
    for row in rows {
      let network = try #require(Self.rates(row[1]), "\(row[1])")
      let name = row[2].split(whereSeparator: { "[]".contains($0) })[1]
      let index = try #require(network.flows.firstIndex { $0.name == name }, "\(row[2])")
      let exact = try #require(Double(row[3]))
      if row[0] == "Max-min fair" {
        var fluid = FlowNetwork(capacities: network.capacities)
        let ids = network.flows.map {
          fluid.add(path: $0.links.map { LinkShare(link: UInt32($0)) }, bytes: Bytes(1))
        }
        #expect(isNear(fluid.rate(of: ids[index]).value, exact), "\(row)")
      } else {
        let flows = network.flows.enumerated().map { place, flow in
          RoutedFlow(
            shares: flow.links.map { LinkShare(link: UInt32($0)) }, bytes: Bytes(network.bytes[place]),
            start: Ticks(seconds: network.starts[place]))
        }
        let finish = FlowSimulation.finishTimes(of: flows, capacities: network.capacities)
        #expect(isNear(finish[index].seconds, exact), "\(row)")
      }
    }
  }

  private func isNear(_ value: Double, _ exact: Double) -> Bool { abs(value - exact) <= 1e-9 * exact }

  @Test(
    "exact rational finish times", .enabled(if: hasData, absence),
    arguments: [FlowNetwork.Solving.changeDriven, .repairOnly, .afresh])
  func rational(solving: FlowNetwork.Solving) throws {
    let rows = try #require(SharedData.rows("network/maxmin.csv"))
    var start = 0
    var cases = 0
    while start < rows.count {
      let end = rows[start...].firstIndex { $0[0] != rows[start][0] } ?? rows.count
      let group = rows[start..<end]
      start = end
      cases += 1
      // The case names its links as {'L1': 10, 'L2': 20}.
      let listing = group[group.startIndex][0].split(separator: "{")[1].split(separator: "}")[0]
      var names: [String] = []
      var capacities: [Double] = []
      for item in listing.split(separator: ",") {
        let parts = item.split(separator: ":")
        names.append(String(parts[0].filter { $0.isLetter || $0.isNumber }))
        capacities.append(try #require(Double(String(parts[1].filter { !$0.isWhitespace }))))
      }
      let flows = try group.map { row in
        RoutedFlow(
          shares: try row[4].split(separator: "+").map { name in
            let link = try #require(names.firstIndex(of: String(name)))
            return LinkShare(link: UInt32(link))
          }, bytes: Bytes(try #require(Double(row[3]))), start: Ticks(seconds: try #require(Double(row[2]))))
      }
      let finish = FlowSimulation.finishTimes(of: flows, capacities: capacities, solving: solving)
      for (row, time) in zip(group, finish) {
        #expect(isNear(time.seconds, try #require(Double(row[6]))), "\(row[0]) flow \(row[1]): \(time)")
      }
    }
    #expect(cases == 8)
  }

  private static let permutations =
    ["lat0_perm1", "lat0_perm2", "lat0_perm3"].map { "ft256_\($0)" }
    + ["lat0_perm1", "lat0_perm2", "lat0_perm3"].map { "ft256_o4_\($0)" }
    + ["", "o4_"].flatMap { kind in
      ["1us_perm1", "1us_perm2", "1us_shift1", "1us_shift32", "1us_shift8"].map { "ft64_\(kind)\($0)" }
        + ["perm1", "perm2", "perm3", "shift1", "shift32", "shift8"].map { "ft64_\(kind)lat0_\($0)" }
    }

  /// `ftN`: N hosts on k leaves of k hosts, k spines (k/4 when oversubscribed 4:1), the path by destination
  /// modulo spines; a flow ends the latency of its links after its last byte has left.
  @Test("permutations and shifts on fat trees", .enabled(if: hasData, absence), arguments: permutations)
  func fatTrees(name: String) throws {
    let bytes = try #require(SharedData.bytes("network/out_\(name).txt"), "\(name)")
    let rows = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.split(separator: " ").compactMap { Double($0) } }
    let side = name.hasPrefix("ft256") ? 16 : 8
    let topology = try Topology(
      TopologyDescription(
        shape: .fatTree(
          FatTree(hostsPerLeaf: side, leaves: side, spines: name.contains("o4") ? side / 4 : side)),
        host: LinkSpeed(
          bandwidth: BytesPerSecond(50e9), latency: Seconds(name.contains("1us") ? 1e-6 : 0))))
    var router = FlowRouter(
      topology: topology, policy: .destinationModulo,
      stream: RandomStream(seed: 0, replication: 0, entity: "network", purpose: "routing"))
    let transfers = rows.map { Transfer(source: Int($0[0]), target: Int($0[1]), bytes: Bytes($0[2])) }
    let finish = FlowSimulation.finishTimes(of: transfers, router: &router)
    for (row, time) in zip(rows, finish) { #expect(isNear(time.seconds, row[3]), "\(row): \(time)") }
  }
}
