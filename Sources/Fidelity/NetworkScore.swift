import DryRack
import Foundation

/// The network beside exact answers and packet-level runs: max-min fair finish times, permutations and shifts
/// on fat trees, and what hashing and spraying cost.
struct NetworkScore {
  /// Flows of one file, or of one kind of case, whose finish times are known exactly.
  struct Exact {
    var name: String
    var errors: [Double] = []
    var worst: Double { errors.reduce(0) { max($0, abs($1)) } }
  }

  /// A run in packets, and the mean finish time of its flows.
  struct Packets {
    var file: String
    var words: String
    var measured: Double
    /// The mean over hash seeds.
    var predicted: Double
    var error: Double { predicted / measured - 1 }
  }

  private(set) var exact: [Exact] = []
  private(set) var packets: [Packets] = []
  /// Mean finish times [µs] of random permutations on a tree that blocks nobody, one for each of 40 of them.
  private(set) var hashed: [Double] = []
  private(set) var sprayed: [Double] = []

  static let exactGoal = 1e-9
  static let packetGoal = 0.15
  static let permutationGoal = 421.0...531.0

  /// `nil` where the folder has none of the files.
  init?(_ folder: String) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    func file(_ name: String) -> [UInt8]? {
      FileManager.default.contents(atPath: "\(folder)/\(name)").map { [UInt8]($0) }
    }
    if let bytes = file("maxmin.csv") { readCases(bytes) }
    for name in names where name.hasPrefix("out_ft") {
      if let bytes = file(name), let one = Self.fatTree(name, bytes) { exact.append(one) }
    }
    let runs: [(String, String, RoutingPolicy, Double, Double)] = [
      ("fct_eqds_perm.csv", "EQDS, sprayed over 64 paths", .hashedSpray(entropies: 64), 4150, 10e6),
      ("fct_eqds_perm_1path.csv", "EQDS, one hashed path a flow", .hashed, 4150, 10e6),
      ("fct_roce_perm_ecmp.csv", "RoCE with PFC, one hashed path a flow", .hashed, 9000, 10e6),
    ]
    for (name, words, policy, packet, bytes) in runs {
      if let rows = file(name) { readPackets(name, words, rows, policy, packet, bytes) }
    }
    if exact.isEmpty && packets.isEmpty { return nil }
    for seed in 0..<40 {
      let pairs = Self.permutation(seed: UInt64(seed))
      hashed.append(Self.mean(pairs, .hashed, seed: UInt64(seed)))
      if seed < 5 { sprayed.append(Self.mean(pairs, .spray, seed: 1)) }
    }
  }

  // MARK: Exact answers

  /// A case names its links as {'L1': 10, 'L2': 20}; its rows follow each other.
  private mutating func readCases(_ bytes: [UInt8]) {
    var rows: [[String: String]] = []
    NamedRows.forEach(in: bytes) { rows.append($0) }
    var answer = Exact(name: "maxmin.csv")
    var start = 0
    while start < rows.count {
      let end = rows[start...].firstIndex { $0["case"] != rows[start]["case"] } ?? rows.count
      let group = rows[start..<end]
      start = end
      let listing = (group.first?["case"] ?? "").split(separator: "{").dropFirst().first ?? ""
      var names: [String] = []
      var capacities: [Double] = []
      for item in listing.split(whereSeparator: { ",}".contains($0) }) {
        let parts = item.split(separator: ":")
        guard parts.count == 2, let capacity = Double(parts[1].filter { !$0.isWhitespace }) else { continue }
        names.append(String(parts[0].filter { $0.isLetter || $0.isNumber }))
        capacities.append(capacity)
      }
      let flows = group.map { row in
        RoutedFlow(
          shares: (row["route"] ?? "").split(separator: "+").compactMap { name in
            names.firstIndex(of: String(name)).map { LinkShare(link: UInt32($0)) }
          }, bytes: Bytes(Double(row["bytes"] ?? "") ?? 0),
          start: Ticks(seconds: Double(row["start_s"] ?? "") ?? 0))
      }
      let finish = FlowSimulation.finishTimes(of: flows, capacities: capacities)
      for (row, time) in zip(group, finish) {
        if let known = Double(row["exact_finish_s"] ?? "") { answer.errors.append(time.seconds / known - 1) }
      }
    }
    exact.append(answer)
  }

  /// `ftN`: N hosts on √N leaves, as many spines (a quarter when oversubscribed 4:1), the path by destination
  /// modulo spines.
  private static func fatTree(_ name: String, _ bytes: [UInt8]) -> Exact? {
    let rows = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.split(separator: " ").compactMap { Double($0) } }.filter { $0.count == 4 }
    let side = name.hasPrefix("out_ft256") ? 16 : 8
    let tree = FatTree(hostsPerLeaf: side, leaves: side, spines: name.contains("o4") ? side / 4 : side)
    let latency = Seconds(name.contains("1us") ? 1e-6 : 0)
    guard
      let topology = try? Topology(
        TopologyDescription(
          shape: .fatTree(tree), host: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: latency)))
    else { return nil }
    var router = FlowRouter(
      topology: topology, policy: .destinationModulo,
      stream: RandomStream(seed: 0, replication: 0, entity: "network", purpose: "routing"))
    let transfers = rows.map { Transfer(source: Int($0[0]), target: Int($0[1]), bytes: Bytes($0[2])) }
    let finish = FlowSimulation.finishTimes(of: transfers, router: &router)
    return Exact(name: name, errors: zip(rows, finish).map { $1.seconds / $0[3] - 1 })
  }

  // MARK: Packets

  /// Flows are named for their ends: `Roce_60_62`.
  private mutating func readPackets(
    _ file: String, _ words: String, _ bytes: [UInt8], _ policy: RoutingPolicy, _ packet: Double,
    _ size: Double
  ) {
    var pairs: [(Int, Int)] = []
    var finish: [Double] = []
    NamedRows.forEach(in: bytes) { cells in
      let ends = (cells["flow"] ?? "").split(separator: "_").dropFirst().compactMap { Int($0) }
      guard ends.count == 2, let time = Double(cells["finish_us"] ?? "") else { return }
      pairs.append((ends[0], ends[1]))
      finish.append(time)
    }
    guard !pairs.isEmpty else { return }
    let seeds = 20
    let sum = (0..<seeds).reduce(0.0) {
      $0 + Self.mean(pairs, policy, seed: UInt64($1), bytes: size, packet: packet, latency: 1e-6)
    }
    packets.append(
      Packets(
        file: file, words: words, measured: finish.reduce(0, +) / Double(finish.count),
        predicted: sum / Double(seeds)))
  }

  /// The mean finish time [µs] of as many bytes for each pair, in packets that carry 64 bytes of header each.
  private static func mean(
    _ pairs: [(Int, Int)], _ policy: RoutingPolicy, seed: UInt64, bytes: Double = 10e6,
    packet: Double = .infinity, latency: Double = 0
  ) -> Double {
    guard
      let topology = try? Topology(
        TopologyDescription(
          shape: .fatTree(FatTree.sized(hosts: 128, radix: 8, tiers: 3)),
          host: LinkSpeed(bandwidth: BytesPerSecond(50e9), latency: Seconds(latency))))
    else { return .nan }
    let wire = Bytes(bytes / (1 - 64 / packet))
    var router = FlowRouter(
      topology: topology, policy: policy,
      stream: RandomStream(seed: seed, replication: 0, entity: "network", purpose: "routing"))
    let transfers = pairs.map { Transfer(source: $0.0, target: $0.1, bytes: wire) }
    let finish = FlowSimulation.finishTimes(of: transfers, router: &router)
    return finish.reduce(0) { $0 + $1.seconds } / Double(max(1, finish.count)) * 1e6
  }

  /// A permutation of the hosts without fixed points.
  private static func permutation(seed: UInt64) -> [(Int, Int)] {
    var stream = RandomStream(seed: seed, replication: 0, entity: "network", purpose: "permutation")
    var targets = Array(0..<128)
    repeat {
      for place in (1..<128).reversed() { targets.swapAt(place, Int(stream.below(UInt32(place + 1)))) }
    } while targets.indices.contains { targets[$0] == $0 }
    return targets.indices.map { ($0, targets[$0]) }
  }
}
