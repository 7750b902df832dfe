import Catalog
import Quantities

/// A place to keep data: local disks, a parallel file system, an object store, an archive.
public struct StorageTier: Sendable, Hashable {
  /// Catalogue name, or the user's.
  public var name: String
  /// Of all clients together.
  public var readBandwidth: BytesPerSecond
  public var writeBandwidth: BytesPerSecond
  /// Of one client; infinite where only the total binds.
  public var clientBandwidth: BytesPerSecond
  /// Of one connection of a client; infinite where it does not bind.
  public var connectionBandwidth = BytesPerSecond(.infinity)
  /// From the request to the first byte.
  public var latency: Seconds
  /// Requests of all clients together; infinite where not known.
  public var readRate: PerSecond
  public var writeRate: PerSecond
  /// Files that all clients together open a second; infinite where not known, and where nothing is opened.
  public var metadataRate = PerSecond(.infinity)
  /// Before an archived object can be read at all.
  public var retrievalDelay: Seconds
  /// What is deleted earlier is paid as if it had stayed.
  public var minimumRetention: Seconds
  public var prices: StoragePrices

  /// A tier by its read bandwidth; writes are as fast, nothing else binds, nothing costs.
  public init(name: String, readBandwidth: BytesPerSecond) {
    self.name = name
    self.readBandwidth = readBandwidth
    writeBandwidth = readBandwidth
    clientBandwidth = BytesPerSecond(.infinity)
    latency = .zero
    readRate = PerSecond(.infinity)
    writeRate = PerSecond(.infinity)
    retrievalDelay = .zero
    minimumRetention = .zero
    prices = StoragePrices()
  }

  /// The tier of that name in the catalogue, or `nil`. What it does not state binds nothing and costs
  /// nothing.
  public init?(_ name: String, in catalog: Catalog = .builtIn) {
    let rows = catalog.rows(of: .storage, named: name)
    func number(_ key: String) -> Double? { rows.first { $0.key == key }?.number }
    guard let read = number("read-bandwidth"), read > 0 else { return nil }
    self.init(name: name, readBandwidth: BytesPerSecond(read))
    writeBandwidth = BytesPerSecond(number("write-bandwidth") ?? read)
    clientBandwidth = BytesPerSecond(number("client-bandwidth") ?? .infinity)
    connectionBandwidth = BytesPerSecond(number("connection-bandwidth") ?? .infinity)
    latency = Seconds(number("latency") ?? 0)
    readRate = PerSecond(number("read-rate") ?? .infinity)
    writeRate = PerSecond(number("write-rate") ?? .infinity)
    metadataRate = PerSecond(number("metadata-rate") ?? .infinity)
    retrievalDelay = Seconds(number("retrieval-delay") ?? 0)
    // The catalogue's first byte of an archive comes after its retrieval; writes do not wait for one.
    latency = Seconds(max(0, latency.value - retrievalDelay.value))
    minimumRetention = Seconds(number("minimum-retention") ?? 0)
    prices = StoragePrices(
      perGigabyteMonth: number("monthly-price") ?? 0, perThousandWrites: number("put-price") ?? 0,
      perThousandReads: number("get-price") ?? 0, perGigabyteRetrieved: number("retrieval-price") ?? 0,
      perGigabyteEgress: number("egress-price") ?? 0)
  }

  /// What each of `clients` that read all the time gets when requests are of `request` bytes: the least of
  /// its own limit, its part of the total, and its part of the request rate.
  ///
  /// `outstanding` requests per client hide latency: with too few of them latency binds (Little's law).
  public func readShare(clients: Int, request: Bytes, outstanding: Int = 16) -> BytesPerSecond {
    let count = Double(max(clients, 1))
    let size = max(request.value, 1)
    let byRate = readRate.value / count * size
    let wait = latency.value + size / min(clientBandwidth.value, readBandwidth.value)
    let byLatency = Double(max(outstanding, 1)) * size / wait
    return BytesPerSecond(min(clientBandwidth.value, readBandwidth.value / count, byRate, byLatency))
  }

