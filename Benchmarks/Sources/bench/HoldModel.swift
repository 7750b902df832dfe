import CQueue
import DryRack

/// The hold model: pop an event, push another an exponential gap later.
enum HoldModel {
  static func wheel(pending: Int, holds: Int) -> UInt64 {
    var events = PendingEvents()
    var stream = RandomStream(seed: 1, replication: 0, entity: "hold", purpose: "gaps")
    var sum: UInt64 = 0
    for index in 0..<pending { events.push(UInt64(index), at: Ticks(Int64(stream.exponential() * 1e9))) }
    for _ in 0..<holds {
      let event = events.pop()!
      sum &+= event.payload
      events.push(event.payload, at: event.time + Ticks(Int64(stream.exponential() * 1e9)))
    }
    return sum
  }

  static func measure() {
    var checksum: UInt64 = 0
    for (pending, holds, goal) in [(100, 4_000_000, 1.5), (10_000, 4_000_000, 2.2), (1_000_000, 3_000_000, 6.0)] {
      // What filling costs is measured alone and taken off.
      let fill = (
        median { checksum &+= wheel(pending: pending, holds: 0) },
        median { checksum &+= dryrack_hold_priority_queue(Int64(pending), 0) }
      )
      let ours = median { checksum &+= wheel(pending: pending, holds: holds) } - fill.0
      let bar = median { checksum &+= dryrack_hold_priority_queue(Int64(pending), Int64(holds)) } - fill.1
      let (mine, theirs) = (ours / Double(holds) * 1e9, bar / Double(holds) * 1e9)
      line(
        "hold, \(pending) pending: wheel / std::priority_queue",
        "\(rounded(mine)) / \(rounded(theirs)) ns, ratio \(rounded(theirs / mine)) (goal \(goal))")
    }
    precondition(checksum != 1, "keeps the loops")
  }
}
