import Infrastructure
import Kernel
import Oracles
import Quantities
import Testing

@Suite("Transfers share a store fairly")
struct SharedStoreTests {
  @Test("classes give the finish times of filling transfer by transfer", arguments: 0..<60)
  func oracle(seed: Int) throws {
    var stream = RandomStream(seed: 21, replication: seed, entity: "store", purpose: "transfers")
    let caps = [2e9, 5e9, Double.infinity, 0.3e9]
    let total = 1e9 * (1 + 40 * stream.uniform())
    var store = SharedStore(total: BytesPerSecond(total), clientRates: caps.map { BytesPerSecond($0) })
    var oracle = FairTransfers(total: total)
    var found: [UInt32: Double] = [:]
    var expected: [UInt32: Double] = [:]
    var time = 0.0
    for name in UInt32(0)..<200 {
      time += stream.exponential() * 0.4
      for done in oracle.advance(to: time) { expected[done.name] = done.time }
      let now = Ticks(seconds: time)
      while let done = store.takeFinished(by: now) { found[done.transfer] = done.time.seconds }
      let bytes = 1e9 * stream.exponential()
      let index = Int(stream.below(4))
      store.start(name, class: index, bytes: Bytes(bytes), at: now)
      oracle.start(name, bytes: bytes, cap: caps[index])
    }
    for done in oracle.advance(to: 1e6) { expected[done.name] = done.time }
    while let done = store.takeFinished(by: .never) { found[done.transfer] = done.time.seconds }
    #expect(found.count == 200 && store.count == 0 && store.nextFinish == .never)
    for (name, time) in expected {
      #expect(abs(try #require(found[name]) - time) < 1e-6)
    }
  }

  @Test("asking in between changes nothing, and no more is served than the store gives")
  func cuts() {
    func run(_ step: Ticks?) -> [Ticks] {
      var store = SharedStore(
        total: BytesPerSecond(10e9), clientRates: [BytesPerSecond(3e9), BytesPerSecond(7e9)])
      var ends: [Ticks] = []
      for index in 0..<50 {
        store.start(UInt32(index), class: index % 2, bytes: Bytes(1e9 * Double(1 + index % 7)), at: .zero)
      }
      var now = Ticks.zero
      while store.count > 0 {
        now = step.map { now + $0 } ?? store.nextFinish
        while let done = store.takeFinished(by: now) { ends.append(done.time) }
        let rate = (0..<2).reduce(0) { $0 + Double(store.count(ofClass: $1)) * store.rate(ofClass: $1).value }
        #expect(rate <= 10e9 * (1 + 1e-12))
      }
      return ends
    }
    let whole = run(nil)
    #expect(whole == run(Ticks(seconds: 0.013)))
    let bytes = (0..<50).reduce(0) { $0 + 1e9 * Double(1 + $1 % 7) }
    #expect(abs((whole.last?.seconds ?? 0) - bytes / 10e9) < 1e-6, "it is never idle while work is left")
  }

  @Test("a storm of restores slows the loading of data, and what is broken off comes back in bytes")
  func storm() throws {
    let rates = [BytesPerSecond(2e9), BytesPerSecond(10e9)]
    var store = SharedStore(total: BytesPerSecond(20e9), clientRates: rates)
    for name in UInt32(0)..<4 { store.start(name, class: 0, bytes: Bytes(10e9), at: .zero) }
    #expect(store.rate(ofClass: 0) == BytesPerSecond(2e9))
    let second = Ticks(seconds: 1)
    for name in UInt32(10)..<42 { store.start(name, class: 1, bytes: Bytes(10e9), at: second) }
    #expect(store.rate(ofClass: 0).value < 0.6e9)
    let left = store.cancel(2, class: 0, at: second)
    #expect(abs(try #require(left).value - 8e9) < 1)
    #expect(store.cancel(2, class: 0, at: second) == nil)
    #expect(store.count(ofClass: 0) == 3)
  }
}
