import Kernel
import Oracles
import Quantities
import Statistics
import TestSupport
import Testing
import Workloads

@Suite("A job that leaps lives the same life as one that steps")
struct JobProgressTests {
  @Test("leaping equals stepping, to the tick, whatever interrupts it", arguments: 0..<400)
  func oracle(seed: Int) {
    var stream = RandomStream(seed: 7, replication: seed, entity: "job", purpose: "life")
    let plan = Self.plan(&stream)
    let steps = Int64(stream.below(400))
    let length = Ticks(Int64(stream.below(900)) + 1)
    var leaping = JobProgress(totalSteps: steps, stepTime: length, plan: plan, start: Ticks(5))
    var stepping = StepwiseJob(totalSteps: steps, stepTime: length, plan: plan, start: Ticks(5))
    var time = Ticks(5)
    for _ in 0..<200 {
      // Now and then exactly at a change, where ties are.
      let next = leaping.nextChange
      if stream.below(3) == 0 && next != .never {
        time = next
      } else {
        time += Ticks(Int64(stream.below(UInt32(length.count) * 20 + 1)))
      }
      leaping.advance(to: time)
      stepping.advance(to: time)
      Self.act(Int(stream.below(12)), &stream, length, &leaping, &stepping)
      #expect(leaping.step == stepping.step && leaping.phase == stepping.phase && leaping.now == stepping.now)
      #expect(leaping.time == stepping.time, "\(plan)")
      #expect(leaping.time.total == leaping.now - Ticks(5))
      #expect(leaping.checkpointsTaken == stepping.checkpointsTaken)
    }
  }

  private static func plan(_ stream: inout RandomStream) -> CheckpointPlan {
    let every = Int64(stream.below(40))
    let short = Ticks(Int64(stream.below(3)) * Int64(stream.below(2000)))
    let long = Ticks(Int64(stream.below(3)) * Int64(stream.below(9000)))
    let slow = Int64(stream.below(3)) * 70
    let saves = stream.below(2) == 0
    switch stream.below(4) {
    case 0: return .none
    case 1: return .synchronous(everySteps: every, write: short, savesAtEnd: saves)
    case 2:
      return .asynchronous(
        everySteps: every, snapshot: short, write: long, slowdownPermille: slow, savesAtEnd: saves)
    default:
      return .tiered(
        everySteps: every, local: short, remote: long, remoteEvery: Int64(stream.below(4)) + 1,
        slowdownPermille: slow, savesAtEnd: saves)
    }
  }

  private static func act(
    _ choice: Int, _ stream: inout RandomStream, _ length: Ticks, _ leaping: inout JobProgress,
    _ stepping: inout StepwiseJob
  ) {
    switch choice {
    case 0:
      leaping.interrupt(losing: .node)
      stepping.interrupt(losing: .node)
    case 1:
      leaping.interrupt(losing: .program)
      stepping.interrupt(losing: .program)
    case 2...5:
      let taking = Ticks(Int64(stream.below(2)) * Int64(stream.below(3000)))
      let restoring = Ticks(Int64(stream.below(2)) * Int64(stream.below(3000)))
      leaping.restart(taking: taking, restoring: restoring)
      stepping.restart(taking: taking, restoring: restoring)
    case 6:
      leaping.requestCheckpoint()
      stepping.requestCheckpoint()
    case 7:
      let new = Ticks(Int64(stream.below(900)) + 1)
      leaping.setStepTime(new)
      stepping.setStepTime(new)
    case 8:
      let activity = JobProgress.Activity.allCases[Int(stream.below(3))]
      let factor = Int64(1) << Int64(stream.below(4))
      leaping.setPace(1 / Double(factor), of: activity)
      stepping.slow(activity, by: factor)
    default: break
    }
  }

  @Test("the way that time is cut does not matter")
  func cuts() {
    let plan = CheckpointPlan.asynchronous(
      everySteps: 10, snapshot: Ticks(7), write: Ticks(333), slowdownPermille: 50)
    var whole = JobProgress(totalSteps: 1000, stepTime: Ticks(21), plan: plan, start: .zero)
    whole.restart(taking: Ticks(100))
    var cut = whole
    #expect(whole.forecastFinish != .never)
    whole.advance(to: whole.forecastFinish)
    var stream = RandomStream(seed: 1, replication: 0, entity: "job", purpose: "cuts")
    while cut.phase != .finished { cut.advance(to: cut.now + Ticks(Int64(stream.below(50)))) }
    #expect(cut == whole)
  }

  @Test("a job of a billion steps and times at the edge of the range neither walk nor trap")
  func extremes() {
    let plan = CheckpointPlan.synchronous(everySteps: 0, write: Ticks(1), savesAtEnd: false)
    var job = JobProgress(totalSteps: .max, stepTime: .never, plan: plan, start: .zero)
    job.restart(taking: .never)
    #expect(job.nextChange == .never)
    var long = JobProgress(
      totalSteps: 1_000_000_000, stepTime: Ticks(9_000_000_000), plan: plan, start: .zero)
    long.restart(taking: .zero)
    #expect(long.nextChange == Ticks(9_000_000_000 * 1_000_000_000))
    long.advance(to: Ticks(9_000_000_000 * 500_000_000 + 1))
    #expect(long.step == 500_000_000)
  }

  @Test("on a notice the job is saved when it says it would be")
  func notice() {
    let plan = CheckpointPlan.asynchronous(everySteps: 100, snapshot: Ticks(30), write: Ticks(500))
    var job = JobProgress(totalSteps: 1000, stepTime: Ticks(100), plan: plan, start: .zero)
    job.restart(taking: .zero)
    job.advance(to: Ticks(4_550))
    #expect(job.savedIfRequestedNow == Ticks(4_600 + 30 + 500))
    job.requestCheckpoint()
    var early = job
    early.advance(to: Ticks(5_129))
    early.interrupt(losing: .node)
    #expect(early.step == 0)
    job.advance(to: Ticks(5_130))
    job.interrupt(losing: .node)
    #expect(job.step == 46)
  }
}
