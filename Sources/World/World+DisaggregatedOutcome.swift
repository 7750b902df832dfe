import Kernel
import Workloads

extension World {
  /// What only a disaggregated service tells, after a check that nothing got lost in between.
  func disaggregatedOutcome(ofService index: Int) -> DisaggregatedOutcome? {
    let state = services[index]
    guard let roles = state.pointee.disaggregation?.pointee else { return nil }
    let count = state.pointee.replicas.count
    let inside = (0..<count).reduce(0) { $0 + state.pointee.replicas[$1].pointee.load }
    let sent = roles.links.bytesSent - roles.links.bytesLost
    precondition(roles.bytesReceived <= sent, "no byte arrives that was not sent")
    // Whom a replica took along, and who finds none, may hold blocks of a computed prompt.
    let isAnybodyLost =
      state.pointee.tally.inFlight > 0 || state.pointee.life?.waitingForDecode.isEmpty == false
    if inside == 0 && !isAnybodyLost {
      precondition(
        (0..<count).allSatisfy { state.pointee.replicas[$0].pointee.heldBlocks == 0 },
        "a prompt's blocks are released when it has moved")
      precondition(
        roles.links.bytesAsked == roles.links.bytesSent + roles.links.bytesWithdrawn
          && sent == roles.bytesReceived,
        "every KV byte asked for is sent and received, or not wanted any more")
      func computed(_ range: Range<Int>) -> Int64 {
        range.reduce(0) { $0 + state.pointee.replicas[$1].pointee.totals.computedTokens }
      }
      let prompts = computed(0..<roles.prefillCount)
      let hasFallen = state.pointee.life.map { $0.falls > 0 } ?? false
      precondition(
        hasFallen ? prompts >= roles.promptTokens : prompts == roles.promptTokens,
        "every prompt token is computed once or was cached, unless its replica falls")
      let answered = computed(roles.prefillCount..<count)
      precondition(
        state.pointee.tally.preemptions > 0 || hasFallen
          ? answered >= roles.decodedTokens : answered == roles.decodedTokens,
        "a token comes from one step, unless its sequence is preempted or lost")
    }
    return DisaggregatedOutcome(
      prefillReplicas: roles.prefillCount,
      blocksPerPrefillReplica: state.pointee.replicas[0].pointee.blockCount,
      blocksPerDecodeReplica: state.pointee.replicas[roles.prefillCount].pointee.blockCount,
      prefillSamples: sampler.roleSamples[index][0], decodeSamples: sampler.roleSamples[index][1],
      betweenRoles: state.pointee.betweenRoles)
  }
}
