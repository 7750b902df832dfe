import Kernel

// Change-driven repair of max-min fair rates.
//
// The certificate of Bertsekas and Gallager tells which flows a change reaches: rates are max-min fair
// exactly when every flow has a bottleneck, a full link on which no flow is faster. Only the flows that a
// change robs of their bottleneck are solved again, and those that lose it by the new rates of these, until
// none does.
extension FlowNetwork {
  /// Brings rates up to date with the changes since they last were.
  ///
  /// - Complexity: O(1) without a change; else in proportion to the flows whose rates change and the links
  ///   these cross, where they are few; at most that of progressive filling over all flows, O(links of all
  ///   paths + links · log links).
  public mutating func settle() {
    if changedFlows.count == 0 && changedLinks.count == 0 { return }
    if solving == .afresh || !isWorthRepairing() {
      solveAfresh()
      solutions &+= 1
    } else if repair() {
      repairs &+= 1
      failuresInARow = 0
    } else {
      solveAfresh()
      abandonedRepairs &+= 1
      // Where repairs keep failing, most changes do without the attempt.
      failuresInARow = min(failuresInARow + 1, 6)
      changesToSkip = (1 << failuresInARow) - 1
    }
    changedFlows.count = 0
    changedLinks.count = 0
  }

  private mutating func isWorthRepairing() -> Bool {
    if solving == .repairOnly { return true }
    if changedFlows.count > 8 && changedFlows.count * 8 > flowCount { return false }
    if changesToSkip > 0 {
      changesToSkip -= 1
      return false
    }
    return true
  }

  private mutating func startEpoch() {
    epoch &+= 1
    if epoch == 0 {
      for flow in 0..<flowMark.count { flowMark[flow] = 0 }
      for link in 0..<linkMark.count { linkMark[link] = 0 }
      epoch = 1
    }
    freeSet.count = 0
    touchedLinks.count = 0
    work = 0
  }

  @inline(__always) private mutating func free(_ flow: UInt32) {
    if flowMark[flow] == epoch { return }
    flowMark[flow] = epoch
    freeSet.append(flow)
  }

  // MARK: Afresh

  private mutating func solveAfresh() {
    startEpoch()
    for flow in 0..<UInt32(truncatingIfNeeded: isAlive.count) where isAlive[flow] { free(flow) }
    for link in 0..<UInt32(truncatingIfNeeded: capacity.count) where members[link].count > 0 {
      touchedLinks.append(link)
      residual[link] = capacity[link]
      let list = members[link]
      var weight = 0.0
      for index in 0..<list.count { weight += list[index].weight }
      freeWeight[link] = weight
      freeCount[link] = UInt32(truncatingIfNeeded: list.count)
    }
    fill()
    verifyLoads()
    for link in 0..<bottleneckFlows.count { bottleneckFlows[link] = 0 }
    for index in 0..<freeSet.count {
      let flow = freeSet[index]
      bottleneck[flow] = newBottleneck[flow]
      let link = newBottleneck[flow]
      if link != Self.noLink {
        bottleneckFlows[link] &+= 1
        linkLevel[link] = newRate[flow]
      }
      if newRate[flow] != rate[flow] { takeRate(flow) }
    }
    for index in 0..<drains.nodes.count {
      drains.nodes.base[index].time = drainTime(of: drains.nodes[index].flow)
    }
    drains.restore(positions: heapPosition)
  }

  // MARK: Repair

  /// Work that a repair may take before it is given up, in members and entries looked at.
  ///
  /// A solution from scratch takes some ten times as long for each entry of all flows, most of it to order
  /// the links, so that a repair given up costs about a tenth of it; and failures that follow each other are
  /// tried ever less often (`settle`).
  private var affordableWork: Int { solving == .repairOnly ? .max : 64 + liveEntries }

  /// Repairs the rates; `false`, and nothing is changed, when the change reaches too many flows.
  private mutating func repair() -> Bool {
    startEpoch()
    for index in 0..<changedFlows.count where isAlive[changedFlows[index]] { free(changedFlows[index]) }
    for index in 0..<changedLinks.count { freeFlows(of: changedLinks[index]) }
    let limit = affordableWork
    var absorbed = 0
    while absorbed < freeSet.count {
      absorb(from: absorbed)
      absorbed = freeSet.count
      if work > limit { return false }
      fill()
      if work > limit { return false }
      for index in 0..<touchedLinks.count { freeViolators(on: touchedLinks[index]) }
    }
    commit()
    return true
  }

  /// A link has another capacity or one flow less: those that it held back are free; all of them when it
  /// cannot carry any more what it does.
  private mutating func freeFlows(of link: UInt32) {
    let list = members[link]
    var load = 0.0
    for index in 0..<list.count {
      let member = list[index]
      load += member.weight * rate[member.flow]
      if bottleneck[member.flow] == link { free(member.flow) }
    }
    work &+= list.count
    if load > capacity[link] * (1 + Self.tolerance) {
      for index in 0..<list.count { free(list[index].flow) }
    }
  }

