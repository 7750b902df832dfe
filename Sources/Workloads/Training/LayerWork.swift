/// Seconds of an accelerator by what bound them.
struct Work: Sendable, Hashable {
  var compute = 0.0
  var memory = 0.0
  var tensor = 0.0
  var context = 0.0
  var expert = 0.0
  var pipeline = 0.0
  var data = 0.0
  var host = 0.0

  /// Without communication and host.
  var device: Double { compute + memory }
  var total: Double { compute + memory + tensor + context + expert + pipeline + data + host }

  static func += (left: inout Work, right: Work) {
    left.compute += right.compute
    left.memory += right.memory
    left.tensor += right.tensor
    left.context += right.context
    left.expert += right.expert
    left.pipeline += right.pipeline
    left.data += right.data
    left.host += right.host
  }

  static func * (work: Work, factor: Double) -> Work {
    Work(
      compute: work.compute * factor, memory: work.memory * factor, tensor: work.tensor * factor,
      context: work.context * factor, expert: work.expert * factor, pipeline: work.pipeline * factor,
      data: work.data * factor, host: work.host * factor)
  }
}

/// The three passes over a part of the model for one microbatch.
struct Passes: Sendable, Hashable {
  var forward = Work()
  /// Gradients of the inputs; whatever is computed again first is in here.
  var inputGradient = Work()
  var weightGradient = Work()

  var total: Double { forward.total + inputGradient.total + weightGradient.total }

  /// Stretches what arithmetic bounds, and what memory bounds.
  mutating func scale(compute: Double, memory: Double) {
    func stretch(_ work: inout Work) {
      work.compute *= compute
      work.memory *= memory
    }
    stretch(&forward)
    stretch(&inputGradient)
    stretch(&weightGradient)
  }

  /// A pass takes no less than the host does to launch it; the host runs beside the device.
  mutating func wait(forHost time: Double) {
    forward.host += max(0, time - forward.total)
    inputGradient.host += max(0, time - inputGradient.total - weightGradient.total)
  }

  static func += (left: inout Passes, right: Passes) {
    left.forward += right.forward
    left.inputGradient += right.inputGradient
    left.weightGradient += right.weightGradient
  }

  static func * (passes: Passes, factor: Double) -> Passes {
    Passes(
      forward: passes.forward * factor, inputGradient: passes.inputGradient * factor,
      weightGradient: passes.weightGradient * factor)
  }
}
