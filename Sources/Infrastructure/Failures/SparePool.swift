/// Places of a job, the nodes that fill them, and spare nodes that step in.
///
/// Nodes and places are numbered from 0; at first node i fills place i and the rest are spares. Spares step
/// in in the order in which they became free, vacant places are filled in the order in which they fell
/// vacant. Each node is in exactly one of three states: in a place, spare, or out.
public struct SparePool: Sendable, Hashable {
  private static let none = UInt32.max
  private var nodeOfPlace: [UInt32]
  private var placeOfNode: [UInt32]
  private var isOut: [Bool]
  private var spares: [UInt32]
  private var vacant: [UInt32] = []

  /// - Parameters:
  ///   - places: nodes that the job needs.
  ///   - spares: nodes that stand by.
  public init(places: Int, spares: Int) {
    nodeOfPlace = (0..<UInt32(clamping: places)).map { $0 }
    placeOfNode = nodeOfPlace + [UInt32](repeating: Self.none, count: max(spares, 0))
    isOut = [Bool](repeating: false, count: placeOfNode.count)
    self.spares = (nodeOfPlace.count..<placeOfNode.count).map { UInt32($0) }
  }

  /// Nodes that stand by.
  public var spareCount: Int { spares.count }
  /// Places that nobody fills; a gang job runs only at 0.
  public var vacantCount: Int { vacant.count }
  /// Nodes that are out.
  public var outCount: Int { isOut.reduce(0) { $0 + ($1 ? 1 : 0) } }
  /// Whether every place is filled.
  public var isComplete: Bool { vacant.isEmpty }
  /// The node in a place; `nil` when it is vacant.
  public func node(in place: Int) -> Int? {
    nodeOfPlace[place] == Self.none ? nil : Int(nodeOfPlace[place])
  }

  /// A node fails or is drained. Answers the place that it filled, and the spare that took it over.
  public mutating func lose(_ node: Int) -> (place: Int, spare: Int?)? {
    guard placeOfNode.indices.contains(node), !isOut[node] else { return nil }
    isOut[node] = true
    let place = placeOfNode[node]
    placeOfNode[node] = Self.none
    if place == Self.none {
      spares.removeAll { $0 == UInt32(node) }
      return nil
    }
    if spares.isEmpty {
      nodeOfPlace[Int(place)] = Self.none
      vacant.append(place)
      return (Int(place), nil)
    }
    let spare = spares.removeFirst()
    nodeOfPlace[Int(place)] = spare
    placeOfNode[Int(spare)] = place
    return (Int(place), Int(spare))
  }

  /// A node comes back. Answers the vacant place that it fills; `nil` when it stands by.
  public mutating func giveBack(_ node: Int) -> Int? {
    guard placeOfNode.indices.contains(node), isOut[node] else { return nil }
    isOut[node] = false
    if vacant.isEmpty {
      spares.append(UInt32(node))
      return nil
    }
    let place = vacant.removeFirst()
    nodeOfPlace[Int(place)] = UInt32(node)
    placeOfNode[node] = place
    return Int(place)
  }
}
