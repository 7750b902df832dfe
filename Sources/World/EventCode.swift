/// What an event of the World means, packed into the 64-bit payload of the pending set.
///
/// From the high bits: kind (5), service (12), index (24), version (23). A stale version marks a
/// cancelled event.
@frozen @usableFromInline struct EventCode {
  @usableFromInline enum Kind: UInt8 {
    /// The next open-loop request of a service's workload is sent.
    case arrival
    /// A closed-loop user sends a request.
    case userReady
    /// A request reaches the engine's scheduler.
    case delivery
    /// A replica's batch changes.
    case replicaChange
    /// A managed endpoint has answered.
    case endpointDone
    /// The time series are sampled.
    case sample
    /// A sending port of a disaggregated service has done its work and takes the next of its queue.
    case portFree
    /// The last KV entry of a prompt has reached its decode replica.
    case transferEnd
    /// A conversation goes on.
    case nextTurn
    /// A job is submitted.
    case jobArrival
    /// A job's checkpoint, restart or work ends.
    case jobChange
    /// Something that a job stands on breaks.
    case jobFailure
    /// A job is told that it will lose its spot nodes.
    case jobNotice
    /// A job's decision about spot nodes is no longer valid.
    case jobDecision
    /// A node of a pool is whole again.
    case nodeRepaired
    /// Spot capacity of a pool changes.
    case marketChange
    /// A service begins to read its weights (0), or is up (1).
    case serviceChange
    /// Something on a link or a store that others use has ended.
    case sharesChange
    /// A request reaches the gateway of a service on several members.
    case gateway
    /// An answer is back from a member at another site.
    case answerBack
    /// Something breaks in a pool that services stand on.
    case poolFailure
    /// A node of such a pool is whole again.
    case nodeMended
    /// A planned outage begins (even) or ends (odd).
    case outage
    /// A replica starts on another node, or has started.
    case replicaStart
    /// A router learns that a replica is gone.
    case detection
    /// An autoscaler looks at its service.
    case autoscale
    /// The horizon of jobs: those that still run let go of what they share.
    case jobsEnd
    /// An attempt to get a node for an elastic pool has ended.
    case nodeCome
    /// A router stops sending to a replica, or tries it again.
    case circuit
  }

  var kind: Kind
  var service: Int
  var index: Int
  var version: Int

  static let serviceLimit = 1 << 12
  static let indexLimit = 1 << 24
  private static let versionMask = (1 << 23) - 1

  init(_ kind: Kind, service: Int = 0, index: Int = 0, version: Int = 0) {
    self.kind = kind
    self.service = service
    self.index = index
    self.version = version & Self.versionMask
  }

  var payload: UInt64 {
    UInt64(kind.rawValue) << 59 | UInt64(service) << 47 | UInt64(index) << 23 | UInt64(version)
  }

  init(payload: UInt64) {
    kind = Kind(rawValue: UInt8(payload >> 59))!
    service = Int(payload >> 47 & 0xfff)
    index = Int(payload >> 23 & 0xff_ffff)
    version = Int(payload & 0x7f_ffff)
  }

  static func isCurrent(_ version: Int, of counter: Int) -> Bool { version == counter & versionMask }
}
