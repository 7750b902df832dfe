import Quantities

/// A network between nodes.
public struct Fabric: Sendable, Hashable {
  /// Catalogue name, such as `infiniband-ndr`.
  public var name: String
  /// `infiniband`, `roce`, `ethernet` or `efa`.
  public var kind: String
  /// Line rate of one link, one direction.
  public var linkBandwidth: BytesPerSecond
  /// From one node's memory to another's through one switch, for a small message.
  public var latency: Seconds

  public init(name: String, kind: String, linkBandwidth: BytesPerSecond, latency: Seconds) {
    self.name = name
    self.kind = kind
    self.linkBandwidth = linkBandwidth
    self.latency = latency
  }
}

extension Catalog {
  /// The fabric of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func fabric(_ name: String) -> Fabric? {
    guard let entry = table(.fabrics).entry(name), let rate = entry.number("link-bandwidth"),
      let latency = entry.number("latency")
    else { return nil }
    return Fabric(
      name: name, kind: entry.text("kind") ?? "", linkBandwidth: BytesPerSecond(rate),
      latency: Seconds(latency))
  }
}
