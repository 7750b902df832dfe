import Catalog

/// Who is let in, and who is served first.
extension ScenarioShape {
  static let order = Key(
    "order", .choice(QueueOrderNames.all),
    "Who is served first: by arrival, by the workload's `priorities`, or the shortest prompt.",
    fallback: "fcfs")

  static let priorities = Key(
    "priorities",
    .map(
      .object([
        Key("share", .quantity(.ratio), "Of the workload's requests; shares sum to 100 %.", required: true),
        Key(
          "priority", .text, "A whole number, lower ones first, or high (-1), normal (0), low (1).",
          required: true),
      ])), "Classes of requests, drawn at random and reported apart, as `WORKLOAD/CLASS`.")

  static let admission = Key(
    "admission",
    .object([
      Key(
        "policy", .choice(["all", "slo-aware"]),
        "`slo-aware` turns away requests whose predicted TTFT is past the workload's.", fallback: "all"),
      Key(
        "factor", .number(0.01...1000), "Of the SLO's TTFT, for `slo-aware`.", fallback: "1"),
      Key("rate-limit", .quantity(.rate), "Requests that pass in the long run."),
      Key("burst", .integer(counts), "Requests that pass at once after a pause.", fallback: "1s of the rate"),
      Key(
        "retry-after", .quantity(.duration, atMost: "30d"),
        "What closed-loop users wait at least after a refusal.",
        fallback: "1s"),
    ]), "Who is let in at the door.")
}
