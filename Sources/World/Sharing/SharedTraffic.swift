import Infrastructure
import Kernel
import Quantities
import Workloads

/// What is under way on shared links and stores: weights that are read to their end, the ports over which KV
/// entries move one after the other (`TransferLinks` keeps their order), and what jobs do all the time.
///
/// Rates are max-min fair (`FlowNetwork`). A job's bursts count on a link for the share of time in which they
/// are there; see `JobTraffic`.
struct SharedTraffic: ~Copyable {
  /// What a flow that ends was for.
  enum Use: Sendable {
    /// Weights of one replica, as one of its nodes reads them: its number, or -1 where replicas stay up; its
    /// version, or -1 for one that comes up with its service.
    case weights(service: Int, bytes: Int64, replica: Int32, version: Int)
    /// Of a job or a port: it ends when they say so.
    case endless
  }

  /// What a job does on shared links now.
  enum Activity: Int, CaseIterable, Sendable {
    case traffic, samples, persist, block, restore
  }

  private struct Flow {
    var id: UInt32
    var cap: Double
  }

  let links: SharedLinks
  var network: FlowNetwork
  /// By flow.
  private var uses: [Use] = []
  /// By job, then activity.
  private var flows: [[Flow?]]
  /// What a job's traffic puts on links in a burst, and on average.
  private var bursts: [[LinkShare]]
  /// Sum of the weights of all flows on each link.
  private var weights: [Double]
  /// Ports of disaggregated services that are busy now, in the order in which they became so.
  var busyPorts: [BusyPort] = []
  /// By service: transfers that want its ports.
  var counts: [PortCounts]
  /// When the next flow ends or port is idle, as the World has planned it, told apart from earlier plans.
  private var planned: Ticks?
  private(set) var version = 0
  private var bytesAsked: Int64 = 0
  private var bytesMoved: Int64 = 0
  /// Of flows that were cancelled: all of what they were asked to move.
  private var bytesCancelled: Int64 = 0
  private var flowsUnderWay = 0

  /// More than a link carries until the clock ends.
  static let endless = Bytes(1e30)

  init(_ links: SharedLinks) {
    self.links = links
    network = FlowNetwork(capacities: links.capacities)
    flows = links.jobs.map { _ in Activity.allCases.map { _ in nil } }
    bursts = links.jobs.map { _ in [] }
    weights = Array(repeating: 0, count: links.capacities.count)
    counts = links.transfers.map(PortCounts.init)
  }

  var isActive: Bool { !links.isEmpty }

  // MARK: Weights

  /// Reads a replica's weights, all of its nodes at once.
  mutating func load(
    service: Int, _ loading: SharedLinks.Loading, from store: UInt32, replica: Int32 = -1,
    version: Int = 0, at now: Ticks
  ) {
    network.advance(to: now)
    let bytes = Int64(loading.bytesPerNode.value.rounded())
    bytesAsked += bytes
    let path = [LinkShare(link: store, weight: Double(loading.nodes))]
    let use = Use.weights(service: service, bytes: bytes, replica: replica, version: version)
    _ = add(path, Bytes(Double(bytes)), cap: loading.rateCap, latency: .zero, use)
    flowsUnderWay += 1
  }

  /// The next flow that has sent everything by `now`; call until `nil`.
  mutating func takeFinished(at now: Ticks) -> Use? {
    if network.now < now { network.advance(to: now) }
    guard let flow = network.drainedFlow() else { return nil }
    let use = uses[Int(flow)]
    switch use {
    case .weights(_, let bytes, _, _): bytesMoved += bytes
    case .endless: preconditionFailure("a flow without an end ends when its owner says so")
    }
    flowsUnderWay -= 1
    planned = nil
    forget(flow)
    uses[Int(flow)] = .endless
    _ = network.complete(flow)
    return use
  }

  /// A replica stops reading its weights.
  ///
  /// - Complexity: O(names of flows).
  mutating func cancelLoad(service: Int, replica: Int32, at now: Ticks) {
    let flow = uses.firstIndex {
      if case .weights(service, _, replica, _) = $0 { true } else { false }
    }
    guard let flow else { return }
    network.advance(to: now)
    switch uses[flow] {
    case .weights(_, let bytes, _, _): bytesCancelled += bytes
    case .endless: preconditionFailure("a flow without an end ends when its owner says so")
    }
    flowsUnderWay -= 1
    planned = nil
    remove(UInt32(flow))
    uses[flow] = .endless
  }

  /// What is to be done about the next end of a flow.
  enum Plan {
    /// It is planned already.
    case stands
    /// Nothing ends; what was planned is off.
    case nothing
    case at(Ticks)
  }

  /// What was planned has come: the next end has to be planned anew.
  mutating func forgetPlan() { planned = nil }

