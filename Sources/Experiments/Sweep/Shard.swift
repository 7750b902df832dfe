/// A part of a sweep that one process takes: the points whose number leaves `index` when divided by `count`.
public struct Shard: Sendable, Hashable {
  /// From 0.
  public let index: Int
  public let count: Int

  public static let whole = Shard(index: 0, count: 1)!

  /// - Returns: `nil` unless 0 ≤ `index` < `count`.
  public init?(index: Int, count: Int) {
    guard count >= 1, (0..<count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  /// Points of a sweep of `total` points that belong to it.
  public func size(of total: Int) -> Int { total > index ? (total - index - 1) / count + 1 : 0 }

  /// The number of the point at `position` among those of the shard.
  func point(at position: Int) -> Int { index + position * count }
}
