import Catalog
import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Collectives among the ranks of one scale-up domain: a `Transport`'s curves at a line rate of one's own.
///
/// The form is `TransportProtocol`'s: three protocols with a latency per step and a share of the line each
/// (NCCL's LL, LL128 and Simple; Hu et al., "Demystifying NCCL", arXiv 2507.04786), switched by message size,
/// each at least what the one before took at its end. Times never fall with bytes or rise with the line rate.
struct DomainLinks: Sendable {
  let transport: Transport
  /// All links of one rank, one direction.
  let line: BytesPerSecond
  /// How many ranks the links join at most, where each pair has a link of its own.
  let domain: Int

  /// The order of the norm stays finite, so that a rank never waits less than its longest part.
  static func norm(_ a: Double, _ b: Double, order: Double) -> Double {
    let longest = max(a, b)
    guard longest > 0, longest.isFinite else { return longest }
    return longest * pow(pow(a / longest, order) + pow(b / longest, order), 1 / order)
  }

  /// Time of `operation` by the algorithm; `nil` where the algorithm does not apply.
  func time(
    of operation: CollectiveOperation, bytes: Bytes, ranks: Int, algorithm: CollectiveAlgorithm
  ) -> Seconds? {
    guard let curve = curve(of: operation) else { return nil }
    if ranks <= 1 { return .zero }
    let rounds = CollectiveShape.rounds(ranks)
    let shape: CollectiveShape
    switch algorithm {
    case .automatic: return fastest(operation, bytes: bytes, ranks: ranks, curve: curve)
    case .inNetwork: return curve.reduction.map { time($0, bytes: bytes, ranks: ranks) }
    case .ring, .hierarchical:
      guard operation != .allToAll else { return nil }
      shape = CollectiveShape(ringOf: operation, ranks: ranks)
    case .pairwise:
      guard operation == .allToAll || operation == .sendReceive else { return nil }
      shape = CollectiveShape(ringOf: operation, ranks: ranks)
    case .tree:
      guard operation == .allReduce || operation == .broadcast else { return nil }
      shape = CollectiveShape(treeOf: operation, rounds: rounds)
    case .halvingDoubling:
      guard [.allReduce, .allGather, .reduceScatter].contains(operation) else { return nil }
      shape = CollectiveShape(halvingDoublingOf: operation, ranks: ranks, rounds: rounds)
    }
    return time(shape, curve: curve, operation: operation, bytes: bytes, ranks: ranks)
  }

  /// The measured curve, which holds the library's own choice among up to 8 ranks; algorithms of few steps
  /// may win among more. And the switch, where it reduces.
  private func fastest(
    _ operation: CollectiveOperation, bytes: Bytes, ranks: Int, curve: TransportCurve
  ) -> Seconds {
    let ring = CollectiveShape(ringOf: operation, ranks: ranks)
    var best = time(ring, curve: curve, operation: operation, bytes: bytes, ranks: ranks)
    if let reduction = curve.reduction, ranks >= reduction.ranks {
      best = min(best, time(reduction, bytes: bytes, ranks: ranks))
    }
    guard ranks > Self.measuredRanks else { return best }
    for algorithm in [CollectiveAlgorithm.tree, .halvingDoubling] {
      if let time = time(of: operation, bytes: bytes, ranks: ranks, algorithm: algorithm) {
        best = min(best, time)
      }
    }
    return best
  }

  /// The largest group that the curves were measured with.
  private static let measuredRanks = 8

  /// What a rank takes before its first byte leaves the domain: the library's launch.
  func launch(of operation: CollectiveOperation) -> Seconds {
    curve(of: operation)?.protocols.first?.base ?? .zero
  }

  /// NVLS: each rank sends its part for reduction and multicasts one, S (n + 1) / n bytes a direction.
  private func time(_ reduction: SwitchReduction, bytes: Bytes, ranks: Int) -> Seconds {
    let n = Double(ranks)
    let wire = bytes * ((n + 1) / n) / (line * reduction.share)
    return Seconds(Self.norm(reduction.base.value, wire.value, order: reduction.sharpness))
  }

  private func time(
    _ shape: CollectiveShape, curve: TransportCurve, operation: CollectiveOperation, bytes: Bytes, ranks: Int
  ) -> Seconds {
    var floor = Seconds.zero
    for parameters in curve.protocols {
      let end = Self.end(of: parameters, ranks: ranks)
      let carried = end.map { min($0, bytes) } ?? bytes
      floor = max(
        floor,
        time(parameters, curve: curve, shape: shape, operation: operation, bytes: carried, ranks: ranks))
      if let end, bytes <= end { break }
    }
    return floor
  }

  private func time(
    _ parameters: TransportProtocol, curve: TransportCurve, shape: CollectiveShape,
    operation: CollectiveOperation, bytes: Bytes, ranks: Int
  ) -> Seconds {
    let n = Double(ranks)
    let latency = parameters.base + shape.steps * parameters.step
    let crowd = pow(min(n, 8) / 2, curve.crowd)
    let wire = bytes * shape.wire / line(operation, ranks: ranks)
    let transfer = wire * ((1 / parameters.share + parameters.copy / max(n - 1, 1)) * crowd)
    return Seconds(Self.norm(latency.value, transfer.value, order: parameters.sharpness))
  }

  /// The part of the line that serves `ranks` ranks.
  private func line(_ operation: CollectiveOperation, ranks: Int) -> BytesPerSecond {
    switch transport.topology {
    case .mesh:
      // One link to each peer; those to ranks outside the group idle.
      return line * min(1, Double(ranks - 1) / Double(max(domain - 1, 1)))
    case .torus where operation == .allToAll:
      // Every byte crosses d k / 4 links on average, where rings use neighbours only (Dally and Towles,
      // "Principles and Practices of Interconnection Networks").
      let sides = Double(max(transport.dimensions, 1))
      return line * (1 / max(1, sides * pow(Double(ranks), 1 / sides) / 4))
    default: return line
    }
  }

  /// Largest message of a protocol: log-log between 2, 4 and 8 ranks, in proportion to the steps beyond.
  private static func end(of parameters: TransportProtocol, ranks: Int) -> Bytes? {
    let until = parameters.until
    guard until.count == 3 else { return nil }
    if ranks <= 2 { return until[0] }
    if ranks >= 8 { return until[2] * (Double(ranks - 1) / 7) }
    let low = ranks < 4 ? 0 : 1
    let part = log2(Double(ranks) / Double(2 << low))
    return Bytes(pow(until[low].value, 1 - part) * pow(until[low + 1].value, part))
  }

  /// The curve of an operation; a broadcast sends like an all-gather, and a message between two like their
  /// half of an exchange, where no curve of their own is known.
  private func curve(of operation: CollectiveOperation) -> TransportCurve? {
    if let curve = transport.curves[operation.rawValue] { return curve }
    switch operation {
    case .broadcast: return transport.curves[CollectiveOperation.allGather.rawValue]
    case .sendReceive: return transport.curves[CollectiveOperation.allToAll.rawValue]
    default: return nil
    }
  }
}
