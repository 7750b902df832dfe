import Kernel
import Statistics
import Testing

@Suite("Quantiles of one run by its sections")
struct SectionedHistogramTests {
  @Test("between 20 and 40 full sections of equal length, however many values come")
  func lengths() {
    var sections = SectionedHistogram()
    #expect(sections.count == 0 && sections.quantileInterval(0.5, of: 1) == nil)
    for number in 1...5_000 {
      sections.record(Int64(number))
      if number >= 40 {
        #expect((20...40).contains(sections.count))
        let full = Int64(sections.count) * sections.length
        #expect(full <= Int64(number) && full + sections.length > Int64(number))
      }
    }
    #expect(sections.length == 128 && sections.count == 39)
  }

  @Test("intervals cover the quantile of a correlated series, where independent order statistics would not")
  func coverage() throws {
    var numbers = RandomStream(seed: 8, replication: 0, entity: "tests", purpose: "sections")
    // A normal law whose neighbours are alike: correlation 0.9, 0.81 and so on.
    for q in [0.9, 0.99] {
      let exact = NormalLaw.quantile(q) * 1000 + 10_000
      var (hits, naive) = (0, 0)
      for _ in 0..<60 {
        var (sections, all) = (SectionedHistogram(), LogHistogram())
        var values: [Double] = []
        var x = NormalLaw.quantile(numbers.uniform())
        for _ in 0..<12_000 {
          x = 0.9 * x + 0.19.squareRoot() * NormalLaw.quantile(numbers.uniform())
          let value = Int64(10_000 + 1000 * x)
          sections.record(value)
          all.record(value)
          values.append(Double(value))
        }
        let interval = try #require(sections.quantileInterval(q, of: all.quantile(q)!))
        // The histogram's own buckets are off by up to 0.4 %.
        if interval.low * 0.996 <= exact && exact <= interval.high * 1.004 { hits += 1 }
        if quantileInterval(values, q: q)!.contains(exact) { naive += 1 }
      }
      #expect(hits >= 52, "\(hits) of 60 at \(q)")
      #expect(naive < hits, "\(naive) of 60 at \(q)")
    }
  }

  @Test("a quantile that too few values of a section lie beyond has no interval")
  func thin() {
    var sections = SectionedHistogram()
    for number in 0..<4_000 { sections.record(Int64(number % 997)) }
    #expect(sections.quantileInterval(0.99, of: 987) == nil)
    #expect(sections.quantileInterval(0.9, of: 897) != nil)
  }
}