  /// Plans the next end of a flow anew.
  mutating func plan() -> Plan {
    let idle = busyPorts.map(\.until).min() ?? .never
    let end = min(network.nextCompletion() ?? .never, idle)
    let next = end == .never ? nil : end
    if next == planned { return .stands }
    planned = next
    version &+= 1
    return next.map { .at($0) } ?? .nothing
  }

  // MARK: Jobs

  /// Whether a job has to be followed here.
  func concerns(_ job: Int) -> Bool { links.jobs[job].isAny }

  /// Starts and ends a job's activities; those that go on are left alone.
  mutating func set(_ wanted: Set<Activity>, of job: Int, nodes: Int, traffic: [LinkShare], at now: Ticks) {
    network.advance(to: now)
    for activity in Activity.allCases {
      let isOn = flows[job][activity.rawValue] != nil
      if !wanted.contains(activity) {
        if isOn { stop(activity, of: job) }
      } else if !isOn || activity == .traffic && traffic != bursts[job] {
        if isOn { stop(activity, of: job) }
        start(activity, of: job, nodes: nodes, traffic: traffic)
      }
    }
  }

  private mutating func start(_ activity: Activity, of job: Int, nodes: Int, traffic: [LinkShare]) {
    let own = links.jobs[job]
    var path: [LinkShare]
    let cap: BytesPerSecond
    switch activity {
    case .traffic:
      guard let own = own.traffic, !traffic.isEmpty else { return }
      bursts[job] = traffic
      path = traffic.map { LinkShare(link: $0.link, weight: $0.weight * own.duty) }
      // Never more than the links carry when nobody else is there.
      cap = traffic.reduce(own.burstRate) { min($0, network.capacity(of: $1.link) / $1.weight) }
    case .samples, .persist, .block, .restore:
      let use = activity == .samples ? own.samples : activity == .restore ? own.restore : own.save
      guard let use, use.rate.value > 0 else { return }
      path = [LinkShare(link: use.link, weight: use.weight * Double(nodes))]
      cap = use.rate
    }
    let id = add(path, Self.endless, cap: cap, latency: .zero, .endless)
    flows[job][activity.rawValue] = Flow(id: id, cap: cap.value)
  }

  private mutating func stop(_ activity: Activity, of job: Int) {
    guard let flow = flows[job][activity.rawValue] else { return }
    remove(flow.id)
    flows[job][activity.rawValue] = nil
  }

  /// Share of its rate alone at which an activity goes on; 1 for one that is not under way.
  mutating func pace(of activity: Activity, job: Int) -> Double {
    guard let flow = flows[job][activity.rawValue] else { return 1 }
    if activity == .traffic { return burstShare(of: job, flow) }
    let pace = network.rate(of: flow.id).value / flow.cap
    // The last bits of a rate that nobody lowers are rounding.
    return pace > 1 - 1e-12 ? 1 : pace
  }

  /// What a job's burst gets of its rate alone. In a burst it is there as a whole; others have what they have
  /// on average, or the equal part, whichever leaves more.
  private mutating func burstShare(of job: Int, _ flow: Flow) -> Double {
    guard let duty = links.jobs[job].traffic?.duty else { return 1 }
    let average = network.rate(of: flow.id).value
    var rate = flow.cap
    for share in bursts[job] {
      let others = weights[Int(share.link)] - share.weight * duty
      if others <= 1e-9 { continue }
      let capacity = network.capacity(of: share.link).value
      let load = network.load(of: share.link).value - share.weight * duty * average
      rate = min(rate, max(capacity / (share.weight + others), (capacity - load) / share.weight))
    }
    // The last bits of a rate that nobody lowers are rounding.
    return rate > flow.cap * (1 - 1e-12) ? 1 : rate / flow.cap
  }

  // MARK: Books

  mutating func add(
    _ path: [LinkShare], _ bytes: Bytes, cap: BytesPerSecond, latency: Ticks, _ use: Use
  ) -> UInt32 {
    let flow = network.add(path: path, bytes: bytes, rateCap: cap, latency: latency)
    while uses.count <= Int(flow) { uses.append(.endless) }
    uses[Int(flow)] = use
    for share in path { weights[Int(share.link)] += share.weight }
    return flow
  }

  mutating func remove(_ flow: UInt32) {
    forget(flow)
    network.remove(flow)
  }

  private mutating func forget(_ flow: UInt32) {
    var path: [LinkShare] = []
    network.copyPath(of: flow, into: &path)
    for share in path { weights[Int(share.link)] = max(0, weights[Int(share.link)] - share.weight) }
  }

  /// What was asked for has moved, or was not wanted any more, once nothing is under way. That no link
  /// carries more than it can, the network checks itself on every link whose load it changes.
  ///
  /// - Complexity: O(1).
  func verify() {
    precondition(
      flowsUnderWay > 0 || bytesMoved + bytesCancelled == bytesAsked,
      "every byte asked for is moved, or not wanted any more")
  }
}
