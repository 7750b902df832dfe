import DryRack
import Infrastructure

/// Latency and bandwidth, no more: what training runs are scored with until a run's fabric is known better.
///
/// Times of rings as nccl-tests count them (doc/PERFORMANCE.md): bytes · bus factor over the slowest link,
/// and a latency that grows with the logarithm of the ranks, as trees have it.
struct TrainingNetwork: CollectiveModel {
  /// One accelerator, one direction [B/s].
  var scaleUp: Double
  var scaleOut: Double
  /// What of a link large messages reach.
  var share = 0.8
  var latencyInside = 5e-6
  var latencyOutside = 12e-6

  func time(of operation: CollectiveOperation, bytes: Bytes, among group: CollectiveGroup) -> Seconds {
    guard group.ranks > 1 else { return .zero }
    let ranks = Double(group.ranks)
    let together = Double(group.ranksPerDomain)
    var steps = 1.0
    while steps < 64, Double(1 << Int(steps)) < ranks { steps += 1 }
    let latency = (group.crossesDomains ? latencyOutside : latencyInside) * (1 + steps)
    switch operation {
    case .allToAll, .sendReceive:
      let outside = operation == .allToAll ? (ranks - together) / ranks : group.crossesDomains ? 1 : 0
      let inside = operation == .allToAll ? (together - 1) / ranks : 1 - outside
      let time = max(bytes.value * outside / scaleOut, bytes.value * inside / scaleUp) / share
      return Seconds(latency + time)
    default:
      // A domain's interfaces carry the ring of each group that its accelerators are in.
      let link = group.crossesDomains ? min(scaleUp, scaleOut * together) : scaleUp
      return Seconds(latency + bytes.value * operation.busFactor(ranks: group.ranks) / (link * share))
    }
  }
}
