import Kernel
import Oracles
import Testing

@Suite struct PendingEventsTests {
  /// The wheel against a sorted array, on ties, short gaps and gaps of decades.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func popsWhatASortedArrayPops(seed: UInt64) {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "wheel")
    var wheel = PendingEvents()
    var sorted = SortedPendingEvents()
    for step in 0..<20_000 {
      if stream.below(100) < 52 || sorted.count == 0 {
        let width = [1, 3, 40, 5_000, 1 << 20, 1 << 40, 1 << 58][Int(stream.below(7))]
        let time = Ticks(wheel.now.count + Int64(stream.next() % UInt64(width)))
        wheel.push(UInt64(step), at: time)
        sorted.push(UInt64(step), at: time)
      } else {
        #expect(wheel.nextTime == sorted.nextTime)
        #expect(wheel.pop() == sorted.pop())
      }
      #expect(wheel.count == sorted.count)
    }
    while let event = sorted.pop() { #expect(wheel.pop() == event) }
    #expect(wheel.pop() == nil && wheel.isEmpty)
  }

  @Test func eventsOfEqualTimeComeOutInTheOrderTheyWentIn() {
    var wheel = PendingEvents()
    for index in 0..<10_000 { wheel.push(UInt64(index), at: Ticks(Int64(index % 3) * 1_000_000)) }
    var last: [Int64: UInt64] = [:]
    while let event = wheel.pop() {
      if let before = last[event.time.count] { #expect(before < event.payload) }
      last[event.time.count] = event.payload
    }
  }

  @Test func streamsOfOtherNamesShareNothing() {
    var first = RandomStream(seed: 1, replication: 0, entity: "a", purpose: "x")
    var same = RandomStream(seed: 1, replication: 0, entity: "a", purpose: "x")
    var others = [
      RandomStream(seed: 2, replication: 0, entity: "a", purpose: "x"),
      RandomStream(seed: 1, replication: 1, entity: "a", purpose: "x"),
      RandomStream(seed: 1, replication: 0, entity: "b", purpose: "x"),
      RandomStream(seed: 1, replication: 0, entity: "a", purpose: "y"),
    ]
    let word = first.next()
    #expect(same.next() == word)
    for index in others.indices { #expect(others[index].next() != word) }
  }
}
