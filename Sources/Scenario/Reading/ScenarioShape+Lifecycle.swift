/// What is out and when, and what becomes of requests whose replica falls.
extension ScenarioShape {
  static let healthCheck = Key(
    "health-check",
    .object([
      Key("interval", .quantity(.duration, atMost: "1d"), "From one probe to the next.", fallback: "10s"),
      Key(
        "threshold", .integer(1...1000), "Failed probes before the router gives a replica up.",
        fallback: "3"),
    ]), "How the router learns that a replica is gone; until then it sends requests there.",
    fallback: "as a Kubernetes readiness probe")

  static let retry = Key(
    "retry",
    .object([
      Key(
        "attempts", .integer(0...100), "Hand-overs beyond the first; then a request has failed.",
        required: true),
      Key(
        "backoff", .quantity(.duration, atMost: "1d"), "Before the first of them; it doubles with each.",
        fallback: "0s"),
      Key(
        "jitter", .choice(["full", "none"]), "`full`: evenly between 0 and the backoff.", fallback: "none"),
      Key(
        "budget", .quantity(.ratio), "Retries at most, of all requests sent so far.", fallback: "no limit"),
    ]), "What becomes of requests whose replica falls.", fallback: "handed over again as often as it takes")

  static let autoscale = Key(
    "autoscale",
    .object([
      Key("min", .integer(0...100_000), "Replicas at least.", fallback: "1"),
      Key("max", .integer(1...100_000), "Replicas at most.", required: true),
      Key(
        "metric", .choice(AutoscaleSettings.Measure.allCases.map(\.rawValue)),
        "Of one replica: requests that wait, requests inside, or the share of KV blocks in use.",
        fallback: "queue-depth"),
      Key("target", .number(0.001...1e6), "What one replica should have of it.", required: true),
      Key("interval", .quantity(.duration, atMost: "1d"), "From one look to the next.", fallback: "15s"),
      Key(
        "stabilization", .quantity(.duration, atMost: "30d"),
        "Scales down to the most that was wanted within so long.", fallback: "5m"),
      Key(
        "provisioning", .quantity(.duration, atMost: "30d"),
        "From the decision until accelerators are there.", fallback: "0s"),
      Key(
        "cold-start", .text, "`from-storage`, as the service's own `cold-start`, or how long a start takes.",
        fallback: "as the service's"),
    ]), "Replicas by what there is to do, as Kubernetes' horizontal pod autoscaler.",
    fallback: "`replicas`, always")

  static let events = Key(
    "events",
    .list(
      .object([
        Key("at", .quantity(.duration, atMost: "15y"), "When, from the start of the run.", required: true),
        Key("site", .text, "A site of this design: all of its pools."),
        Key("pool", .text, "A pool of this design."),
        Key("node", .integer(0...1_000_000), "Of that pool, counted from 0, instead of all of it."),
        Key("fails", .choice(["true"]), "Everything there is out."),
        Key("workload", .text, "A workload that sends more or less for that time, with `rate`."),
        Key("rate", .number(0.001...1000), "How many times as much as usual."),
        Key("for", .quantity(.duration, atMost: "15y"), "How long.", required: true),
      ])), "What is known to be out, and when.")
}
