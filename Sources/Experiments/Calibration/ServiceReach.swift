import Catalog
import Scenario
import World

/// How far a run of one service went: the largest batch, the longest requests, the highest rate.
public struct ServiceReach: Sendable, Hashable {
  /// Most sequences that ran at once in a replica.
  public var sequences: Int
  /// Tokens of the longest prompt, and of the longest prompt with its answer.
  public var promptTokens: Int
  public var contextTokens: Int
  /// Answered requests a second and replica.
  public var requestsPerSecond: Double

  /// - Parameter role: of the service's deployments, the one looked at.
  init(_ outcome: ServiceOutcome, role: Int, seconds: Double) {
    let own = outcome.replicas(ofRole: role)
    sequences = own.map { Int($0.peakSequences) }.max() ?? 0
    promptTokens = Int(outcome.tally.longestPrompt)
    contextTokens = Int(outcome.tally.longestContext)
    let replicas = Double(max(1, own.count))
    requestsPerSecond = seconds > 0 ? Double(outcome.tally.measured) / seconds / replicas : 0
  }

  /// The larger of two in every respect.
  mutating func widen(to other: ServiceReach) {
    sequences = max(sequences, other.sequences)
    promptTokens = max(promptTokens, other.promptTokens)
    contextTokens = max(contextTokens, other.contextTokens)
    requestsPerSecond = max(requestsPerSecond, other.requestsPerSecond)
  }
}

extension CalibratedRange {
  /// The range of a deployment that was measured as far as `reach`.
  init(_ deployment: Deployment, accelerator: String, model: String, reach: ServiceReach) {
    self.init(
      accelerator: accelerator, model: model, weights: deployment.weights.name,
      tensor: deployment.layout.tensor, sequences: reach.sequences, promptTokens: reach.promptTokens,
      contextTokens: reach.contextTokens, batchedTokens: deployment.maximumBatchedTokens,
      // Rounded up: the runs it was made from stay inside.
      requestsPerSecond: (reach.requestsPerSecond * 1000).rounded(.up) / 1000)
  }

  /// What of a run lies outside, each in a clause; empty inside.
  ///
  /// Numbers may pass their limit by a twentieth: the limits themselves are simulated.
  func departures(_ deployment: Deployment, accelerator: String, model: String, reach: ServiceReach)
    -> [String]
  {
    if self.accelerator != accelerator {
      return ["it was measured on \(self.accelerator), not \(accelerator)"]
    }
    var found: [String] = []
    if let known = self.model, known != model { found.append("with \(known), not \(model)") }
    if let known = weights, known != deployment.weights.name {
      found.append("with weights in \(known), not \(deployment.weights.name)")
    }
    func compare(_ value: Double, _ limit: Double?, _ text: (String, String) -> String) {
      guard let limit, value > 1.05 * limit else { return }
      func short(_ number: Double) -> String {
        let rounded = (number * 1000).rounded() / 1000
        return rounded == rounded.rounded() ? "\(Int(min(rounded, 1e15)))" : "\(rounded)"
      }
      found.append(text(short(limit), short(value)))
    }
    compare(Double(deployment.layout.tensor), tensor.map(Double.init)) { "up to tensor \($0), not \($1)" }
    compare(Double(reach.sequences), sequences.map(Double.init)) {
      "up to \($0) sequences at once, not \($1)"
    }
    compare(Double(reach.promptTokens), promptTokens.map(Double.init)) {
      "up to prompts of \($0) tokens, not \($1)"
    }
    compare(Double(reach.contextTokens), contextTokens.map(Double.init)) {
      "up to \($0) tokens of prompt and answer, not \($1)"
    }
    compare(Double(deployment.maximumBatchedTokens), batchedTokens.map(Double.init)) {
      "up to \($0) tokens a step, not \($1)"
    }
    compare(reach.requestsPerSecond, requestsPerSecond) { "up to \($0) requests/s a replica, not \($1)" }
    return found
  }
}
