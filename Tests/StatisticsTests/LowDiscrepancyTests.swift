import CGSL
import Kernel
import Statistics
import Testing

@Suite("Points that fill a space evenly")
struct LowDiscrepancyTests {
  @Test("the Sobol sequence begins as published (Bratley, Fox 1988, two dimensions)")
  func published() throws {
    let sequence = try #require(SobolSequence(dimensions: 2, points: 7))
    let points = (0..<7).map { n in (0..<2).map { sequence.coordinate(ofPoint: n, dimension: $0) } }
    #expect(
      points == [
        [0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [0.375, 0.375], [0.875, 0.875], [0.625, 0.125],
        [0.125, 0.625],
      ])
  }

  @Test("its points are GSL's, in every dimension", arguments: [1, 2, 3, 7, 16, 40])
  func equalsGSL(dimensions: Int) throws {
    let count = 5_000
    let sequence = try #require(SobolSequence(dimensions: dimensions, points: count))
    let generator = try #require(gsl_qrng_alloc(dryrack_qrng_sobol(), UInt32(dimensions)))
    defer { gsl_qrng_free(generator) }
    var expected = [Double](repeating: 0, count: dimensions)
    for number in 0..<count {
      gsl_qrng_get(generator, &expected)
      let point = (0..<dimensions).map { sequence.coordinate(ofPoint: number, dimension: $0) }
      if point != expected {
        Issue.record("point \(number): \(point), not \(expected)")
        return
      }
    }
  }

  @Test("a point does not depend on how many were asked for, and limits are refused")
  func limits() throws {
    let few = try #require(SobolSequence(dimensions: 5, points: 100))
    let many = try #require(SobolSequence(dimensions: 5, points: 3_000))
    for number in 0..<100 {
      for dimension in 0..<5 {
        #expect(
          few.coordinate(ofPoint: number, dimension: dimension)
            == many.coordinate(ofPoint: number, dimension: dimension))
      }
    }
    for (dimensions, points) in [(0, 5), (41, 5), (2, 0), (2, 1 << 30)] {
      #expect(SobolSequence(dimensions: dimensions, points: points) == nil)
    }
  }

  @Test("every stratum of a Latin hypercube holds one point, whatever their number")
  func strata() {
    for points in Array(1...130) + [255, 256, 257, 1_000, 4_096, 10_007] {
      let stream = RandomStream(seed: 3, replication: 0, entity: "x", purpose: "latin-hypercube")
      let column = LatinHypercubeColumn(points: points, stream: stream)
      var hits = [Int](repeating: 0, count: points)
      for index in 0..<points {
        let coordinate = column.coordinate(ofPoint: index)
        #expect(coordinate > 0 && coordinate < 1)
        hits[Int(coordinate * Double(points))] += 1
        #expect(Int(coordinate * Double(points)) == column.stratum(ofPoint: index))
      }
      #expect(hits.allSatisfy { $0 == 1 }, "\(points) points")
    }
  }

  @Test("columns of other streams are shuffled otherwise, and none follows its points")
  func independence() {
    let count = 2_000
    let columns = ["a", "b"].map { name in
      LatinHypercubeColumn(
        points: count,
        stream: RandomStream(seed: 1, replication: 0, entity: name, purpose: "latin-hypercube"))
    }
    func correlation(_ x: (Int) -> Double, _ y: (Int) -> Double) -> Double {
      // Both are uniform on (0, 1): mean 1/2, variance 1/12.
      (0..<count).reduce(0) { $0 + (x($1) - 0.5) * (y($1) - 0.5) } / Double(count) * 12
    }
    // The correlation of independent shufflings has a standard deviation of 1/√n: five of them.
    let bound = 5 / Double(count).squareRoot()
    let (a, b) = (columns[0], columns[1])
    #expect(abs(correlation(a.coordinate, b.coordinate)) < bound)
    #expect(abs(correlation(a.coordinate) { (Double($0) + 0.5) / Double(count) }) < bound)
  }
}
