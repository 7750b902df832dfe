import Kernel
import Statistics
import Testing

/// Two M/M/1 stations on the kernel that share their random numbers, and whose difference theory knows.
@Suite("Paired experiments on a queue with a known answer")
struct PairedCoverageTests {
  /// Arrivals and services a second: the mean wait is ρ ÷ (μ − λ).
  static let rate = 0.4
  static let speeds = [1.0, 1.25]
  static let waits = speeds.map { rate / $0 / ($0 - rate) }
  static let pairs = 30
  static let experiments = 1_000

  /// The mean wait of 400 customers who find the station in its steady state: the hundred before them, from
  /// an empty one, span twenty of its time constants 1 ÷ (√μ − √λ)².
  private func meanWait(speed: Double, replication: Int, apart: String = "") -> Double {
    func stream(_ purpose: String) -> RandomStream {
      RandomStream(seed: 20_261_126, replication: replication, entity: "station\(apart)", purpose: purpose)
    }
    var station = Station(
      rate: Self.rate, law: .law(Distribution(.exponential(mean: 1 / speed))), servers: 1, warmup: 100,
      measured: 400, arrivals: stream("arrivals"), services: stream("services"))
    var pending = PendingEvents()
    station.start(with: 0, &pending)
    _ = run(&station, pending: &pending)
    return station.readings()["Wq"] ?? .nan
  }

  @Test("95 % paired intervals hold the exact difference in 93.5 to 96.5 % of 1,000 experiments")
  func coverage() throws {
    var (differences, ratios, shown, saved) = (0, 0, 0, 0.0)
    for experiment in 0..<Self.experiments {
      let runs = (0..<Self.pairs).map { pair in
        Self.speeds.map { meanWait(speed: $0, replication: experiment * Self.pairs + pair) }
      }
      let comparison = try #require(SampleComparison(paired: runs.map { $0[0] }, runs.map { $0[1] }))
      if comparison.difference!.contains(Self.waits[1] - Self.waits[0]) { differences += 1 }
      if comparison.ratio?.contains(Self.waits[1] / Self.waits[0]) == true { ratios += 1 }
      if comparison.isShown(level: 0.05) { shown += 1 }
      saved += comparison.varianceRatio! / Double(Self.experiments)
    }
    func share(_ count: Int) -> Double { Double(count) / Double(Self.experiments) }
    let found = "\(differences) differences, \(ratios) ratios of \(Self.experiments); variance ratio \(saved)"
    let allowed = 0.935...0.965
    #expect(allowed.contains(share(differences)) && allowed.contains(share(ratios)), "\(found)")
    #expect(saved > 5 && shown == Self.experiments, "\(found)")
  }

  @Test("two stations alike are told apart as seldom as the level says, with other random numbers")
  func falseAlarms() throws {
    let experiments = 250
    var (alarms, corrected) = (0, 0)
    for experiment in 0..<experiments {
      // Four stations alike, held against the first: the family errs once in twenty after correction.
      let runs = (0..<4).map { number in
        (0..<10).map {
          meanWait(speed: 1, replication: experiment * 10 + $0, apart: "/\(number)")
        }
      }
      let pValues = runs.dropFirst().map { SampleComparison(paired: runs[0], $0)!.pValue! }
      if pValues[0] < 0.05 { alarms += 1 }
      if holmAdjusted(pValues).contains(where: { $0 < 0.05 }) { corrected += 1 }
    }
    let margin = 4 * (0.05 * 0.95 / Double(experiments)).squareRoot()
    #expect(abs(Double(alarms) / Double(experiments) - 0.05) < margin, "\(alarms)")
    #expect(Double(corrected) / Double(experiments) < 0.05 + margin, "\(corrected)")
  }
}
