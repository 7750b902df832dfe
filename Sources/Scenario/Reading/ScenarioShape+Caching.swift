/// Keys about requests that begin alike and about keeping what was computed for them.
extension ScenarioShape {
  static let prefix: Shape = .object([
    Key(
      "shared-tokens", .integer(tokens),
      "Tokens that the prompts of a group begin with, part of their length.", required: true),
    Key("groups", .integer(counts), "How many different beginnings there are.", fallback: "1"),
    Key(
      "zipf", .number(0...10), "Popularity of the groups: the g-th in proportion to g^-zipf; 0 is all alike.",
      fallback: "0"),
  ])

  static let sessions: Shape = .object([
    Key(
      "turns", .either([.integer(1...100_000), length]), "Turns of a conversation, or a law of them.",
      required: true),
    Key("think-time", thinkTime, "From an answer to the next turn.", fallback: "0s"),
    Key(
      "follow-up-tokens", length, "What a later turn adds to the conversation.",
      fallback: "as prompt-tokens"),
    Key(
      "max-context", .integer(tokens), "A conversation ends before a prompt would be longer.",
      fallback: "10000000"),
    Key(
      "answer-carried", .quantity(.ratio),
      "Share of an answer that the next prompt repeats; less than all where reasoning is dropped.",
      fallback: "100%"),
  ])

  static let thinkTime: Shape = .either([
    .quantity(.duration),
    .tagged(
      by: "distribution",
      [
        .init(tag: "constant", keys: [Key("value", .quantity(.duration), "Always.", required: true)]),
        .init(tag: "exponential", keys: [Key("mean", .quantity(.duration), "Mean.", required: true)]),
        .init(
          tag: "lognormal",
          keys: [
            Key("mean", .quantity(.duration), "Mean.", required: true),
            Key("cv", .number(0.001...100), "Coefficient of variation.", required: true),
          ]),
      ]),
  ])

  static let cache: Shape = .object([
    Key(
      "prefix", .choice(["true", "false"]), "Keep KV blocks for requests that begin alike.",
      fallback: "true where they do and batching is continuous")
  ])
}
