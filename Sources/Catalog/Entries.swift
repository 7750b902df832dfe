import Quantities

/// A numeric format: how wide its numbers are, and which unit of the accelerator multiplies them.
public struct Precision: Sendable, Hashable {
  public var name: String
  /// Bytes a weight takes, block scales included.
  public var bytesPerWeight: Double
  public var bytesPerActivation: Double
  /// `bf16`, `fp16`, `fp8`, `int8` or `fp4`: the arithmetic behind it.
  public var computeName: String
  public var isWeightOnly: Bool { name.hasSuffix("weight-only") || name == "mxfp4" }
}

/// A processor that models run on.
public struct Accelerator: Sendable, Hashable {
  public var name: String
  public var vendor: String
  /// `gpu`, `tpu`, `asic` or `cpu`.
  public var kind: String
  /// Dense peak rates by compute name.
  var peakFlops: [PeakRate]
  /// Best measured dense bf16 rate, where known.
  public var measuredFlops: FlopsPerSecond?
  /// Memory on the datasheet.
  public var memory: Bytes
  /// Memory that the driver reports as usable in all; a little less.
  public var driverMemory: Bytes
  public var memoryBandwidth: BytesPerSecond
  /// To its peers inside the scale-up domain, one direction.
  public var scaleUpBandwidth: BytesPerSecond
  public var scaleUpDomain: Int
  /// Thermal design power.
  public var power: Watts
  public var idlePower: Watts
  public var price: Money?

  struct PeakRate: Sendable, Hashable {
    var name: String
    var rate: FlopsPerSecond
  }

  /// Dense peak for a precision; the bf16 rate where the chip has no such unit.
  public func peakFlops(for precision: Precision) -> FlopsPerSecond {
    let named = peakFlops.first { $0.name == precision.computeName } ?? peakFlops.first { $0.name == "bf16" }
    return named?.rate ?? FlopsPerSecond(1e12)
  }
}

/// A server.
public struct Node: Sendable, Hashable {
  public var name: String
  public var accelerator: String
  public var accelerators: Int
  /// Draw at full load, and with every accelerator idle.
  public var power: Watts
  public var idlePower: Watts
  /// Who rents it out; `nil` for hardware that is bought.
  public var provider: String?
  public var price: Money?
  /// All network interfaces together, one direction.
  public var networkBandwidth: BytesPerSecond

  public init(
    name: String, accelerator: String, accelerators: Int, power: Watts, idlePower: Watts, provider: String?,
    price: Money?, networkBandwidth: BytesPerSecond
  ) {
    self.name = name
    self.accelerator = accelerator
    self.accelerators = accelerators
    self.power = power
    self.idlePower = idlePower
    self.provider = provider
    self.price = price
    self.networkBandwidth = networkBandwidth
  }
}

/// A network between nodes.
public struct Fabric: Sendable, Hashable {
  public var name: String
  public var linkBandwidth: BytesPerSecond
}

/// A serving engine with its defaults and host overheads.
public struct EnginePreset: Sendable, Hashable {
  public var name: String
  /// Tokens in a KV block.
  public var blockSize: Int
  /// Share of device memory the engine takes.
  public var memoryUtilization: Double
  public var maximumSequences: Int
  public var maximumBatchedTokens: Int
  public var stepOverhead: Seconds
  public var layerOverhead: Seconds
  public var sequenceOverhead: Seconds
  /// From receipt of a request to the scheduler's queue.
  public var frontEnd: Seconds
  public var graphMemory: Bytes
  public var runtimeMemory: Bytes
  public var communicationMemory: Bytes
}

/// A model served by somebody else, paid by the token.
public struct EndpointPreset: Sendable, Hashable {
  public var name: String
  public var provider: String
  public var inputPricePerMillion: Money
  public var outputPricePerMillion: Money
  public var requestsPerMinute: Double?
  public var tokensPerMinute: Double?
  public var ttftBaseSeconds: Double
  public var secondsPerInputToken: Double
  public var outputTokensPerSecond: Double
  public var source: String
  public var date: String
}

/// The terms on which a node is rented.
public enum PriceTerm: String, Sendable, Hashable, CaseIterable {
  case onDemand = "on-demand"
  case reservedOneYear = "reserved-1y"
  case reservedThreeYears = "reserved-3y"
  case spot
  /// A price the scenario names itself.
  case custom
}

/// A price with its origin.
public struct PricedRate: Sendable, Hashable {
  public var perNodeHour: Money
  public var source: String
  public var date: String
}
