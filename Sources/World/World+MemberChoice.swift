import Kernel
import Scenario
import Workloads

/// Which member of a front gets a request.
extension World {
  /// Position of the member; `nil` when nobody can take the request.
  mutating func choose(_ service: Int, _ request: LiveRequest) -> Int? {
    let front = front(service)
    // Members that are coming up hold requests back: they are asked when nobody else can.
    return choose(front, service, request, isPatient: false)
      ?? choose(front, service, request, isPatient: true)
  }

  private func choose(
    _ front: FrontModel, _ service: Int, _ request: LiveRequest, isPatient: Bool
  ) -> Int? {
    let able = front.members.indices.filter { canTake(request, front.members[$0], isPatient: isPatient) }
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
        if wait > front.objective { continue }
        let price = front.members[position].price.of(
          promptTokens: request.promptTokens, outputTokens: front.meanOutputTokens)
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
  private func canTake(_ request: LiveRequest, _ member: FrontModel.Member, isPatient: Bool) -> Bool {
    let state = services[member.service]
    if state.pointee.isDown { return false }
    if let endpoint = state.pointee.endpoint {
      return endpoint.hasRoom(
        tokens: Int64(request.promptTokens) + Int64(request.outputTokens), at: now)
    }
    if state.pointee.isStarting && !isPatient { return false }
    return state.pointee.replicas.count > 0
      && state.pointee.replicas[0].pointee.canHold(
        promptTokens: request.promptTokens, outputTokens: request.outputTokens)
  }

  /// Whether some endpoint would take the request if its limits let it.
  func isThrottledEverywhere(_ service: Int, _ request: LiveRequest) -> Bool {
    front(service).members.contains { member in
      let state = services[member.service]
      return state.pointee.endpoint != nil && !state.pointee.isDown
    }
  }

  /// Requests of a member's queue for each of its replicas; an endpoint shows none.
  private func load(of member: FrontModel.Member, _ front: FrontModel) -> Double {
    let state = services[member.service]
    let count = state.pointee.replicas.count
    if count == 0 { return 0 }
    var sum = state.pointee.tally.inFlight
    for index in 0..<count {
      let replica = state.pointee.replicas[index]
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
    let count = state.pointee.replicas.count
    let coming = state.pointee.member.tokensComing / Int64(max(1, count))
    let tokens = Int32(min(Int64(request.promptTokens) + coming, Int64(Int32.max)))
    var soonest = Ticks.never
    for index in 0..<count {
      let wait = state.pointee.replicas[index].pointee.forecastFirstToken(
        promptTokens: tokens, priority: rank(of: request, member.service), at: now)
      soonest = min(soonest, wait)
    }
    return way.later(by: soonest)
  }
}

extension FrontModel.Price {
  func of(promptTokens: Int32, outputTokens: Double) -> Double {
    perRequest + perPromptToken * Double(promptTokens) + perOutputToken * outputTokens
  }
}
