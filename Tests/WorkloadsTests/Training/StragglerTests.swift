import Kernel
import Quantities
import Statistics
import Testing

@testable import Workloads

@Suite("Stragglers")
struct StragglerTests {
  private func step(nodes: Int, variation: Double) -> TrainingStep {
    var step = SampleTraining.step(SampleTraining.run(TrainingLayout(data: 8)))
    (step.nodes, step.variation) = (nodes, variation)
    return step
  }

  @Test(
    "a step is the largest of its nodes' times: drawn directly, within confidence", arguments: [1, 4, 64])
  func largest(nodes: Int) {
    let step = step(nodes: nodes, variation: 0.05)
    let mean = step.nodeMean.value
    var nodeTimes = RandomStream(seed: 1, replication: 0, entity: "nodes", purpose: "test")
    var steps = RandomStream(seed: 1, replication: 0, entity: "steps", purpose: "test")
    let count = 20_000
    var direct = 0.0
    var drawn = 0.0
    var squares = 0.0
    for _ in 0..<count {
      var slowest = 0.0
      for _ in 0..<nodes {
        slowest = max(slowest, mean * (1 + 0.05 * NormalLaw.quantile(nodeTimes.uniform())))
      }
      direct += slowest
      let sample = step.sample(&steps).value
      drawn += sample
      squares += sample * sample
    }
    let n = Double(count)
    let deviation = (squares / n - (drawn / n) * (drawn / n)).squareRoot()
    // Four standard errors of a difference of two means.
    #expect(abs(direct - drawn) / n < 4 * deviation * (2 / n).squareRoot())
    // Blom's position is good to a few per cent of a deviation.
    #expect(abs(drawn / n / step.time.value - 1) < 0.05 * 0.05)
  }

  @Test("the slowest of more nodes is slower, and quantiles rise")
  func rising() {
    var last = -1.0
    for nodes in [1, 2, 8, 128, 4096] {
      let largest = TrainingStep.expectedLargest(of: nodes)
      #expect(largest > last)
      last = largest
    }
    let step = step(nodes: 64, variation: 0.02)
    #expect(step.quantile(0.1) < step.quantile(0.5) && step.quantile(0.5) < step.quantile(0.99))
    #expect(step.quantile(0) == .zero && step.quantile(1).value == .infinity)
  }
}
