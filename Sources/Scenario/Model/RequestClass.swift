extension InferenceWorkload {
  /// Under which names it has rows of its own: its own, and `WORKLOAD/CLASS` for each class of requests.
  public var reportedNames: [String] { [name] + classes.map { "\(name)/\($0.name)" } }
}

/// Requests of one workload that matter alike.
public struct RequestClass: Sendable, Hashable {
  public var name: String
  /// Of the workload's requests, 0...1.
  public var share: Double
  /// Lower ones are served first by queues that go by priority.
  public var priority: Int
  /// 0 for the class that is served first; equal priorities have equal ranks.
  public var rank: Int32 = 0

  public init(name: String, share: Double, priority: Int) {
    self.name = name
    self.share = share
    self.priority = priority
  }

  /// Numbers the classes by their priorities.
  static func rank(_ classes: inout [RequestClass]) {
    let distinct = Set(classes.map(\.priority)).sorted()
    for index in classes.indices {
      classes[index].rank = Int32(distinct.firstIndex(of: classes[index].priority) ?? 0)
    }
  }
}
