import Economics
import Testing

@Suite("Parts of a network")
struct FabricPartsTests {
  @Test("a tree comes to its end at any size and any number of ports", arguments: [2, 3, 4, 5, 32, 64, 144])
  func ends(ports: Int) {
    var last = FabricParts()
    for interfaces in [1, 2, 63, 64, 65, 512, 4096, 65_536, 80_000, 800_000, 8_000_000] {
      let parts = FabricParts.tree(interfaces: interfaces, ports: ports, oversubscription: 1)
      #expect(parts.hostCables == interfaces && parts.switches >= last.switches)
      last = parts
    }
  }

  @Test("a fourth tier needs seven halves of what its ends would fill")
  func fourTiers() {
    // 800,000 ends on 64 ports: 25,000 leaves, as many in each of two tiers above, half as many on top.
    let parts = FabricParts.tree(interfaces: 800_000, ports: 64, oversubscription: 1)
    #expect(parts.switches == 25_000 * 3 + 12_500)
    #expect(parts.switchCables == 800_000 * 3)
    // Three tiers as before: 4,096 ends.
    let three = FabricParts.tree(interfaces: 4096, ports: 64, oversubscription: 1)
    #expect(three.switches == 128 + 128 + 64)
  }
}
