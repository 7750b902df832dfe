extension ModelShape {
  /// What is wrong with the shape, one plain sentence each; empty when it can be simulated.
  ///
  /// The bounds are far past any model there is; within them no count overflows.
  public var faults: [String] {
    var faults: [String] = []
    func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) {
      if !range.contains(value) {
        faults.append("\(name) is \(value); it must lie between \(range.lowerBound) and \(range.upperBound)")
      }
    }
    check(layers, "the number of layers", 1...10_000)
    check(hidden, "the hidden width", 1...1_000_000)
    check(heads, "the number of heads", 1...100_000)
    check(keyValueHeads, "the number of key-value heads", 1...100_000)
    check(headSize, "the head size", 1...100_000)
    check(intermediate, "the intermediate width", 0...10_000_000)
    check(vocabulary, "the vocabulary", 1...100_000_000)
    check(maximumContext, "the maximum context", 1...1_000_000_000)
    check(keyValueLayers, "the number of layers with a KV cache", 0...max(layers, 0))
    check(slidingWindowLayers, "the number of layers with a sliding window", 0...max(layers, 0))
    if let slidingWindow { check(slidingWindow, "the sliding window", 1...1_000_000_000) }
    if latentAttention == nil, heads > 0, keyValueHeads > 0, heads % keyValueHeads != 0 {
      faults.append("\(heads) heads cannot be shared evenly among \(keyValueHeads) key-value heads")
    }
    if let experts {
      check(experts.count, "the number of experts", 1...1_000_000)
      check(experts.perToken, "the number of experts per token", 1...max(experts.count, 1))
      check(experts.intermediate, "the experts' intermediate width", 1...10_000_000)
      check(experts.shared, "the number of shared experts", 0...100_000)
      check(experts.sharedIntermediate, "the shared experts' width", 0...10_000_000)
      check(experts.denseLayers, "the number of dense layers", 0...max(layers, 0))
    }
    if let latent = latentAttention {
      check(latent.keyValueRank, "the key-value rank", 1...1_000_000)
      check(latent.queryRank, "the query rank", 0...1_000_000)
      check(latent.ropeHeadSize, "the rope head size", 0...100_000)
      check(latent.nopeHeadSize, "the nope head size", 1...100_000)
      check(latent.valueHeadSize, "the value head size", 1...100_000)
    }
    if denseLayers > 0, intermediate == 0 {
      faults.append("\(denseLayers) layers have no experts, and no intermediate width is given for them")
    }
    return faults
  }
}
