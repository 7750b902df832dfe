import Workloads

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
      fallback: "true where they do and batching is continuous"),
    Key("tiers", .list(tier), "Places for blocks that the accelerator had to give up, the fastest first."),
    Key(
      "load", .choice(LoadPolicy.allCases.map(\.rawValue)),
      "Load from below when sooner than computing, or whenever it is there.", fallback: "cheaper"),
  ])

  static let router: Shape = .either([
    .choice(RouterKind.allCases.map(\.rawValue)),
    .tagged(
      by: "policy",
      [
        .init(tag: "round-robin", keys: [fallback, healthCheck]),
        .init(tag: "least-loaded", keys: [fallback, healthCheck]),
        .init(tag: "power-of-two", keys: [fallback, healthCheck]),
        .init(
          tag: "prefix-aware",
          keys: [
            fallback, healthCheck,
            Key(
              "threshold", .quantity(.ratio), "Least share of a prompt that counts as sent before.",
              fallback: "30%"),
            Key(
              "max-imbalance", .integer(0...1_000_000),
              "Requests by which the busiest replica may exceed the least busy one.", fallback: "64"),
            Key(
              "max-imbalance-ratio", .number(1...1000), "And the factor; both must be exceeded.",
              fallback: "1.5"),
          ]),
        .init(
          tag: "adapter-aware",
          keys: [
            fallback, healthCheck,
            Key(
              "max-imbalance", .integer(0...1_000_000),
              "Requests by which the replica with the adapter may exceed the least busy one.", fallback: "8"),
            Key(
              "max-imbalance-ratio", .number(1...1000), "And the factor; both must be exceeded.",
              fallback: "1.5"),
          ]),
        .init(
          tag: "kv-aware",
          keys: [
            fallback, healthCheck,
            Key(
              "staleness", .quantity(.duration), "How old what it knows of the replicas may get.",
              fallback: "0s"),
            Key(
              "overlap-weight", .number(0...1000),
              "Weight of a prompt token to compute against one that a replica has in hand.", fallback: "1"),
          ]),
      ]),
  ])

  static let tier: Shape = .object([
    Key(
      "kind", .choice(TierSettings.Kind.allCases.map(\.rawValue)),
      "A replica's own, or (remote) shared by all replicas.", required: true),
    Key("capacity", .quantity(.bytes), "For KV entries.", required: true),
    Key("bandwidth", .quantity(.bandwidth), "From the tier to one replica.", required: true),
    Key("latency", .quantity(.duration), "From asking to the first byte.", fallback: "0s"),
  ])
}
