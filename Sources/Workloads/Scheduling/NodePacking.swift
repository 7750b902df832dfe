/// Jobs of one place on as few nodes as first-fit finds: each takes its whole nodes, and what is left of it
/// goes on the first node with room.
///
/// For nodes that are rented as they are needed, where no job has a place before it comes. Jobs that lie
/// together split a node by their accelerators.
public struct NodePacking: Sendable, Hashable {
  /// Nodes that the jobs need together.
  public private(set) var nodes = 0
  /// Of each job in order, the nodes that count as its own; they sum to `nodes`.
  public private(set) var held: [Double] = []

  /// - Parameters:
  ///   - accelerators: of each job, in the order in which they came.
  ///   - perNode: accelerators of a node, 1 or more.
  /// - Complexity: O(jobs × nodes that are shared).
  public init(accelerators: [Int], perNode: Int) {
    let size = max(perNode, 1)
    var filled: [Int] = []
    var places: [Int?] = []
    for count in accelerators {
      let whole = max(count, 0) / size
      let rest = max(count, 0) % size
      nodes += whole
      held.append(Double(whole))
      guard rest > 0 else {
        places.append(nil)
        continue
      }
      let place = filled.firstIndex { $0 + rest <= size } ?? filled.count
      if place == filled.count { filled.append(0) }
      filled[place] += rest
      places.append(place)
    }
    nodes += filled.count
    for (job, place) in places.enumerated() {
      guard let place else { continue }
      held[job] += Double(accelerators[job] % size) / Double(filled[place])
    }
  }
}
