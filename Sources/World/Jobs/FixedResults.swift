import Infrastructure
import Scenario
import Workloads

/// What a design answers whatever chance brings: worked out once, not once a replication.
public struct FixedResults: Sendable {
  public var traces: [JobTraceOutcome] = []
  public var collectives: [CollectiveOutcome] = []
}

extension DesignModel {
  /// Plays the design's job traces and times its collectives.
  /// - Complexity: that of the traces' events.
  public mutating func settleWhatIsFixed() {
    var results = FixedResults()
    for job in design.jobs {
      switch job.work {
      case .training: continue
      case .trace(let index):
        results.traces.append(play(job, named: name(of: job, scenario.jobTraces[index].name), index))
      case .collective(let index):
        results.collectives += time(job, named: name(of: job, scenario.collectives[index].name), index)
      }
    }
    fixed = results
  }

  /// The workload's name, with the job's where several jobs run one workload.
  public func name(of job: JobDeployment, _ workload: String) -> String {
    design.jobs.filter { $0.work.isAlike(job.work) }.count > 1 ? "\(workload)/\(job.name)" : workload
  }
}
