import Catalog
import Quantities

/// Collectives of a group that spans domains.
struct Crossing {
  let links: DomainLinks
  let network: Transport
  let group: CollectiveGroup
  /// What the group may send out of a domain, one direction.
  let rate: BytesPerSecond
  /// Whether the switches between domains reduce.
  let reduces: Bool

  private var inside: Int { group.ranksPerDomain }
  private var domains: Int { (group.ranks + inside - 1) / inside }
  /// Steps of a tree over the domains.
  private var rounds: Int { CollectiveShape.rounds(domains) }

  /// Time by the algorithm; `nil` where it does not apply.
  func time(
    of operation: CollectiveOperation, bytes: Bytes, by algorithm: CollectiveAlgorithm
  ) -> Seconds? {
    switch algorithm {
    case .automatic: return fastest(operation, bytes)
    case .ring: return operation == .allToAll ? nil : ring(operation, bytes)
    case .tree:
      guard operation == .allReduce || operation == .broadcast else { return nil }
      return tree(operation, bytes)
    case .halvingDoubling: return halvingDoubling(operation, bytes)
    case .hierarchical: return hierarchical(operation, bytes)
    case .inNetwork: return operation == .allReduce && reduces ? inNetwork(bytes) : nil
    case .pairwise:
      return operation == .allToAll || operation == .sendReceive ? pairwise(operation, bytes) : nil
    }
  }

  private func fastest(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds {
    switch operation {
    case .allReduce:
      let best = min(ring(operation, bytes), tree(operation, bytes))
      return reduces ? min(best, inNetwork(bytes)) : best
    case .allGather, .reduceScatter:
      // NCCL's parallel aggregated trees (PAT, arXiv 2506.20252) take as few steps as halving.
      return min(ring(operation, bytes), halvingDoubling(operation, bytes) ?? ring(operation, bytes))
    case .broadcast: return min(ring(operation, bytes), tree(operation, bytes))
    case .allToAll, .sendReceive: return pairwise(operation, bytes)
    }
  }

  /// One ring through all domains: it enters and leaves each once.
  private func ring(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds {
    let shape = CollectiveShape(ringOf: operation, ranks: group.ranks)
    let hops = CollectiveShape(ringOf: operation, ranks: domains).steps
    return pipelined(operation, bytes, sent: shape.wire, hops: hops)
  }

  private func tree(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds {
    let sent = operation == .allReduce ? CollectiveShape.treeWire(domains: domains) : 1
    let hops = CollectiveShape(treeOf: operation, rounds: rounds).steps
    return pipelined(operation, bytes, sent: sent, hops: hops)
  }

  /// Up to the switches and down again, each byte once (Graham et al., SHArP, COMHPC 2016).
  private func inNetwork(_ bytes: Bytes) -> Seconds { pipelined(.allReduce, bytes, sent: 1, hops: 2) }

  private func halvingDoubling(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds? {
    guard operation == .allReduce || operation == .allGather || operation == .reduceScatter else {
      return nil
    }
    let shape = CollectiveShape(halvingDoublingOf: operation, ranks: domains, rounds: rounds)
    return pipelined(operation, bytes, sent: shape.wire, hops: shape.steps)
  }

  /// Every rank sends its parts for other domains through the domain's interfaces, all at once.
  private func pairwise(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds {
    if operation == .sendReceive { return pipelined(operation, bytes, sent: 1, hops: 1, isAlone: true) }
    let n = Double(group.ranks)
    let sent = Double(inside) * (n - Double(inside)) / n
    return pipelined(operation, bytes, sent: sent, hops: 1)
  }

  /// The share of each rank goes round between domains after the domain reduced and before it gathers: three
  /// phases, one after the other.
  private func hierarchical(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds? {
    guard operation == .allReduce || operation == .allGather || operation == .reduceScatter else {
      return nil
    }
    let phases: [CollectiveOperation] = operation == .allReduce ? [.reduceScatter, .allGather] : [operation]
    var total = Seconds.zero
    for phase in phases {
      guard let time = links.time(of: phase, bytes: bytes, ranks: inside, algorithm: .ring) else {
        return nil
      }
      total += time
    }
    let shape = CollectiveShape(ringOf: operation, ranks: domains)
    return total
      + over(bytes) { carried, parameters in
        transfer(carried * shape.wire, parameters) + parameters.hop * shape.steps
      }
  }

  /// Pieces under way within and between domains at once, and a hop for each dependent step between domains.
  /// - Parameters:
  ///   - sent: Bytes that leave a domain, per byte of message.
  ///   - isAlone: The message is between two ranks of different domains: nothing happens within.
  private func pipelined(
    _ operation: CollectiveOperation, _ bytes: Bytes, sent: Double, hops: Double, isAlone: Bool = false
  ) -> Seconds {
    let launch = links.launch(of: operation)
    return over(bytes) { carried, parameters in
      let within = isAlone ? Seconds.zero : self.within(operation, carried)
      let between = transfer(carried * sent, parameters)
      let joined = DomainLinks.norm(max(within, launch).value, between.value, order: network.sharpness)
      return Seconds(joined) + parameters.hop * hops
    }
  }

  /// Nothing to send takes no time, even where there is nothing to send it with.
  private func transfer(_ bytes: Bytes, _ parameters: NetworkProtocol) -> Seconds {
    bytes.value > 0 ? bytes / (rate * parameters.share) : .zero
  }

  /// What the ranks of one domain take for their part.
  private func within(_ operation: CollectiveOperation, _ bytes: Bytes) -> Seconds {
    // Of an all-to-all, only the parts for the own domain stay inside.
    let part = operation == .allToAll ? Double(inside) / Double(group.ranks) : 1
    return links.time(of: operation, bytes: bytes * part, ranks: inside, algorithm: .automatic) ?? .zero
  }

  /// The protocols of the network by message size, each at least what the one before takes at its end.
  private func over(_ bytes: Bytes, _ time: (Bytes, NetworkProtocol) -> Seconds) -> Seconds {
    var floor = Seconds.zero
    for parameters in network.network {
      let carried = parameters.until.map { min($0, bytes) } ?? bytes
      floor = max(floor, time(carried, parameters))
      if let end = parameters.until, bytes <= end { break }
    }
    return floor
  }
}
