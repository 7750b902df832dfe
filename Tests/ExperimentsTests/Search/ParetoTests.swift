import Kernel
import Testing

@testable import Experiments

@Suite("Pareto fronts and what they leave behind")
struct ParetoTests {
  /// Small whole numbers, so that ties and duplicates are frequent.
  static func candidates(_ seed: UInt64, count: Int, objectives: Int) -> [Standing] {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "pareto")
    return (0..<count).map { _ in
      let values = (0..<objectives).map { _ in Double(stream.below(8)) }
      let violation = stream.below(3) == 0 ? Double(stream.below(4)) : 0
      return Standing(objectives: values, violation: violation)
    }
  }

  /// The definition: take away who is dominated by nobody, again and again.
  static func peeled(_ standings: [Standing]) -> [[Int]] {
    var left = Array(standings.indices)
    var fronts: [[Int]] = []
    while !left.isEmpty {
      let front = left.filter { one in !left.contains { standings[$0].dominates(standings[one]) } }
      fronts.append(front)
      left.removeAll { front.contains($0) }
    }
    return fronts
  }

  @Test("the fast sort equals peeling", arguments: 1...4)
  func sorting(objectives: Int) {
    for seed in 0..<60 {
      let standings = Self.candidates(UInt64(seed), count: seed, objectives: objectives)
      #expect(Pareto.fronts(standings) == Self.peeled(standings))
    }
  }

  @Test("domination is irreflexive, antisymmetric and transitive; feasibility comes first")
  func order() {
    let all = Self.candidates(7, count: 40, objectives: 2)
    for one in all {
      #expect(!one.dominates(one))
      for other in all {
        #expect(!(one.dominates(other) && other.dominates(one)))
        if one.isFeasible && !other.isFeasible { #expect(one.dominates(other)) }
        for third in all where one.dominates(other) && other.dominates(third) {
          #expect(one.dominates(third))
        }
      }
    }
  }

  @Test("the volume equals inclusion and exclusion of boxes", arguments: 1...4)
  func volume(objectives: Int) {
    for seed in 0..<40 {
      let points = Self.candidates(UInt64(seed), count: 1 + seed % 9, objectives: objectives).map(
        \.objectives)
      let reference = [Double](repeating: 6.5, count: objectives)
      var expected = 0.0
      for subset in 1..<(1 << points.count) {
        let chosen = points.indices.filter { subset >> $0 & 1 == 1 }.map { points[$0] }
        let box = (0..<objectives).reduce(1.0) { product, objective in
          product * max(0, reference[objective] - chosen.map { $0[objective] }.max()!)
        }
        expected += chosen.count % 2 == 1 ? box : -box
      }
      let volume = Hypervolume.volume(points, reference: reference)
      #expect(abs(volume - expected) < 1e-9 * max(1, expected))
    }
  }

  @Test("a front has the volume of the whole set; nothing beyond the reference counts")
  func volumeOfFront() {
    for seed in 0..<20 {
      let standings = Self.candidates(UInt64(100 + seed), count: 30, objectives: 3).filter(\.isFeasible)
      let all = standings.map(\.objectives)
      let front = Pareto.fronts(standings)[0].map { all[$0] }
      let reference = [8.0, 8, 8]
      #expect(
        Hypervolume.volume(all, reference: reference) == Hypervolume.volume(front, reference: reference))
      #expect(Hypervolume.volume([[9, 0, 0], [8, 1, 1]], reference: reference) == 0)
    }
    #expect(Hypervolume.volume([], reference: [1, 1]) == 0)
  }
}
