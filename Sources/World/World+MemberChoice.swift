import Kernel
import Scenario
import Workloads

/// Which member of a front gets a request.
extension World {
  /// Position of the member; `nil` when nobody can take the request.
  mutating func choose(_ service: Int, _ request: LiveRequest) -> Int? {
    let front = front(service)
    for patience in Patience.allCases {
      if let position = choose(front, service, request, patience) { return position }
    }
    return nil
  }

  /// Who may be asked: members that are coming up hold requests back, and those that are out even longer.
  private enum Patience: Int, CaseIterable, Comparable {
    case none, starting, out
    static func < (left: Patience, right: Patience) -> Bool { left.rawValue < right.rawValue }
  }

  /// Calls cold standbys when another member is out, and lets them go when all are back.
  mutating func wakeStandbys(_ service: Int) {
    let front = front(service)
    guard front.members.contains(where: { $0.standby == .cold }) else { return }
    let isNeeded = isSomebodyOut(front)
    for (position, member) in front.members.enumerated() where member.standby == .cold {
      if !isNeeded {
        services[service].pointee.front!.ready[position] = nil
      } else if services[service].pointee.front!.ready[position] == nil {
        services[service].pointee.front!.ready[position] = now.later(by: front.standbyStart)
      }
    }
  }

  private func isSomebodyOut(_ front: FrontModel) -> Bool {
    front.members.contains { $0.standby == nil && isOut($0) && !isScaledDown($0) }
  }

  /// Whether the member has no replica because there was nothing to do for one.
  private func isScaledDown(_ member: FrontModel.Member) -> Bool {
    guard model.design.services[member.service].autoscale != nil,
      let life = services[member.service].pointee.life
    else { return false }
    return !life.replicas.contains { $0.phase == .down }
  }

  /// Whether the member's router knows of no replica that is up.
  func isOut(_ member: FrontModel.Member) -> Bool {
    let state = services[member.service]
    return state.pointee.life?.serving.isEmpty == true
  }

  private func choose(
    _ front: FrontModel, _ service: Int, _ request: LiveRequest, _ patience: Patience
  ) -> Int? {
    let able = front.members.indices.filter { canTake(request, $0, front, service, patience) }
    guard let first = able.first else { return nil }
    if able.count == 1 { return first }
    switch front.policy {
    case .order, .nearest:
      return able.first { load(of: front.members[$0], front) <= front.members[$0].spillAt }
        ?? least(able) { load(of: front.members[$0], front) }
    case .share:
      let drawn = draw(service, request, front)
      return able.contains(drawn) ? drawn : first
    case .forecast:
      var soonest = (position: first, wait: Ticks.never)
      for position in able {
        let wait = expectedFirstToken(of: request, at: position, front)
        if wait <= front.objective { return position }
        if wait < soonest.wait { soonest = (position, wait) }
      }
      return soonest.position
    case .cost:
      var soonest = (position: first, wait: Ticks.never)
      var cheapest: (position: Int, price: Double)?
      for position in able {
        let wait = expectedFirstToken(of: request, at: position, front)
        if wait < soonest.wait { soonest = (position, wait) }
        if wait > front.objective
          || load(of: front.members[position], front) > front.members[position].spillAt
        {
          continue
        }
        let member = front.members[position]
        let price = member.price.of(
          promptTokens: Double(request.promptTokens), outputTokens: front.meanOutputTokens,
          emptiness: emptiness(of: member, front, more: 1))
        if price < cheapest?.price ?? .infinity { cheapest = (position, price) }
      }
      return cheapest?.position ?? soonest.position
    }
  }

  private func least(_ positions: [Int], by measure: (Int) -> Double) -> Int {
    var best = (position: positions[0], value: measure(positions[0]))
    for position in positions.dropFirst() {
      let value = measure(position)
      if value < best.value { best = (position, value) }
    }
    return best.position
  }