  /// What each of `clients` reads at the most when it opens a file for every `bytesPerFile`.
  public func openShare(clients: Int, bytesPerFile: Bytes) -> BytesPerSecond {
    bytesPerFile.value > 0
      ? BytesPerSecond(metadataRate.value / Double(max(clients, 1)) * bytesPerFile.value)
      : BytesPerSecond(.infinity)
  }

  /// How long `bytes` take one of `clients` that read at the same time, in requests of `request` bytes: the
  /// retrieval, the first byte, then its share.
  public func readTime(_ bytes: Bytes, clients: Int, request: Bytes, outstanding: Int = 16) -> Seconds {
    bytes.value <= 0
      ? .zero
      : retrievalDelay + latency + bytes
        / readShare(clients: clients, request: request, outstanding: outstanding)
  }

  /// The tier as clients with so many connections each see it.
  public func seen(throughConnections count: Int) -> StorageTier {
    var tier = self
    tier.clientBandwidth = min(clientBandwidth, connectionBandwidth * Double(max(count, 1)))
    return tier
  }

  /// How long a checkpoint of `bytes` in all takes when `clients` write their part of it together, in so many
  /// requests: as long as the bytes or the requests take, whichever is longer.
  public func writeTime(_ bytes: Bytes, clients: Int, requests: Double = 0) -> Seconds {
    let rate = min(clientBandwidth.value * Double(max(clients, 1)), writeBandwidth.value)
    return bytes.value <= 0
      ? .zero : latency + Seconds(max(bytes.value / rate, max(requests, 0) / writeRate.value))
  }

  /// How long a restore takes: `clients` read `bytes` in all together, in so many requests.
  public func restoreTime(_ bytes: Bytes, clients: Int, requests: Double = 0) -> Seconds {
    let rate = min(clientBandwidth.value * Double(max(clients, 1)), readBandwidth.value)
    return bytes.value <= 0
      ? .zero
      : retrievalDelay + latency + Seconds(max(bytes.value / rate, max(requests, 0) / readRate.value))
  }
}

/// What a tier costs [currency], besides its hardware.
public struct StoragePrices: Sendable, Hashable {
  /// Per 10⁹ bytes and month of 730 h.
  public var perGigabyteMonth: Double
  public var perThousandWrites: Double
  public var perThousandReads: Double
  public var perGigabyteRetrieved: Double
  /// Out of the provider's network or region.
  public var perGigabyteEgress: Double

  public init(
    perGigabyteMonth: Double = 0, perThousandWrites: Double = 0, perThousandReads: Double = 0,
    perGigabyteRetrieved: Double = 0, perGigabyteEgress: Double = 0
  ) {
    self.perGigabyteMonth = perGigabyteMonth
    self.perThousandWrites = perThousandWrites
    self.perThousandReads = perThousandReads
    self.perGigabyteRetrieved = perGigabyteRetrieved
    self.perGigabyteEgress = perGigabyteEgress
  }

  /// Hours of a billed month.
  private static let hoursOfMonth = 730.0

  /// Keeping `bytes` for `span`, but at least for `minimum`.
  public func keeping(_ bytes: Bytes, for span: Seconds, minimum: Seconds = .zero) -> Double {
    let months = max(span, minimum).value / (Self.hoursOfMonth * 3600)
    return perGigabyteMonth * bytes.value / 1e9 * months
  }

  /// Reading `bytes` in so many requests; `leaves` when they leave the provider's network.
  public func reading(_ bytes: Bytes, requests: Double, leaves: Bool) -> Double {
    let perGigabyte = perGigabyteRetrieved + (leaves ? perGigabyteEgress : 0)
    return perGigabyte * bytes.value / 1e9 + perThousandReads * requests / 1000
  }

  /// Writing in so many requests.
  public func writing(requests: Double) -> Double { perThousandWrites * requests / 1000 }
}
