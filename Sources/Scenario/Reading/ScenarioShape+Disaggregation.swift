/// Prefill and decode replicas of one service.
extension ScenarioShape {
  static let disaggregation = Key(
    "disaggregation",
    .object([
      Key("prefill", role, "Replicas that compute prompts up to the first token.", required: true),
      Key("decode", role, "Replicas that answer from the second token on.", required: true),
      Key("transfer", transfer, "How KV entries get from one to the other."),
    ]), "Prompts are prefilled by some replicas and answered by others.")

  /// Keys of a service that a role may set for itself.
  private static let roleKeys = [
    "parallelism", "max-sequences", "max-batched-tokens", "kv-blocks", "gpu-memory-utilization", "router",
  ]

  private static let role: Shape = .object(
    [
      Key("replicas", .integer(1...100_000), "Copies of the model in this role.", required: true),
      Key("pool", .text, "Name of a pool of this design.", fallback: "the service's"),
    ] + serviceKeys.filter { roleKeys.contains($0.name) } + [autoscale])

  private static let transfer: Shape = .object([
    Key(
      "fabric", .named(.fabrics), "Network between the nodes.", fallback: "that of the pool, else its NICs"),
    Key(
      "bandwidth", .quantity(.bandwidth), "Of a node, all its links together, one direction.",
      fallback: "the fabric's, for all links"),
    Key(
      "links-per-node", .integer(1...1024), "Equal links that the replicas of a node share.",
      fallback: "one an accelerator for infiniband and roce, else 1"),
    Key("latency", .quantity(.duration), "From one node's memory to another's.", fallback: "the fabric's"),
    Key(
      "overlap", .choice(["true", "false"]), "Layers leave while the prompt is being computed.",
      fallback: "false"),
    Key(
      "within-node", .choice(["scale-up", "fabric"]), "What replicas of one node use between them.",
      fallback: "scale-up"),
    Key(
      "first-token", .choice(["decode", "prefill"]),
      "Who sends the client the first token: the decode replica, once it has the KV entries, as the proxies "
        + "of vLLM and SGLang arrange it, or the prefill replica as soon as it is computed.",
      fallback: "decode"),
  ])
}