  /// Whether the member is up, could ever hold the request and is allowed to be sent it now.
  private func canTake(
    _ request: LiveRequest, _ position: Int, _ front: FrontModel, _ service: Int, _ patience: Patience
  ) -> Bool {
    let member = front.members[position]
    let state = services[member.service]
    if isOut(member) && patience < .out { return false }
    if member.standby != nil {
      if !isSomebodyOut(front) { return false }
      let ready = services[service].pointee.front!.ready[position] ?? .zero
      if ready > now && patience < .starting { return false }
    }
    if let endpoint = state.pointee.endpoint {
      return endpoint.hasRoom(
        tokens: Int64(request.promptTokens) + Int64(request.outputTokens), at: now)
    }
    if state.pointee.isStarting && patience < .starting { return false }
    return state.pointee.replicas.count > 0
      && state.pointee.replicas[0].pointee.canHold(
        promptTokens: request.promptTokens, outputTokens: request.outputTokens)
  }

  /// Whether some endpoint would take the request if its limits let it.
  func isThrottledEverywhere(_ service: Int, _ request: LiveRequest) -> Bool {
    front(service).members.contains { member in
      let state = services[member.service]
      return state.pointee.endpoint != nil
    }
  }

  /// Requests of a member's queue for each of the replicas that its router knows to be up; an endpoint shows
  /// none.
  func load(of member: FrontModel.Member, _ front: FrontModel) -> Double {
    let state = services[member.service]
    let serving = state.pointee.life?.serving
    let count = serving?.count ?? state.pointee.replicas.count
    if count == 0 { return 0 }
    // Who waits for the next attempt stands in nobody's queue.
    var sum = state.pointee.tally.inFlight - (state.pointee.life?.resting ?? 0)
    for place in 0..<count {
      let replica = state.pointee.replicas[serving.map { Int($0[place]) } ?? place]
      sum += front.queue == .waiting ? replica.pointee.queued : replica.pointee.load
    }
    return Double(sum) / Double(count)
  }

  /// The member whose part of the line from 0 to 1 a draw falls into; the turns of a conversation draw alike.
  private func draw(_ service: Int, _ request: LiveRequest, _ front: FrontModel) -> Int {
    let state = services[service]
    let number =
      request.session < 0
      ? UInt64(request.serial) : 1 << 32 | state.pointee.source.conversation(of: request)
    var stream = state.pointee.front!.draws.branch(number)
    let point = stream.uniform()
    return front.members.indices.first { point < front.members[$0].shareEnd }
      ?? front.members.indices.last {
        front.members[$0].shareEnd > (($0 == 0) ? 0 : front.members[$0 - 1].shareEnd)
      }
      ?? 0
  }

  /// From sending to the first token, were the request sent to this member now: on the replica that would be
  /// soonest, with what is on its way to the member spread over all of them. `.never` past all reason.
  func expectedFirstToken(of request: LiveRequest, at position: Int, _ front: FrontModel) -> Ticks {
    let member = front.members[position]
    let state = services[member.service]
    var way = now - request.sent + front.down
    if let line = member.line {
      if let port = line.portThere {
        let bytes = Double(request.promptTokens) * front.bytesPerToken
        way = way.later(by: lines.end(of: bytes, over: port, at: now) - now)
      }
      way = way.later(by: line.there).later(by: line.back)
    }
    if let endpoint = state.pointee.endpoint {
      return way.later(by: endpoint.ttft(promptTokens: request.promptTokens))
    }
    let serving = state.pointee.life?.serving
    let count = serving?.count ?? state.pointee.replicas.count
    let coming = state.pointee.member.tokensComing / Int64(max(1, count))
    let tokens = Int32(min(Int64(request.promptTokens) + coming, Int64(Int32.max)))
    var soonest = Ticks.never
    for place in 0..<count {
      let wait = state.pointee.replicas[serving.map { Int($0[place]) } ?? place].pointee.forecastFirstToken(
        promptTokens: tokens, priority: rank(of: request, member.service), at: now)
      soonest = min(soonest, wait)
    }
    return way.later(by: soonest)
  }
}
