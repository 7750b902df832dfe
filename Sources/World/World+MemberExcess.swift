import Kernel
import Scenario
import Workloads

/// Members whose nodes come and go: what they would be handed, and what one more request costs there.
extension World {
  /// Requests that a member without replicas would be handed were it up: in the queues of members that are
  /// asked before it, what goes beyond what lets the next one be asked; all of those that are asked after it;
  /// and all where nobody is up. None while a member before it can still grow: that one goes first. Where
  /// costs decide, those inside endpoints as well, if nodes for all of them are cheaper than the cheapest of
  /// these.
  func excess(before service: Int) -> Double {
    let front = front(services[service].pointee.frontIndex)
    var (sum, isBefore) = (0.0, true)
    for member in front.members {
      if member.service == service {
        isBefore = false
        continue
      }
      let state = services[member.service]
      if member.standby != nil || state.pointee.endpoint != nil { continue }
      let count = state.pointee.life?.serving.count ?? state.pointee.replicas.count
      if isBefore, let other = model.design.services[member.service].autoscale,
        let life = state.pointee.life, life.intended(0) < other.maximum
      {
        return 0
      }
      let queue =
        count == 0 ? Double(state.pointee.tally.inFlight) : load(of: member, front) * Double(count)
      sum += max(0, (queue - (isBefore ? member.spillAt * Double(count) : 0)).rounded())
    }
    return front.policy == .cost ? worthNodes(sum, of: service, front) : sum
  }

  /// So many requests and those inside endpoints that have room, where a member's nodes are the cheaper place
  /// for them; none where they are not.
  private func worthNodes(_ excess: Double, of service: Int, _ front: FrontModel) -> Double {
    guard let member = front.members.first(where: { $0.service == service }) else { return excess }
    func price(_ member: FrontModel.Member, _ emptiness: Double) -> Double {
      member.price.of(
        promptTokens: front.meanPromptTokens, outputTokens: front.meanOutputTokens, emptiness: emptiness)
    }
    let size = Int64((front.meanPromptTokens + front.meanOutputTokens).rounded(.up))
    let open = front.members.filter { other in
      other.standby == nil && services[other.service].pointee.endpoint?.hasRoom(tokens: size, at: now) == true
    }
    guard let cheapest = open.map({ price($0, 0) }).min() else { return excess }
    let all = excess + Double(open.reduce(0) { $0 + services[$1.service].pointee.member.underWay })
    if all <= 0 { return 0 }
    return price(member, member.emptiness(inHand: all)) <= cheapest ? all : 0
  }

  /// How empty the nodes of a member would stand with all requests that could be theirs: its own, those
  /// inside endpoints, and so many more. 0 where they are held anyway.
  func emptiness(of member: FrontModel.Member, _ front: FrontModel, more: Int) -> Double {
    if member.carriedAnyway == .infinity { return 0 }
    let state = services[member.service]
    var inHand = state.pointee.tally.inFlight + more
    for index in 0..<state.pointee.replicas.count { inHand += state.pointee.replicas[index].pointee.load }
    for other in front.members where services[other.service].pointee.endpoint != nil {
      inHand += services[other.service].pointee.member.underWay
    }
    return member.emptiness(inHand: Double(inHand))
  }
}
