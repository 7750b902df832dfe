import Foundation
import TestSupport
import Testing

@testable import Workloads

@Suite("Pipeline schedules give the exact answers")
struct PipelineAnswersTests {
  @Test(
    "every row of the table, to one part in a billion",
    .enabled(if: SharedData.has("analytic/analytic.csv"), Comment(rawValue: SharedData.absence)))
  func table() throws {
    let rows = try #require(SharedData.rows("analytic/analytic.csv")).filter { $0[0] == "Pipeline" }
    #expect(rows.count >= 27)
    for row in rows {
      let expected = try #require(Double(row[3]))
      let answer = try #require(Self.answer(to: row[2], row[1]), "no answer to \(row[2])")
      #expect(abs(answer - expected) <= 1e-9 * max(1, abs(expected)), "\(row[1]) \(row[2])")
    }
  }

  /// The quantity of a row, with parameters such as `p=4;m=8;v=2`.
  private static func answer(to quantity: String, _ parameters: String) -> Double? {
    var values: [String: Double] = [:]
    for pair in parameters.split(separator: ";") {
      let parts = pair.split(separator: "=")
      values[String(parts[0])] = Double(parts[1])
    }
    let stages = Int(values["p"] ?? 1)
    // A depth that no batch limits is asked without microbatches.
    let microbatches = Int(values["m"] ?? Double(2 * stages))
    func schedule(_ kind: TrainingLayout.Schedule) -> PipelineSchedule {
      PipelineSchedule(kind, stages: stages, microbatches: microbatches, chunks: Int(values["v"] ?? 1))
    }
    switch quantity {
    case "bubble_over_ideal": return schedule(.oneForwardOneBackward).bubbleOverIdeal
    case "bubble_fraction_of_total": return schedule(.oneForwardOneBackward).bubbleFraction
    case "bubble_over_ideal_interleaved": return schedule(.interleaved).bubbleOverIdeal
    case "bubble_fraction_of_total_interleaved": return schedule(.interleaved).bubbleFraction
    case "peak_in_flight_1F1B_stage0": return schedule(.oneForwardOneBackward).peakInFlight
    case "step_time_1F1B":
      return schedule(.oneForwardOneBackward).time(
        PipelineSchedule.StageTime(forward: values["tf"] ?? 0, inputGradient: values["tb"] ?? 0))
    case "ZB-H1_step_time":
      return schedule(.zeroBubble).time(
        PipelineSchedule.StageTime(
          forward: values["tf"] ?? 0, inputGradient: values["tB"] ?? 0, weightGradient: values["tW"] ?? 0))
    default: return nil
    }
  }

  @Test("the bubble falls with chunks, and with microbatches, and ZB-H1's is the smallest of one chunk")
  func bubbles() {
    for stages in [2, 4, 8, 64] {
      for factor in [1, 2, 8] {
        let microbatches = stages * factor
        let plain = PipelineSchedule(.oneForwardOneBackward, stages: stages, microbatches: microbatches)
        var last = plain.bubbleOverIdeal
        for chunks in [2, 3, 4, 8] {
          let own = PipelineSchedule(
            .interleaved, stages: stages, microbatches: microbatches, chunks: chunks)
          #expect(own.bubbleOverIdeal < last)
          #expect(own.peakInFlight >= plain.peakInFlight)
          last = own.bubbleOverIdeal
        }
        let zero = PipelineSchedule(.zeroBubble, stages: stages, microbatches: microbatches)
        #expect(zero.bubbleOverIdeal < plain.bubbleOverIdeal)
        let stage = PipelineSchedule.StageTime(forward: 1, inputGradient: 1, weightGradient: 1)
        #expect(zero.time(stage) < plain.time(stage))
      }
    }
  }

  @Test("one slow stage among equals sets the pace, and every other is passed through once")
  func slowStage() {
    let schedule = PipelineSchedule(.oneForwardOneBackward, stages: 4, microbatches: 16)
    let stage = PipelineSchedule.StageTime(forward: 1, inputGradient: 2)
    let slow = PipelineSchedule.StageTime(forward: 2, inputGradient: 4)
    #expect(schedule.time(slowest: stage, others: stage) == schedule.time(stage))
    #expect(schedule.time(slowest: slow, others: stage) == 16 * 6 + 3 * 3)
  }
}
