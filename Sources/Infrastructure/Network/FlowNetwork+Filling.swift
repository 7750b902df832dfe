// Progressive filling of the free flows over the links they touch, all other flows held at their rates.
extension FlowNetwork {
  /// Marks a level of the heap as a flow's own cap rather than a link's.
  private static var capFlag: UInt32 { 0x8000_0000 }

  /// Gives every flow of `freeSet` its new rate and bottleneck. `residual`, `freeWeight` and `freeCount` of
  /// `touchedLinks` say what the free flows share there.
  ///
  /// The link with the lowest level, room over open weight, fills first; its flows are done at that level and
  /// take their share from the other links, whose levels can only rise by it. So a level in the heap is a
  /// lower bound that is looked at again when it comes to the top.
  ///
  /// - Complexity: O(entries of the free flows + members of the links that fill + links · log links).
  mutating func fill() {
    levels.nodes.count = 0
    openFlows = freeSet.count
    for index in 0..<touchedLinks.count {
      let link = touchedLinks[index]
      slack[link] = residual[link]
      openWeight[link] = freeWeight[link]
      openCount[link] = freeCount[link]
      fastest[link] = -1
      filledLevel[link] = -1
      if freeCount[link] > 0 {
        levels.nodes.append(.init(level: max(0, residual[link]) / freeWeight[link], id: link))
      }
    }
    for index in 0..<freeSet.count {
      let flow = freeSet[index]
      newRate[flow] = -1
      if rateCap[flow] < .infinity {
        levels.nodes.append(.init(level: rateCap[flow], id: flow | Self.capFlag))
      } else if entryCount[flow] == 0 {
        newRate[flow] = .infinity
        newBottleneck[flow] = Self.noLink
        openFlows &-= 1
      }
    }
    levels.heapify()
    // Links that nobody waits for any more need not be looked at.
    while openFlows > 0 { fillLowest() }
  }

  @inline(__always) private mutating func fillLowest() {
    let top = levels.top
    if top.id & Self.capFlag != 0 {
      let flow = top.id & ~Self.capFlag
      levels.popTop()
      if newRate[flow] < 0 { fix(flow, at: top.level, by: Self.noLink) }
      return
    }
    let link = top.id
    if openCount[link] == 0 {
      levels.popTop()
      return
    }
    let level = max(0, slack[link]) / openWeight[link]
    if level > top.level {
      levels.replaceTop(level: level)
      return
    }
    levels.popTop()
    filledLevel[link] = level
    let list = members[Int(link)]
    work &+= list.count
    for index in 0..<list.count {
      let flow = list[index].flow
      if flowMark[flow] == epoch, newRate[flow] < 0 { fix(flow, at: level, by: link) }
    }
  }

  @inline(__always) private mutating func fix(_ flow: UInt32, at level: Double, by link: UInt32) {
    newRate[flow] = level
    newBottleneck[flow] = link
    openFlows &-= 1
    let first = firstEntry[flow]
    let count = entryCount[flow]
    work &+= Int(truncatingIfNeeded: count)
    for entry in first..<(first &+ count) {
      let crossed = entries[entry].link
      let weight = entries[entry].weight
      slack[crossed] -= weight * level
      openWeight[crossed] -= weight
      openCount[crossed] &-= 1
      fastest[crossed] = level
    }
  }
}
