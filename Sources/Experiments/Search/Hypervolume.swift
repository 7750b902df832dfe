/// How much of the objective space a set of points leaves behind it.
public enum Hypervolume {
  /// The volume that the points dominate, up to the reference point, all objectives minimised (Zitzler and
  /// Thiele, "Multiobjective Evolutionary Algorithms: A Comparative Case Study", IEEE Transactions on
  /// Evolutionary Computation 3, 1999). Exact. Points that are not better than the reference in every
  /// objective count for nothing, dominated ones add nothing.
  ///
  /// Two objectives by one sweep; more by slices along the last objective (While, Hingston, Barone and
  /// Huband, "A Faster Algorithm for Calculating Hypervolume", IEEE Transactions on Evolutionary Computation
  /// 10, 2006), whose sections are volumes of one dimension less.
  ///
  /// - Complexity: O(n log n) for two objectives, O(n² log n) for three, a factor of n for each more.
  public static func volume(_ points: [[Double]], reference: [Double]) -> Double {
    precondition(points.allSatisfy { $0.count == reference.count }, "every point has every objective")
    let inside = points.filter { point in zip(point, reference).allSatisfy { $0 < $1 } }
    return slices(inside, reference: reference[...])
  }

  private static func slices(_ points: [[Double]], reference: ArraySlice<Double>) -> Double {
    guard !points.isEmpty, let end = reference.last else { return 0 }
    let dimension = reference.count
    if dimension == 1 { return end - (points.map { $0[0] }.min() ?? end) }
    if dimension == 2 { return area(points, reference: reference) }
    let sorted = points.sorted { $0[dimension - 1] < $1[dimension - 1] }
    var total = 0.0
    for (index, point) in sorted.enumerated() {
      let next = index + 1 < sorted.count ? sorted[index + 1][dimension - 1] : end
      let depth = next - point[dimension - 1]
      if depth > 0 {
        total += depth * slices(Array(sorted[...index]), reference: reference.dropLast())
      }
    }
    return total
  }

  /// Of the first two objectives.
  private static func area(_ points: [[Double]], reference: ArraySlice<Double>) -> Double {
    let sorted = points.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    var total = 0.0
    var height = reference[reference.startIndex + 1]
    for point in sorted where point[1] < height {
      total += (reference[reference.startIndex] - point[0]) * (height - point[1])
      height = point[1]
    }
    return total
  }
}
