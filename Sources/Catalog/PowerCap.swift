import Quantities

/// A limit on what each accelerator draws, and how fast it runs under it.
///
/// Dynamic power goes as f V² and the voltage as the clock f, down to the lowest voltage; below that, power
/// goes as f. So with P the draw without a cap, P₀ that of an idle chip and x = (cap − P₀) / (P − P₀), the
/// clock is x^⅓ of its highest, and x / v² below the floor v. Steps that wait for memory draw less
/// than the thermal design power, and their rate is that of the memory: a cap slows them only below what they
/// draw (Ma et al., arXiv 2605.11999). The shares are data: `catalog hosts power-cap`.
public struct PowerCap: Sendable, Hashable {
  /// Of each accelerator, at most its `rated` draw.
  public var limit: Watts
  /// Draw of compute-bound work without a cap: the thermal design power.
  public var rated: Watts
  /// Draw of work that waits for memory, links or the host, without a cap.
  public var memoryBound: Watts
  public var idle: Watts
  /// Share of the highest clock at which the voltage stops falling, 0...1.
  public var voltageFloor: Double
  /// What drivers take as a limit at least.
  public var least: Watts

  /// Rate of compute-bound work over that without a cap, 0...1.
  public var computeSpeed: Double { speed(drawing: rated) }
  /// The same of memory-bound work.
  public var memorySpeed: Double { speed(drawing: memoryBound) }

  /// What a busy accelerator draws less than without the cap. It counts with its thermal design power there,
  /// whatever it computes, and with the limit here: nothing that is capped draws more.
  public var saving: Watts { rated - limit }

  private func speed(drawing draw: Watts) -> Double {
    if limit >= draw { return 1 }
    let left = (limit - idle) / (draw - idle)
    let floor = voltageFloor * voltageFloor * voltageFloor
    if left >= floor { return Self.cubeRoot(left) }
    return max(0, left) / (voltageFloor * voltageFloor)
  }

  /// Of a number in 0...1, by Newton's method from above: the same bits on every machine.
  private static func cubeRoot(_ value: Double) -> Double {
    if value <= 0 { return 0 }
    var root = 1.0
    while true {
      let next = (2 * root + value / (root * root)) / 3
      if next >= root { return root }
      root = next
    }
  }
}

extension Catalog {
  /// The cap of an accelerator at a limit; `nil` where nobody states what it draws.
  ///
  /// A limit above the thermal design power counts as that.
  /// - Complexity: constant, after the first use parsed the file.
  public func powerCap(of accelerator: Accelerator, at limit: Watts) -> PowerCap? {
    guard accelerator.power > accelerator.idlePower, let law = table(.hosts).entry("power-cap"),
      let memoryBound = law.number("memory-bound-share"), let floor = law.number("voltage-floor"),
      let least = law.number("least-share")
    else { return nil }
    let rated = accelerator.power
    // Something must be left to compute with, whatever an overlay says.
    let floorPower = accelerator.idlePower + (rated - accelerator.idlePower) * 0.05
    return PowerCap(
      limit: min(limit, rated), rated: rated,
      memoryBound: max(min(rated, rated * memoryBound), accelerator.idlePower), idle: accelerator.idlePower,
      voltageFloor: min(1, max(0.01, floor)), least: max(rated * least, floorPower))
  }
}

extension Accelerator {
  /// What it sustains under a cap: all rates of arithmetic and of its memory, each slowed as its own work is.
  public func sustained(under cap: PowerCap) -> Accelerator {
    var slowed = self
    for index in slowed.peaks.indices {
      slowed.peaks[index].rate = peaks[index].rate * cap.computeSpeed
    }
    slowed.memoryBandwidth = memoryBandwidth * cap.memorySpeed
    return slowed
  }
}
