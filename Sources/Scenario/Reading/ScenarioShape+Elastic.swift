/// Pools whose nodes come and go, and routers that stop sending.
extension ScenarioShape {
  static let nodeCount = Key(
    "count",
    .either([
      .integer(counts),
      .object([
        Key("min", .integer(0...1_000_000), "Nodes held at least.", fallback: "0"),
        Key("max", .integer(counts), "Nodes at most.", required: true),
      ]),
    ]),
    "Nodes; with `min` and `max` they are taken when replicas need them and given back when none stands on "
      + "them.", required: true)

  static let circuitBreaker = Key(
    "circuit-breaker",
    .object([
      Key(
        "errors", .quantity(.ratio), "Share of a replica's requests that fail, from which on it gets none.",
        required: true),
      Key(
        "window", .quantity(.duration, atMost: "1d"), "Over which the share is taken.", fallback: "10s"),
      Key(
        "cool-down", .quantity(.duration, atMost: "1d"),
        "Then one request tries the replica, and the rest follow when it is answered.", fallback: "30s"),
    ]), "When the router stops sending to a replica by what it sees of its requests.",
    fallback: "only the health check tells")
}
