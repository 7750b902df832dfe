import Foundation
import Statistics

/// Prompts that begin alike: each belongs to a group, all prompts of a group start with the same tokens
/// (system prompts, few-shot examples, a common document).
public struct SharedPrefix: Sendable, Hashable {
  /// Tokens that the prompts of a group have in common. They are part of a prompt's length: one that is not
  /// longer shares all but its last token.
  public var tokens: Int
  public var groups: Int
  /// Exponent of the groups' popularity: the g-th is drawn in proportion to g^−zipf; 0 draws all alike.
  public var zipf: Double
  /// Draws the group of a request; `nil` when there is one.
  public let popularity: Distribution?

  /// - Complexity: O(groups): the table that draws from them is made once.
  public init(tokens: Int, groups: Int, zipf: Double) {
    precondition(tokens >= 0 && groups > 0 && zipf >= 0, "a prefix has tokens, at least one group has it")
    self.tokens = tokens
    self.groups = groups
    self.zipf = zipf
    let numbers = (0..<groups).map(Double.init)
    popularity =
      groups == 1
      ? nil : .discrete(values: numbers, weights: numbers.map { pow($0 + 1, -zipf) })
  }

  /// Tokens of a prompt that are common to its group.
  public func tokens(ofPrompt promptTokens: Int32) -> Int32 {
    min(Int32(clamping: tokens), max(0, promptTokens - 1))
  }
}

/// Conversations of several turns: each turn's prompt repeats the conversation so far and adds to it, and
/// follows the answer to the one before.
public struct Conversations: Sendable, Hashable {
  /// Turns of a conversation; rounded, at least 1.
  public var turns: Distribution
  /// From an answer to the next turn [s].
  public var thinkTime: Distribution
  /// What a later turn adds to the prompt; `nil` when as long as a first prompt.
  public var followUpTokens: Distribution?
  /// A conversation ends before a prompt would be longer than this.
  public var maximumContext: Int
  /// Share of an answer that the next prompt repeats, 0...1: less than all where reasoning is dropped.
  public var answerCarried: Double

  /// A law of conversations; see the properties for ranges.
  public init(
    turns: Distribution, thinkTime: Distribution, followUpTokens: Distribution?, maximumContext: Int,
    answerCarried: Double
  ) {
    self.turns = turns
    self.thinkTime = thinkTime
    self.followUpTokens = followUpTokens
    self.maximumContext = maximumContext
    self.answerCarried = answerCarried
  }

  /// Whether two conversations can differ in length or pace.
  public var isStochastic: Bool {
    turns.isStochastic || thinkTime.isStochastic || followUpTokens?.isStochastic == true
  }
}
