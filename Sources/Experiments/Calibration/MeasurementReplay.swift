import Kernel
import Quantities
import Scenario
import Statistics
import Workloads

/// Turns what a client did into traffic, with what had to be taken for granted.
struct MeasurementReplay {
  private(set) var traffic: ReplayedTraffic
  private(set) var notes: [String] = []

  /// - Parameter workload: where the measurement is silent, the workload speaks.
  init(_ run: BenchmarkRun, workload: InferenceWorkload) {
    traffic = ReplayedTraffic(traffic: workload.traffic, users: workload.traceUsers)
    if run.recorded.isEmpty {
      generate(run, workload)
    } else {
      record(run, workload)
    }
  }

  // MARK: Recorded requests

  private mutating func record(_ run: BenchmarkRun, _ workload: InferenceWorkload) {
    var users: Int?
    switch run.load {
    case .closedLoop(let count): users = min(count, run.recorded.count, Self.mostUsers)
    case .burst, .recorded: break
    case .open(let rate, let burstiness):
      // Lengths are known, times are not.
      traffic = ReplayedTraffic(
        traffic: .generated(
          Self.arrivals(rate, burstiness), promptTokens: Self.sample(run.recorded.map(\.promptTokens)),
          outputTokens: Self.sample(run.recorded.map(\.outputTokens))),
        requests: run.requests ?? run.recorded.count)
      return
    case .unknown:
      if !run.hasStarts {
        let lengths = (
          Self.sample(run.recorded.map(\.promptTokens)), Self.sample(run.recorded.map(\.outputTokens))
        )
        keepArrivals(workload, lengths.0, lengths.1, requests: run.requests ?? run.recorded.count)
        return
      }
    }
    let first = run.recorded.compactMap(\.start).min() ?? 0
    let isTimed = run.load != .burst && users == nil
    let trace = Trace(
      arrivals: run.recorded.enumerated().map { index, request in
        // Without times, rows keep their order: the trace sorts them stably.
        isTimed ? Ticks(seconds: min(4e8, (request.start ?? first) - first)) : .zero
      },
      promptTokens: run.recorded.map(\.promptTokens), outputTokens: run.recorded.map(\.outputTokens))
    traffic = ReplayedTraffic(traffic: .trace(trace), users: users, requests: run.recorded.count)
  }

  private static func sample(_ tokens: [Int32]) -> Distribution {
    Distribution(.empirical(tokens.map(Double.init)))
  }

  // MARK: Laws

  /// Enough for means, where neither file nor scenario says how many were sent.
  private static let fewRequests = 1000
  /// As many as a scenario may have.
  private static let mostUsers = 1_000_000

  private mutating func generate(_ run: BenchmarkRun, _ workload: InferenceWorkload) {
    let own = Self.lengths(of: workload)
    let prompt = run.promptTokens.map(Self.law)
    let output = run.outputTokens.map(Self.law)
    if prompt == nil || output == nil { notes.append("lengths as the scenario has them") }
    let requests = run.requests ?? workload.requests ?? Self.fewRequests
    if run.requests == nil && workload.requests == nil {
      notes.append("\(requests) requests, as nothing says how many")
    }
    let arrivals: ArrivalProcess
    switch run.load {
    case .closedLoop(let users):
      arrivals = .closedLoop(
        users: min(users, requests, Self.mostUsers), thinkTime: Distribution(.constant(0)))
    case .open(let rate, let burstiness): arrivals = Self.arrivals(rate, burstiness)
    case .burst: arrivals = .burst(count: requests)
    case .recorded, .unknown:
      keepArrivals(workload, prompt ?? own.prompt, output ?? own.output, requests: requests)
      return
    }
    traffic = ReplayedTraffic(
      traffic: .generated(arrivals, promptTokens: prompt ?? own.prompt, outputTokens: output ?? own.output),
      requests: requests)
  }

  private mutating func keepArrivals(
    _ workload: InferenceWorkload, _ prompt: Distribution, _ output: Distribution, requests: Int?
  ) {
    notes.append("arrivals as the scenario has them")
    if workload.conversations != nil {
      notes.append("conversations as the scenario has them")
      traffic = ReplayedTraffic(traffic: workload.traffic, requests: requests)
      traffic.keepsConversations = true
      return
    }
    guard case .generated(let arrivals, _, _) = workload.traffic else {
      notes.append("requests as the scenario's trace has them")
      return
    }
    traffic = ReplayedTraffic(
      traffic: .generated(arrivals, promptTokens: prompt, outputTokens: output), requests: requests)
  }

  private static func arrivals(_ rate: Double, _ burstiness: Double?) -> ArrivalProcess {
    guard let burstiness else { return .constant(rate: PerSecond(rate)) }
    return burstiness == 1
      ? .poisson(rate: PerSecond(rate)) : .gamma(rate: PerSecond(rate), burstiness: burstiness)
  }

  private static func law(_ lengths: BenchmarkLengths) -> Distribution {
    switch lengths {
    case .constant(let tokens): Distribution(.constant(tokens))
    case .uniform(let from, let to): Distribution(.uniform(from: from, to: to))
    }
  }

  private static func lengths(of workload: InferenceWorkload) -> (prompt: Distribution, output: Distribution)
  {
    switch workload.traffic {
    case .generated(_, let prompt, let output): (prompt, output)
    case .trace(let trace): (sample(trace.promptTokens), sample(trace.outputTokens))
    }
  }
}
