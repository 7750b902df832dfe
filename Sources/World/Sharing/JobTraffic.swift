import Catalog
import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// What a training job puts on the network between nodes, and what a step takes when others leave it less.
///
/// A step is taken as two kinds of time: bursts, in which every interface is as busy as the job can make it,
/// and time in which it is not. Whoever shares a link with the job sees it there for a share of the time, its
/// `duty`; in a burst the job sees whoever else is there. Which collectives make up the bursts does not
/// matter, as long as they are short against what they are shared with.
struct JobTraffic: Sendable {
  /// Share of an undisturbed step in which the interfaces are busy.
  let duty: Double
  /// What one accelerator sends in a burst when it is alone, one direction.
  let burstRate: BytesPerSecond
  /// Whether every node sends to every other, as among experts, or to its neighbour in rings.
  let isExchange: Bool
  /// Step times by how many times slower the network is, at the points of `slowness`.
  private let times: [Double]

  /// Step times are tabulated up to here; beyond, they grow on in proportion.
  private static let slowest = 1024.0
  private static let pointsPerDoubling = 8.0

  /// `nil` for a job that never leaves its scale-up domain.
  ///
  /// - Complexity: some eighty evaluations of the step model.
  init?(_ job: TrainingJob, accelerators: Int, on pool: Pool, catalog: Catalog) {
    let perNode = pool.node.accelerators
    let nodes = (accelerators + perNode - 1) / perNode
    guard nodes > 1, accelerators > pool.scaleUpDomain else { return nil }
    func time(_ slowness: Double) -> Double {
      pool.collectives(ranks: accelerators, catalog: catalog, left: 1 / slowness).map {
        TrainingStepModel(job.run, framework: job.framework, collectives: $0, catalog: catalog).step().time
          .value
      } ?? job.step.time.value
    }
    times = Self.points.map(time)
    // Where the network is so slow that computing hides none of it, the step grows with all that it carries.
    let last = times.count - 1
    let growth = (times[last] - times[last - 8]) / (Self.points[last] - Self.points[last - 8])
    duty = max(0, min(1, growth / job.step.time.value))
    let share = pool.ringShare(nodes: nodes, catalog: catalog)
    burstRate = pool.nodeBandwidth(catalog: catalog) * (share / Double(max(1, perNode)))
    isExchange = job.run.layout.expert > pool.scaleUpDomain
    if duty <= 0 || burstRate.value <= 0 { return nil }
  }

  private static let points: [Double] = {
    let count = Int((slowest.exponent)) * Int(pointsPerDoubling)
    // Powers of two and equal parts between them: the same bits on every machine.
    return (0...count).map { index in
      let whole = index / Int(pointsPerDoubling)
      let part = Double(index % Int(pointsPerDoubling)) / pointsPerDoubling
      return Double(1 << whole) * (1 + part)
    }
  }()

  /// How much longer a step takes when bursts run at `share` of their rate alone, 0 < share <= 1.
  func stretch(share: Double) -> Double {
    if share >= 1 { return 1 }
    let slowness = min(1 / share, 1e9)
    let last = times.count - 1
    if slowness >= Self.points[last] { return times[last] / times[0] * (slowness / Self.points[last]) }
    let whole = Int(slowness.exponent)
    let part = (slowness / Double(1 << whole) - 1) * Self.pointsPerDoubling
    let index = whole * Int(Self.pointsPerDoubling) + Int(part)
    let rest = part - part.rounded(.down)
    return max(1, (times[index] + (times[index + 1] - times[index]) * rest) / times[0])
  }
}
