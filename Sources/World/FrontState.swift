import Kernel
import Scenario
import Workloads

/// A gateway while it runs.
struct FrontState {
  /// Requests on their way to it.
  var atGateway = 0
  /// Whether no further request can come to it.
  var isClosing = false
  /// Family of streams, one a request or a conversation: shares that move let the others stay.
  let draws: RandomStream
  /// By member: when a cold standby that was called takes requests; `nil` for others, and while it is not
  /// needed.
  var ready: [Ticks?]
}

/// What one member of a front did.
public struct MemberTally: Sendable {
  /// Requests that it was given.
  public var requests = 0
  /// Of those, sent after the warm-up, and their prompt tokens.
  public var measuredRequests = 0
  public var promptTokensGiven: Int64 = 0
  /// Of those, answered; as an endpoint bills them.
  public var answered = 0
  public var good = 0
  public var promptTokens: Int64 = 0
  public var outputTokens: Int64 = 0
  /// Prefill and decode of the answered ones.
  var workingTicks: Int128 = 0
  public var workingSeconds: Double { Double(workingTicks) / 16e9 }
  /// Requests of a workload that must not be here: always 0.
  public var violations = 0
  /// Lost here and handed to another member.
  public var passedOn = 0
  /// Inside an endpoint, or answers on a line.
  var underWay = 0
  /// On a line to it or in front of its replicas: prompt tokens that no replica knows of yet.
  var tokensComing: Int64 = 0

  public init() {}
}

/// A request's way through a front, kept until it is answered.
struct Trip {
  /// Position among the front's members.
  var member: Int32 = 0
  /// From the client to the member, the gateway's own pause left out.
  var wayThere = Ticks.zero
  /// Both ways, of prompts on lines the wait for others too.
  var network = Ticks.zero
  /// Of an answer on its way back.
  var times: RequestTimes?
  var preemptions: Int32 = 0
  var cachedTokens: Int32 = 0
  var adapterWait = Ticks.zero
}

/// Lines between sites, one direction each: first come, first served, whole prompts and answers.
struct LinePorts {
  private let bytesPerSecond: [Double]
  private var free: [Ticks]

  init(_ links: [SiteLink]) {
    bytesPerSecond = links.map(\.bandwidth.value)
    free = links.map { _ in .zero }
  }

  /// When the last byte of something that is sent now has left.
  mutating func send(_ bytes: Double, over port: Int, at now: Ticks) -> Ticks {
    free[port] = max(now, free[port]).later(by: Ticks(seconds: min(bytes / bytesPerSecond[port], 4e8)))
    return free[port]
  }

  /// The same for something that is not sent.
  func end(of bytes: Double, over port: Int, at now: Ticks) -> Ticks {
    max(now, free[port]).later(by: Ticks(seconds: min(bytes / bytesPerSecond[port], 4e8)))
  }
}

extension LifeOutcome {
  /// Of no replicas, for a sum over members.
  public init(span: Double) {
    self.init(upSeconds: 0, heldSeconds: 0, span: span, falls: 0, mostUp: 0)
  }
}
