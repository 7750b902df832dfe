import Quantities

/// How an accelerator is cut into instances that share nothing but its bus and its power: NVIDIA's Multi-
/// Instance GPU.
public struct Partition: Sendable, Hashable {
  /// Of the profile, such as `3g.40gb`.
  public var profile: String
  /// How many of them one accelerator gives.
  public var instances: Int
  /// Of one instance, 0...1: multiprocessors and bandwidth of the memory.
  public var computeShare: Double
  public var bandwidthShare: Double
  /// That a program in one instance gets to see.
  public var memory: Bytes

  /// One instance as an accelerator of its own. Instances have no links among them (the user guide: no
  /// peer-to-peer), and when all are busy each has its part of the bus.
  public func instance(of whole: Accelerator) -> Accelerator {
    var part = whole
    let count = Double(instances)
    part.partition = profile
    part.peaks = whole.peaks.map { .init(computeName: $0.computeName, rate: $0.rate * computeShare) }
    part.memory = min(whole.memory, memory)
    part.driverMemory = memory
    part.memoryBandwidth = whole.memoryBandwidth * bandwidthShare
    part.pcieBandwidth = whole.pcieBandwidth * (1 / count)
    part.scaleUpBandwidth = part.pcieBandwidth
    part.scaleUpDomain = 1
    // What computes draws by multiprocessors; what only waits is shared by all that are there.
    part.power = whole.power * computeShare
    part.idlePower = whole.idlePower * (1 / count)
    part.price = whole.price.map { $0 * (1 / count) }
    return part
  }
}

extension Catalog {
  /// The partition of that name of an accelerator, or `nil`.
  public func partition(_ profile: String, of accelerator: Accelerator) -> Partition? {
    guard let entry = table(.partitions).entry("\(accelerator.name)/\(profile)"),
      let instances = entry.integer("instances"), let compute = entry.number("compute-share"),
      let bandwidth = entry.number("bandwidth-share"),
      let memory = entry.number("memory")
        ?? entry.number("memory-share").map({ $0 * accelerator.driverMemory.value })
    else { return nil }
    return Partition(
      profile: profile, instances: instances, computeShare: compute, bandwidthShare: bandwidth,
      memory: min(Bytes(memory), accelerator.driverMemory))
  }

  /// Profiles that an accelerator may be cut by, smallest first as the data has them.
  public func partitions(of accelerator: String) -> [String] {
    var seen: [String] = []
    for fact in facts(of: .partitions) where fact.key == "instances" && fact.name.hasPrefix(accelerator + "/")
    {
      seen.append(String(fact.name.dropFirst(accelerator.count + 1)))
    }
    return seen
  }
}
