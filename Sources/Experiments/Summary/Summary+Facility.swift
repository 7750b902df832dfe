import Economics
import Infrastructure
import Quantities
import Scenario
import World

/// What a reader of racks, power and emissions should know.
extension Summary {
  func facilityNotes() -> [String] {
    models.indices.flatMap { index in
      models[index].design.facilityUses(catalog: scenario.catalog).compactMap { use in
        use.pools.isEmpty ? nil : "\(models[index].design.name)/\(use.site.name): " + use.sentence
      } + carbonNotes(index) + embodiedNotes(index) + capNotes(index)
    }
  }

  /// Which hours the emissions and prices of a design's sites are the mean of.
  private func carbonNotes(_ index: Int) -> [String] {
    let design = models[index].design
    guard let outcome = outcomes(of: index).first?.ofMonths else { return [] }
    return design.pools.indices.compactMap { position in
      let pool = design.pools[position]
      let site = design.sites[pool.siteIndex]
      let profiles = [("emissions", site.carbon), ("prices", site.electricityByHour)]
      let names = profiles.filter { $0.1.map { !$0.isFlat } ?? false }.map(\.0)
      guard !names.isEmpty else { return nil }
      let draw = PoolDraw(
        pool, index: position, design: design, outcome: outcome,
        horizon: Horizon(scenario.economics.horizon))
      let how =
        draw.byHour == nil
        ? "the plain mean of the day: the run gives no draw for each of its hours"
        : "each hour weighted with the draw that was simulated at it"
      return "\(design.name)/\(pool.name): \(names.joined(separator: " and ")) of electricity are \(how)"
    }
  }

  /// Whose making nobody states the emissions of.
  private func embodiedNotes(_ index: Int) -> [String] {
    if !scenario.countsCarbon { return [] }
    let design = models[index].design
    return design.pools.filter { $0.node.embodiedCarbon == nil }.map {
      "\(design.name)/\($0.name): nobody states the emissions of making '\($0.node.name)'; "
        + "`embodied-carbon` of the pool does"
    }
  }

  /// What caps do to the accelerators of a design.
  private func capNotes(_ index: Int) -> [String] {
    models[index].design.pools.compactMap { pool in
      guard let cap = pool.powerCap, cap.limit < cap.rated else { return nil }
      func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
      return "\(models[index].design.name)/\(pool.name): capped at \(Int(cap.limit.value)) of "
        + "\(Int(cap.rated.value)) W, arithmetic runs at \(percent(cap.computeSpeed)) of its rate and memory "
        + "at \(percent(cap.memorySpeed)); the law is an estimate"
        + (cap.limit > cap.memoryBound
          ? ", and energy that it saves in work that waits for memory is an upper bound: that draws about "
            + "\(Int(cap.memoryBound.value)) W without a cap too" : "")
    }
  }
}
