import Catalog
import Infrastructure
import Workloads

/// Who of a design's jobs goes first, and what of a job says nothing where its work is recorded.
extension Resolver {
  mutating func readScheduler(_ value: Written?, into design: inout Design, _ path: String) {
    design.scheduler.policy =
      value?["policy"]?.text.flatMap(SchedulerSettings.Policy.init) ?? .fifo
    design.scheduler.placement = value?["placement"]?.text.flatMap(PlacementRule.init) ?? .packed
    design.scheduler.lends = value?["lends"]?.text == "true"
    design.scheduler.quotas = (value?["quotas"]?.members ?? []).compactMap { member in
      integer(member.value).map { SchedulerSettings.Named(user: member.key, value: $0) }
    }
    design.scheduler.weights = (value?["weights"]?.members ?? []).compactMap { member in
      number(member.value).map { SchedulerSettings.Named(user: member.key, value: $0) }
    }
  }

  /// Quotas and weights are of users that there are, and count under fair shares.
  mutating func checkShares(
    of design: Design, _ value: Written?, _ path: String, jobTraces: [JobTraceWorkload]
  ) {
    guard let value else { return }
    for key in ["quotas", "weights", "lends"] {
      guard let written = value[key], design.scheduler.policy != .fairShare else { continue }
      fault(
        written, "\(path).\(key)", "`policy: \(design.scheduler.policy.rawValue)` does not look at users",
        help: "write `policy: fair-share`, or leave it out")
    }
    if design.scheduler.policy != .fairShare { return }
    if let lends = value["lends"], design.scheduler.quotas.isEmpty {
      fault(lends, "\(path).lends", "without `quotas` nobody is kept from anything", help: "or leave it out")
    }
    var users = design.scheduler.users
    for job in design.jobs {
      if case .trace(let index) = job.work { users += jobTraces[index].trace.users }
    }
    users.removeAll { $0.isEmpty }
    for key in ["quotas", "weights"] {
      for member in value[key]?.members ?? [] where !users.contains(member.key) {
        let near = nearestName(to: member.key, among: users).map { "did you mean '\($0)'?" }
        fault(
          member.value, "\(path).\(key).\(member.key)", "no job of the design is of a user '\(member.key)'",
          help: near
            ?? (users.isEmpty
              ? "give the jobs a `user`" : "there are \(users.prefix(20).joined(separator: ", "))"))
      }
    }
    checkQuotas(of: design, value["quotas"], "\(path).quotas", jobTraces: jobTraces)
  }

  /// A job beyond its user's quota would wait for ever.
  private mutating func checkQuotas(
    of design: Design, _ value: Written?, _ path: String, jobTraces: [JobTraceWorkload]
  ) {
    guard let value, !design.scheduler.lends else { return }
    for member in value.members ?? [] {
      guard let quota = integer(member.value) else { continue }
      for (job, _, training) in design.trainingJobs
      where design.scheduler.users[training.user] == member.key && job.accelerators > quota {
        fault(
          member.value, "\(path).\(member.key)",
          "the job '\(job.name)' takes \(job.accelerators) accelerators and would never start",
          help: "a quota of \(job.accelerators) or more, or `lends: true`")
      }
      for job in design.jobs {
        guard case .trace(let index) = job.work,
          let user = jobTraces[index].trace.users.firstIndex(of: member.key)
        else { continue }
        let count = jobTraces[index].trace.jobs.count {
          $0.user == user && $0.request.totalMilli > Int64(quota) * 1000
        }
        if count > 0 {
          notes.append(
            "\(path).\(member.key): \(count) recorded jobs take more than the quota and are refused")
        }
      }
    }
  }

  /// Keys that say nothing of a job whose work is recorded or timed are refused, not passed over.
  ///
  /// - Parameter known: keys that count.
  mutating func refuseIdleKeys(_ value: Written, _ path: String, what: String, known: [String]) {
    let idle = (value.members ?? []).filter { !known.contains($0.key) }
    guard let first = idle.first else { return }
    let names = idle.map { "`\($0.key)`" }.joined(separator: ", ")
    fault(
      first.value, "\(path).\(first.key)",
      "\(what): \(names) \(idle.count == 1 ? "says" : "say") nothing about it",
      help: "a job of this kind takes \(known.map { "`\($0)`" }.joined(separator: ", "))")
  }

  /// A recorded trace has its pool for itself, and what its jobs went through is in their times.
  mutating func checkTraceJob(_ value: Written, _ path: String, pool: Pool) {
    refuseIdleKeys(
      value, path, what: "a recorded trace runs as it was recorded, on the whole pool",
      known: ["workload", "pool"])
    if pool.market != nil {
      fault(
        value, path,
        "nothing takes nodes from a recorded trace: the `market` of '\(pool.name)' would be idle",
        help: "give it a pool without `market`")
    }
    if let failures = pool.failures, failures.isWritten, !failures.classes.isEmpty || failures.spares > 0 {
      fault(
        value, path, "nothing fails under a recorded trace: the `failures` of '\(pool.name)' would be idle",
        help: "write `failures: none` there")
    }
  }

  /// The framework of a job: an entry of the catalogue's `training` that is no accelerator's.
  mutating func framework(_ value: Written, _ path: String) -> String? {
    guard let written = value["framework"] else {
      return standing("default", at: "\(path).framework", as: "default")
    }
    let accelerators = catalog.names(of: .accelerators)
    let known = catalog.names(of: .training).filter {
      !accelerators.contains($0) && !$0.hasPrefix("default-")
    }
    return index(written, "\(path).framework", among: known, what: "framework").map { known[$0] }
  }

  /// A gang that no zone ever holds would wait for ever.
  mutating func tellHopelessGangs(of design: Design, _ path: String) {
    for (job, _, _) in design.trainingJobs {
      let pool = design.pools[job.poolIndex]
      guard let market = pool.market, market.fallback == .wait || market.fallback == .switchZone,
        case .traces(let traces) = market.source
      else { continue }
      let perNode = max(1, pool.node.accelerators)
      let nodes = (job.accelerators + perNode - 1) / perNode
      let zones = market.fallback == .wait ? Array(traces.prefix(1)) : traces
      let most = zones.flatMap(\.runs).map(\.level).max() ?? 0
      if most < nodes {
        notes.append(
          "\(path).jobs.\(job.name): it needs \(nodes) nodes of '\(pool.name)' in one zone, and the traces "
            + "that its `fallback` looks at never have more than \(most): it never starts")
      }
    }
  }
}
