import Quantities

/// A processor that models run on.
public struct Accelerator: Sendable, Hashable {
  /// What sort of processor it is.
  public enum Family: String, Sendable, Hashable, CaseIterable {
    case gpu, tpu, asic, cpu
  }

  /// Catalogue name, such as `h100-sxm`.
  public var name: String
  public var vendor: String
  public var kind: Family
  /// Dense peak rates on the datasheet, by compute name (see `Precision.computeName`).
  var peaks: [PeakRate]
  /// Memory on the datasheet.
  public var memory: Bytes
  /// All memory that the driver reports to a program; a little less than `memory`. An engine's
  /// share and so its KV block count start from this number.
  public var driverMemory: Bytes
  /// Peak rate of reading the device's own memory.
  public var memoryBandwidth: BytesPerSecond
  /// To all its peers of the scale-up domain together, one direction.
  public var scaleUpBandwidth: BytesPerSecond
  /// How many accelerators the scale-up links join at most; 1 when there are none.
  public var scaleUpDomain: Int
  /// To the host, one direction.
  public var pcieBandwidth: BytesPerSecond
  /// Thermal design power.
  public var power: Watts
  /// Draw with nothing running.
  public var idlePower: Watts
  /// Price of one, bought; `nil` where nobody states any.
  public var price: Money?
  /// The profile that it is an instance of; `nil` for a whole one.
  public var partition: String?

  struct PeakRate: Sendable, Hashable {
    var computeName: String
    var rate: FlopsPerSecond
  }

  /// Dense peak rate for a precision's arithmetic without sparsity; `nil` when the processor has no
  /// unit for it, as an A100 has none for fp8.
  public func denseFlops(for precision: Precision) -> FlopsPerSecond? {
    peaks.first { $0.computeName == precision.computeName }?.rate
  }

  /// Whether it has units for a format, by the name that `Precision.computeName` gives it.
  public func multiplies(in computeName: String) -> Bool { peaks.contains { $0.computeName == computeName } }

  /// The rate at which products in a precision can run at best: its own unit's, else the bf16 unit's
  /// after widening, which is what engines do where a narrow format has no unit.
  public func peakFlops(for precision: Precision) -> FlopsPerSecond {
    denseFlops(for: precision) ?? bf16Peak
  }

  /// Dense bf16 peak; every accelerator of the catalogue has one.
  public var bf16Peak: FlopsPerSecond {
    peaks.first { $0.computeName == "bf16" }?.rate ?? peaks.first?.rate ?? .zero
  }
}

extension Catalog {
  /// The accelerator of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func accelerator(_ name: String) -> Accelerator? {
    guard let entry = table(.accelerators).entry(name),
      let kind = entry.text("kind").flatMap(Accelerator.Family.init(rawValue:)),
      let memory = entry.number("memory"), let bandwidth = entry.number("memory-bandwidth")
    else { return nil }
    let peaks = ["fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4"].compactMap { computeName in
      entry.number("\(computeName)-peak").map {
        Accelerator.PeakRate(computeName: computeName, rate: FlopsPerSecond($0))
      }
    }
    let pcie = BytesPerSecond(entry.number("pcie-bandwidth") ?? 0)
    return Accelerator(
      name: name, vendor: entry.text("vendor") ?? "", kind: kind, peaks: peaks,
      memory: Bytes(memory),
      driverMemory: Bytes(entry.number("memory-driver") ?? memory),
      memoryBandwidth: BytesPerSecond(bandwidth),
      scaleUpBandwidth: entry.number("scale-up-bandwidth").map { BytesPerSecond($0) } ?? pcie,
      scaleUpDomain: entry.integer("scale-up-domain") ?? 1, pcieBandwidth: pcie,
      power: Watts(entry.number("power") ?? 0), idlePower: Watts(entry.number("idle-power") ?? 0),
      price: entry.number("price").map { Money($0) })
  }
}
