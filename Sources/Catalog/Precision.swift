/// A numeric format: how wide its numbers are, and which unit of the accelerator multiplies them.
public struct Precision: Sendable, Hashable {
  /// Catalogue name, such as `fp8-block`.
  public var name: String
  /// Bytes a weight takes, block scales included.
  public var bytesPerWeight: Double
  /// Bytes an activation, or an element of the KV cache, takes in this format.
  public var bytesPerActivation: Double
  /// The arithmetic behind it: `fp32`, `tf32`, `bf16`, `fp16`, `fp8`, `int8` or `fp4`.
  public var computeName: String

  /// Whether in a mixture of experts only the experts take this format and everything else stays in
  /// bf16, as in published 4-bit checkpoints.
  public var isForExpertsOnly: Bool

  public init(
    name: String, bytesPerWeight: Double, bytesPerActivation: Double, computeName: String,
    isForExpertsOnly: Bool = false
  ) {
    self.name = name
    self.bytesPerWeight = bytesPerWeight
    self.bytesPerActivation = bytesPerActivation
    self.computeName = computeName
    self.isForExpertsOnly = isForExpertsOnly
  }

  /// Whether weights are widened before they are multiplied, so that only memory gains.
  public var isWeightOnly: Bool { bytesPerWeight < bytesPerActivation }
}

extension Precision {
  /// The format of everything but the experts in a model that has them.
  public func outsideExperts(of model: ModelShape) -> Precision {
    guard isForExpertsOnly && model.experts != nil else { return self }
    return Precision(name: "bf16", bytesPerWeight: 2, bytesPerActivation: 2, computeName: "bf16")
  }
}

extension Catalog {
  /// The precision of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func precision(_ name: String) -> Precision? {
    guard let entry = table(.precisions).entry(name), let weight = entry.number("weight-bytes"),
      let activation = entry.number("activation-bytes"), let compute = entry.text("compute")
    else { return nil }
    return Precision(
      name: name, bytesPerWeight: weight, bytesPerActivation: activation, computeName: compute,
      isForExpertsOnly: entry.flag("experts-only") ?? false)
  }
}
