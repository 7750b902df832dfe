import Quantities

/// Numbering of a torus. Links in order: out of each host, into each; then for each dimension the links to
/// the next neighbour, and those to the one before.
struct TorusLayout: Sendable, Hashable {
  /// Three sizes, 1 where there is no such dimension.
  var x: Int
  var y: Int
  var z: Int
  var dimensions: Int

  var endpoints: Int { x * y * z }

  init(_ sizes: [Int]) throws(TopologyFault) {
    guard (1...3).contains(sizes.count) else {
      throw TopologyFault("a torus has 1 to 3 dimensions, not \(sizes.count)")
    }
    try Topology.check(
      sizes.enumerated().map { ("size \($0.offset + 1)", $0.element, 1) },
      links: { $0.reduce(2, *) * Double(sizes.count + 1) })
    x = sizes[0]
    y = sizes.count > 1 ? sizes[1] : 1
    z = sizes.count > 2 ? sizes[2] : 1
    dimensions = sizes.count
  }

  var parts: TopologyParts {
    var cables = 0
    for dimension in 0..<dimensions where size(dimension) > 1 { cables += endpoints }
    return TopologyParts(switches: [], hostCables: 0, fabricCables: cables)
  }

  private func size(_ dimension: Int) -> Int { dimension == 0 ? x : dimension == 1 ? y : z }

  private func stride(_ dimension: Int) -> Int { dimension == 0 ? 1 : dimension == 1 ? x : x * y }

  private func coordinate(_ endpoint: Int, _ dimension: Int) -> Int {
    endpoint / stride(dimension) % size(dimension)
  }

  private func neighbour(_ endpoint: Int, _ dimension: Int, isForward: Bool) -> Int {
    let old = coordinate(endpoint, dimension)
    let count = size(dimension)
    let new = isForward ? (old + 1) % count : (old + count - 1) % count
    return endpoint + (new - old) * stride(dimension)
  }

  func build(_ description: TopologyDescription, _ append: (Int, Int, LinkSpeed) -> Void) {
    let firstRouter = endpoints
    for host in 0..<endpoints { append(host, firstRouter + host, description.host) }
    for host in 0..<endpoints { append(firstRouter + host, host, description.host) }
    for dimension in 0..<dimensions {
      for isForward in [true, false] {
        for router in 0..<endpoints {
          let other = neighbour(router, dimension, isForward: isForward)
          append(firstRouter + router, firstRouter + other, description.fabric)
        }
      }
    }
  }

  private func step(_ endpoint: Int, _ dimension: Int, isForward: Bool) -> UInt32 {
    UInt32(endpoints * (2 + 2 * dimension + (isForward ? 0 : 1)) + endpoint)
  }

  /// Orders in which three dimensions are walked, as decimal digits.
  private static let orders: [[Int]] = [
    [0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1], [1, 2, 0], [2, 1, 0],
  ]

  /// The way ahead in a dimension: the steps, and whether both directions are equally long.
  private func way(_ source: Int, _ target: Int, _ dimension: Int) -> (ahead: Int, isEven: Bool) {
    let count = size(dimension)
    let ahead = (coordinate(target, dimension) - coordinate(source, dimension) + count) % count
    return (ahead, ahead > 0 && 2 * ahead == count)
  }

  private func movingDimensions(_ source: Int, _ target: Int) -> [Int] {
    (0..<dimensions).filter { coordinate(source, $0) != coordinate(target, $0) }
  }

  /// Orders of the dimensions that differ, times two for each in which both ways round are equally long.
  func pathCount(_ source: Int, _ target: Int) -> Int {
    var moving = 0
    var ways = 1
    for dimension in 0..<dimensions {
      let way = way(source, target, dimension)
      if way.ahead > 0 { moving += 1 }
      if way.isEven { ways *= 2 }
    }
    return ways * (moving == 3 ? 6 : max(moving, 1))
  }

  /// Dimension-order routing: each dimension is walked to its end, in the order and the directions chosen.
  func appendPath(_ choice: Int, _ source: Int, _ target: Int, into path: inout [UInt32]) {
    let moving = movingDimensions(source, target)
    var directions = choice / (moving.count == 3 ? 6 : max(moving.count, 1))
    let order = choice % (moving.count == 3 ? 6 : max(moving.count, 1))
    path.append(UInt32(source))
    var goesBack = [false, false, false]
    for dimension in moving {
      let way = way(source, target, dimension)
      goesBack[dimension] = way.isEven ? directions % 2 == 1 : 2 * way.ahead > size(dimension)
      if way.isEven { directions /= 2 }
    }
    var at = source
    for place in 0..<moving.count {
      let dimension =
        moving.count == 3 ? Self.orders[order][place] : moving[(place + order) % moving.count]
      while coordinate(at, dimension) != coordinate(target, dimension) {
        path.append(step(at, dimension, isForward: !goesBack[dimension]))
        at = neighbour(at, dimension, isForward: !goesBack[dimension])
      }
    }
    path.append(UInt32(endpoints + target))
  }
}
