import Kernel
import Statistics
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Warm-up")
struct WarmupTests {
  @Test("MSER-5 finds the end of a known transient")
  func knownTransient() throws {
    var numbers = stream("transient")
    for end in [100, 200, 300] {
      let series = (0..<2_000).map { index in
        (index < end ? 20 * (1 - Double(index) / Double(end)) : 0) + NormalLaw.quantile(numbers.uniform())
      }
      // The last tenth of the ramp is hidden in the noise.
      let cut = try #require(mser5(series).cut)
      #expect(cut >= end * 3 / 4 && cut <= end + 150, "\(cut) for a transient of \(end)")
      #expect(cut % 5 == 0)
    }
  }

  @Test("MSER-5 is the minimum of its definition")
  func definition() {
    var numbers = stream("definition")
    for length in [25, 49, 50, 103, 400] {
      let series = (0..<length).map { 5 * exp(-Double($0) / 20) + numbers.exponential() }
      let means = (0..<(length / 5)).map { batch in series[(batch * 5)..<(batch * 5 + 5)].reduce(0, +) / 5 }
      let statistics = (0...(means.count - 5)).map { start -> Double in
        let rest = means[start...]
        let mean = rest.reduce(0, +) / Double(rest.count)
        return rest.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rest.count * rest.count)
      }
      let best = statistics.indices.min { statistics[$0] < statistics[$1] }! * 5
      let estimate = mser5(series)
      #expect(estimate.bestCut == best)
      #expect(estimate.cut == (2 * best > length ? nil : best))
    }
  }

  @Test("a run that never settles, or is too short, is refused; a flat one needs no cut")
  func refusal() {
    let drifting = (0..<500).map { index -> Double in
      let wobble = Double(index % 3) / 10
      return Double(min(index, 400)) + wobble
    }
    #expect(mser5(drifting).isRefused && mser5(drifting).bestCut.map { $0 > 250 } == true)
    #expect(mser5([1, 2, 3]).cut == nil && mser5([]).bestCut == nil)
    #expect(mser5([Double](repeating: 4, count: 100)).cut == 0)
    #expect(mser5([Double](repeating: .nan, count: 100)).cut == nil)
  }
}
