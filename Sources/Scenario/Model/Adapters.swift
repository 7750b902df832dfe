import Quantities
import Workloads

/// Adapters that a deployment serves, and how they come to its accelerators.
public struct AdapterDeployment: Sendable, Hashable {
  /// How many different ones its workload asks for; 0 where it asks for none.
  public var count: Int
  /// As a slot holds them.
  public var shape: AdapterShape
  public var slots: Int
  public var hostSlots: Int
  /// One adapter as it lies in a file.
  public var bytes: Bytes
  /// What is copied of it to one accelerator; all of a replica take their shares at the same time.
  public var bytesPerAccelerator: Bytes
  /// One slot on one accelerator.
  public var slotBytes: Bytes
  /// From the host's memory to one accelerator.
  public var hostBandwidth: BytesPerSecond
  /// From storage to the host; `nil` where nothing needs to come from there.
  public var storage: Storage?
  public var loading = AdapterLoading.overlapped

  /// Where adapters lie that the host has no room for.
  public struct Storage: Sendable, Hashable {
    public var bandwidth: BytesPerSecond
    public var latency: Seconds
    public init(bandwidth: BytesPerSecond, latency: Seconds) {
      self.bandwidth = bandwidth
      self.latency = latency
    }
  }

  public init(
    count: Int, shape: AdapterShape, slots: Int, hostSlots: Int, bytes: Bytes, bytesPerAccelerator: Bytes,
    slotBytes: Bytes, hostBandwidth: BytesPerSecond, storage: Storage?
  ) {
    self.count = count
    self.shape = shape
    self.slots = slots
    self.hostSlots = hostSlots
    self.bytes = bytes
    self.bytesPerAccelerator = bytesPerAccelerator
    self.slotBytes = slotBytes
    self.hostBandwidth = hostBandwidth
    self.storage = storage
  }

  /// From the host's memory into a slot.
  public var copyTime: Seconds { bytesPerAccelerator / hostBandwidth }
  /// From storage into the host's memory.
  public var fetchTime: Seconds { storage.map { $0.latency + bytes / $0.bandwidth } ?? .zero }
}
