import Kernel
import Scenario

/// Runs the points of a sweep, several at once, and hands their results on in the order of the points.
///
/// Every result is on disk before it is handed on, and is handed on as it reads back from there, so that a
/// sweep that was stopped and resumed gives the same as one that was not. Memory holds the points that run
/// and the places of those that finished before an earlier one did.
public struct Sweep {
  let plan: SweepPlan
  let store: SweepStore
  /// Its limits hold for the sweep as a whole; `maximumEvents` for each point.
  let options: RunOptions

  public init(plan: SweepPlan, store: SweepStore, options: RunOptions) {
    self.plan = plan
    self.store = store
    self.options = options
  }

  /// How far a sweep has come.
  public struct Progress: Sendable {
    public var finished: Int
    public var total: Int
    /// Of the finished ones, those that an earlier start had finished.
    public var recalled: Int

    public init(finished: Int, total: Int, recalled: Int) {
      self.finished = finished
      self.total = total
      self.recalled = recalled
    }
  }

  /// How a sweep ended.
  public struct End: Sendable {
    public var progress: Progress
    /// What stopped it before its end, in words.
    public var stoppedBy: String?
  }

  /// Why a sweep could not go on. What had finished is on disk.
  public enum Failure: Error {
    /// A point makes the scenario invalid.
    case invalid(FaultReport)
    /// A file could not be read or written, in words.
    case file(String)
  }

  /// - Parameters:
  ///   - emit: takes the results in the order of the points, of this process's shard alone; what it throws
  ///     ends the sweep.
  ///   - progress: called as points finish.
  public func run(
    emit: (SweepPointResult) throws -> Void, progress: (Progress) -> Void = { _ in }
  ) async throws(Failure) -> End {
    let total = store.shard.size(of: plan.space.count)
    let limits = RunLimits(options)
    var state = SweepState(total: total)
    let work = PointWork(
      plan: plan, known: store.known, paths: store.paths, options: pointOptions(points: total, limits: limits)
    )
    await withTaskGroup(of: (position: Int, outcome: PointWork.Outcome).self) { group in
      var next = 0
      func add() {
        let position = next
        let point = store.shard.point(at: position)
        next += 1
        group.addTask {
          if limits.isReached { return (position, .stopped(nil)) }
          return (position, await work.run(point: point))
        }
      }
      while next < min(total, max(1, options.jobs)) { add() }
      for await (position, outcome) in group {
        // Once one has failed, the others are only waited for.
        if state.failure == nil { take(outcome, at: position, into: &state, emit: emit) }
        progress(state.progress)
        if next < total, state.failure == nil, state.stoppedBy == nil, !limits.isReached { add() }
      }
    }
    do throws(SweepStore.Failure) { try store.sync() } catch { throw .file(error.description) }
    if let failure = state.failure { throw failure }
    let stop = state.progress.finished < total ? limits.reached ?? state.stoppedBy ?? "a limit" : nil
    return End(progress: state.progress, stoppedBy: stop)
  }

  /// What holds within a point: all jobs in it where there are fewer points than jobs.
  private func pointOptions(points: Int, limits: RunLimits) -> RunOptions {
    var inner = RunOptions()
    inner.jobs = max(1, options.jobs / max(1, points))
    inner.designs = plan.designs
    inner.maximumEvents = options.maximumEvents
    inner.isInterrupted = { limits.isReached }
    return inner
  }

  private func take(
    _ outcome: PointWork.Outcome, at position: Int, into state: inout SweepState,
    emit: (SweepPointResult) throws -> Void
  ) {
    do {
      switch outcome {
      case .stopped(let words):
        state.stoppedBy = state.stoppedBy ?? words ?? "a limit"
        return
      case .invalid(let report):
        state.failure = .invalid(report)
        return
      case .recalled(let place, let copy):
        state.progress.recalled += 1
        state.waiting[position] = try place ?? append(copy)
      case .finished(let record): state.waiting[position] = try append(record)
      }
      state.progress.finished += 1
      while let place = state.waiting.removeValue(forKey: state.nextToEmit) {
        state.nextToEmit += 1
        guard let result = SweepPointResult(encoded: try store.payload(at: place)) else {
          throw SweepStore.Failure(description: "a result in \(store.folder) cannot be read back")
        }
        try emit(result)
      }
    } catch {
      state.failure = .file("\(error)")
    }
  }

  private func append(_ record: PointWork.Record?) throws -> Segment.Place {
    guard let record else { throw SweepStore.Failure(description: "a result in \(store.folder) is gone") }
    return try store.append(index: record.index, key: record.key, payload: record.payload)
  }
}

/// What the loop knows between two points.
private struct SweepState {
  var progress: Sweep.Progress
  var nextToEmit = 0
  /// Results whose predecessors are still running, by their position in the shard.
  var waiting: [Int: Segment.Place] = [:]
  var failure: Sweep.Failure?
  var stoppedBy: String?

  init(total: Int) { progress = Sweep.Progress(finished: 0, total: total, recalled: 0) }
}
