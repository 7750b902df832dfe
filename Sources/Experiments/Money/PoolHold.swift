import Economics
import Scenario
import World

/// How many nodes of a pool are held, and so paid for where they are rented by the hour: all of them, or what
/// an elastic pool held in the run.
struct PoolHold {
  /// On the mean.
  let nodes: Double
  /// At once, at most.
  let most: Double
  /// Of all of the pool's, 0...1.
  let share: Double

  /// - Parameter floor: of the share: what is not held at this level of demand may be held at others, whose
  ///   prices are multiples of this one's.
  init(_ pool: Pool, _ index: Int, _ outcome: Outcome, floor: Double = 0) {
    let all = Double(pool.nodeCount)
    guard let least = pool.leastNodes.map(Double.init), all > 0 else {
      (nodes, most, share) = (all, all, 1)
      return
    }
    // Nodes that nobody may use stay at their minimum.
    let fleet = outcome.fleets.indices.contains(index) ? outcome.fleets[index] : nil
    share = max(floor, min(1, (fleet?.meanHeld ?? least) / all))
    nodes = all * share
    most = fleet.map { Double($0.mostHeld) } ?? least
  }

  /// Accelerators held on the mean.
  func accelerators(of pool: Pool) -> Double { Double(pool.accelerators) * share }
}

extension Outcome {
  /// Replicas of one of a service's roles that hold accelerators, on the mean. On a pool whose nodes come and
  /// go it is over the whole run, as what is held of the pool is, so that nobody holds more than there was;
  /// else over the time in which requests are sent.
  func replicasHeld(ofService index: Int, role: Int, of design: Design) -> Double {
    let deployment = design.services[index].deployments[role]
    let service = services[index]
    var mean = load(ofService: index, of: design).held?[role]
    if design.pools[deployment.poolIndex].isElastic, let span = service.life?.span, span > 0 {
      mean = service.heldSeconds.map { $0[role] / span }
    }
    return mean ?? Double(deployment.replicas)
  }
}

extension MetricReader {
  /// What elastic pools held, and how often there was no node for them.
  mutating func readFleets() {
    for (pool, fleet) in zip(model.design.pools, outcome.fleets) {
      guard let fleet else { continue }
      add("", "pool_nodes", fleet.meanHeld, "1", statistic: pool.name)
      add("", "pool_stock_outs", Double(fleet.stockOuts), "1", statistic: pool.name)
    }
  }
}

extension Summary {
  /// What elastic pools held in each design's first run.
  func fleetNotes() -> [String] {
    models.indices.flatMap { index -> [String] in
      guard let outcome = outcomes(of: index).first else { return [] }
      let design = models[index].design
      return zip(design.pools, outcome.fleets).compactMap { pool, fleet in
        guard let fleet, let mean = fleet.meanHeld else { return nil }
        let failed =
          fleet.stockOuts == 0 ? "" : ", \(fleet.stockOuts) of \(fleet.attempts) attempts to get one failed"
        return
          "\(design.name)/\(pool.name): \((mean * 100).rounded() / 100) of \(pool.nodeCount) nodes held on "
          + "the mean, \(fleet.mostHeld) at most\(failed)"
      }
    }
  }
}