  /// Takes the flows of `freeSet` from place `start` on out of what is fixed on their links.
  private mutating func absorb(from start: Int) {
    let known = touchedLinks.count
    for index in start..<freeSet.count {
      let flow = freeSet[index]
      let oldRate = rate[flow]
      let oldBottleneck = bottleneck[flow]
      let first = firstEntry[flow]
      work &+= Int(truncatingIfNeeded: entryCount[flow])
      for entry in first..<(first &+ entryCount[flow]) {
        let link = entries[entry].link
        if linkMark[link] != epoch {
          linkMark[link] = epoch
          // Its members are counted below, once.
          freeCount[link] = .max
          touchedLinks.append(link)
        } else if freeCount[link] != .max {
          residual[link] += entries[entry].weight * oldRate
          freeWeight[link] += entries[entry].weight
          freeCount[link] &+= 1
          if oldBottleneck == link { freedBottlenecks[link] &+= 1 }
        }
      }
    }
    for index in known..<touchedLinks.count { survey(touchedLinks[index]) }
  }

  /// What free flows have to share on a link, and what the others hold.
  private mutating func survey(_ link: UInt32) {
    let list = members[link]
    work &+= list.count
    var room = capacity[link]
    var weight = 0.0
    var count: UInt32 = 0
    var freed: UInt32 = 0
    for index in 0..<list.count {
      let member = list[index]
      if flowMark[member.flow] == epoch {
        weight += member.weight
        count &+= 1
        if bottleneck[member.flow] == link { freed &+= 1 }
      } else {
        room -= member.weight * rate[member.flow]
      }
    }
    residual[link] = room
    freeWeight[link] = weight
    freeCount[link] = count
    freedBottlenecks[link] = freed
  }

  /// Frees the flows whose certificate the new rates on a link break.
  private mutating func freeViolators(on link: UInt32) {
    if filledLevel[link] >= 0 { freeFaster(on: link, than: filledLevel[link]) }
    guard bottleneckFlows[link] > freedBottlenecks[link] else { return }
    let isFull = slack[link] <= capacity[link] * Self.tolerance
    let level = linkLevel[link]
    if isFull && fastest[link] <= level * (1 + Self.tolerance) { return }
    let list = members[link]
    work &+= list.count
    for index in 0..<list.count where bottleneck[list[index].flow] == link { free(list[index].flow) }
  }

  /// A link has filled at `level`: held flows that are faster must give way. Of these only those are freed
  /// that are faster than the level at which the link would fill with them, for the others may keep their
  /// rates.
  private mutating func freeFaster(on link: UInt32, than level: Double) {
    let list = members[link]
    work &+= list.count
    candidates.count = 0
    var room = 0.0
    var weight = 0.0
    let threshold = level * (1 + Self.tolerance)
    for index in 0..<list.count {
      let member = list[index]
      if flowMark[member.flow] != epoch {
        if rate[member.flow] <= threshold { continue }
        candidates.append(member)
        room += member.weight * rate[member.flow]
        weight += member.weight
      } else if newBottleneck[member.flow] == link {
        room += member.weight * level
        weight += member.weight
      }
    }
    if candidates.count == 0 { return }
    // What fills over its capacity with nothing free has less than no room.
    if slack[link] < 0 { room += slack[link] }
    var water = max(0, room) / weight
    var isSettled = false
    while !isSettled {
      isSettled = true
      var kept = 0
      for index in 0..<candidates.count {
        let member = candidates[index]
        if rate[member.flow] <= water {
          room -= member.weight * rate[member.flow]
          weight -= member.weight
          isSettled = false
        } else {
          candidates[kept] = member
          kept += 1
        }
      }
      // Rounding must not leave all of them out: the link would stay as it is for ever.
      if kept == 0 { break }
      candidates.count = kept
      water = max(0, room) / weight
    }
    for index in 0..<candidates.count { free(candidates[index].flow) }
  }

  /// No link whose load has changed carries more than it can, but for rounding.
  ///
  /// - Complexity: O(links touched).
  private func verifyLoads() {
    for index in 0..<touchedLinks.count {
      let link = touchedLinks[index]
      precondition(slack[link] >= -1e-6 * capacity[link] - 1e-3, "no link carries more than it can")
    }
  }

  private mutating func commit() {
    verifyLoads()
    for index in 0..<freeSet.count {
      let link = bottleneck[freeSet[index]]
      if link != Self.noLink { bottleneckFlows[link] &-= 1 }
    }
    for index in 0..<freeSet.count {
      let flow = freeSet[index]
      let link = newBottleneck[flow]
      bottleneck[flow] = link
      if link != Self.noLink {
        bottleneckFlows[link] &+= 1
        linkLevel[link] = newRate[flow]
      }
      if newRate[flow] == rate[flow] && drains.nodes[Int(heapPosition[flow])].time != Ticks.never.count {
        continue
      }
      takeRate(flow)
      drains.move(flow, to: drainTime(of: flow), positions: heapPosition)
    }
  }
}
