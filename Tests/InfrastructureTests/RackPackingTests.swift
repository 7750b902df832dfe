import Infrastructure
import Kernel
import Quantities
import Testing

@Suite("How machines stand in racks")
struct RackPackingTests {
  /// Puts machines in one after the other, a new rack when the last one has no room.
  static func counted(_ load: RackLoad, machines: Int, in limits: RackLimits) -> Int? {
    var racks: [(power: Double, units: Int, weight: Double)] = []
    for _ in 0..<machines {
      func takes(_ rack: (power: Double, units: Int, weight: Double)) -> Bool {
        let power = rack.power + load.power.value <= limits.power.value
        let units = limits.units.map { rack.units + (load.units ?? 0) <= $0 } ?? true
        let weight = limits.weight.map { rack.weight + (load.weight?.value ?? 0) <= $0.value } ?? true
        return power && units && weight
      }
      if let last = racks.last, takes(last) {
        racks[racks.count - 1].power += load.power.value
        racks[racks.count - 1].units += load.units ?? 0
        racks[racks.count - 1].weight += load.weight?.value ?? 0
      } else {
        guard takes((0, 0, 0)) else { return nil }
        racks.append((load.power.value, load.units ?? 0, load.weight?.value ?? 0))
      }
    }
    return racks.count
  }

  @Test("it is what putting them in one by one gives, on 2,000 random rooms")
  func oracle() {
    var stream = RandomStream(seed: 6, replication: 0, entity: "racks", purpose: "test")
    func below(_ most: UInt32) -> Int { Int(stream.below(most)) }
    for _ in 0..<2000 {
      let limits = RackLimits(
        power: Watts(Double(1 + below(100)) * 500), units: below(4) == 0 ? nil : 1 + below(60),
        weight: below(3) == 0 ? nil : Kilograms(Double(1 + below(2000))))
      let load = RackLoad(
        power: Watts(Double(1 + below(60)) * 250), units: below(5) == 0 ? nil : 1 + below(12),
        weight: below(3) == 0 ? nil : Kilograms(Double(1 + below(300))))
      let machines = below(200)
      let packing = RackPacking(load, machines: machines, in: limits)
      if let expected = Self.counted(load, machines: machines, in: limits) {
        #expect(packing.racks == expected, "\(limits) \(load) × \(machines)")
        #expect(packing.fits || machines == 0)
      } else {
        #expect(!packing.fits)
      }
      #expect(packing.byCap.values.allSatisfy { packing.perRack <= $0 })
      #expect(packing.byCap[packing.binding] == packing.perRack)
    }
  }

  @Test("more of anything never takes fewer racks; a wider rack never takes more")
  func monotone() {
    let load = RackLoad(power: Watts(10_200), units: 8, weight: Kilograms(130.45))
    var last = 0
    for machines in 0...300 {
      let racks = RackPacking(load, machines: machines, in: RackLimits(power: Watts(41_000), units: 42)).racks
      #expect(racks >= last)
      last = racks
    }
    var most = Int.max
    for kilowatts in stride(from: 11.0, through: 200, by: 0.7) {
      let racks = RackPacking(load, machines: 64, in: RackLimits(power: Watts(kilowatts * 1000), units: 42))
        .racks
      #expect(racks <= most)
      most = racks
    }
    // Past five of them the height binds: no more kilowatts help.
    #expect(most == 13)
  }

  @Test("64 H100 in DGX systems: 8 racks of 15 kW; by power alone one of 100 kW, which takes nine (S04)")
  func eightSystems() {
    let load = RackLoad(power: Watts(10_200), units: 8, weight: Kilograms(130.45))
    let air = RackPacking(load, machines: 8, in: RackLimits(power: Watts(15_000), units: 42))
    #expect(air.racks == 8 && air.perRack == 1 && air.binding == .power)
    let bare = RackPacking(load, machines: 8, in: RackLimits(power: Watts(100_000)))
    #expect(bare.racks == 1 && bare.perRack == 9)
    // Nine of them are 72U: of a rack of 42U the height binds first.
    let liquid = RackPacking(load, machines: 8, in: RackLimits(power: Watts(100_000), units: 42))
    #expect(liquid.byCap[.power] == 9)
    #expect(liquid.racks == 2 && liquid.perRack == 5 && liquid.binding == .height)
  }

  @Test("what comes as a rack takes one each, and needs its power and its floor")
  func wholeRacks() {
    let load = RackLoad(power: Watts(132_000), weight: Kilograms(1360), isRack: true)
    let fits = RackPacking(
      load, machines: 7, in: RackLimits(power: Watts(300_000), units: 42, weight: Kilograms(9000)))
    #expect(fits.racks == 7 && fits.perRack == 1)
    #expect(!RackPacking(load, machines: 1, in: RackLimits(power: Watts(100_000))).fits)
    #expect(
      !RackPacking(load, machines: 1, in: RackLimits(power: Watts(140_000), weight: Kilograms(1000))).fits)
    #expect(fits.room(for: RackLoad(power: Watts(1))) == 0)
  }

  @Test("the room beside them is what is left of power, height and weight")
  func room() {
    let node = RackLoad(power: Watts(10_200), units: 8)
    let packing = RackPacking(node, machines: 9, in: RackLimits(power: Watts(42_000), units: 42))
    // Two racks of four with 1.2 kW and 10U left, one of one with 31.8 kW and 34U.
    #expect(packing.racks == 3)
    #expect(packing.room(for: RackLoad(power: Watts(600), units: 1)) == 2 + 2 + 34)
    #expect(packing.room(for: RackLoad(power: Watts(1300), units: 1)) == 24)
  }
}
