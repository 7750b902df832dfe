import Foundation
import Statistics

/// What decides how long a station must be watched.
struct StationShape {
  let rate: Double
  let mean: Double
  let servers: Int
  let places: Int

  /// Customers that come while a station forgets its state: the relaxation time of M/M/c (Karlin and
  /// McGregor, "Many server queueing processes", Pacific Journal of Mathematics 8, 1958), times the rate.
  private var relaxation: Double {
    let root = (Double(servers) / mean).squareRoot() - rate.squareRoot()
    return min(10_000, rate / (root * root))
  }

  struct Plan {
    var episodes: Int
    var warmup: Int
    var measured: Int
  }

  /// Short episodes, each from a fresh draw of the steady state: far more independent views of a rare state
  /// than one long run gives. So many that an event of probability `rarest` is seen several times.
  func episodes(_ rarest: Double) -> Plan {
    let customers = max(200, servers)
    let views = max(1, Double(customers) / relaxation)
    return Plan(episodes: max(15, Int(0.3 / rarest / views)), warmup: 0, measured: customers)
  }

  /// One episode from the empty station, for service that has a memory.
  func oneEpisode(_ scale: Int) -> Plan {
    Plan(episodes: 1, warmup: Int(8 * relaxation), measured: scale * (3_000 + Int(15 * relaxation)))
  }

  /// How many are inside a birth-death station in its steady state.
  var steadyState: Distribution {
    // Weights relative to the largest, by logarithms: a thousand servers overflow the factorials.
    var logarithms = [0.0]
    for count in 1...min(places, servers + 4_000) {
      logarithms.append(logarithms[count - 1] + log(rate * mean / Double(min(count, servers))))
    }
    let peak = logarithms.max()!
    return .discrete(
      values: logarithms.indices.map(Double.init), weights: logarithms.map { exp($0 - peak) })
  }
}
