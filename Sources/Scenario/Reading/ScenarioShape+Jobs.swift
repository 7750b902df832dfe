import Catalog
import Infrastructure
import Workloads

/// Work with an end: training, collectives; what feeds and what interrupts it.
extension ScenarioShape {
  static let batch = 1...1_000_000_000

  static let trainingWorkload = Shape.Variant(
    tag: "training",
    keys: [
      Key(
        "model", .either([.named(.models), .object(modelShape)]),
        "A catalogue name, a shape, or {file: config.json}.", required: true),
      Key("sequence", .integer(1...10_000_000), "Tokens of a sequence.", required: true),
      Key("global-batch", .integer(batch), "Sequences of a step, over all accelerators.", required: true),
      Key("steps", .number(1...1e12), "Ends after so many steps."),
      Key("tokens", .number(1...1e18), "Ends after so many tokens."),
      Key("duration", .quantity(.duration, atMost: "15y"), "Ends after so much work that counts."),
      Key(
        "precision", .choice(TrainingPrecision.allCases.map(\.rawValue)), "Of matrix products.",
        fallback: "bf16"),
      Key("trained", .choice(["all", "lora"]), "Which weights.", fallback: "all"),
      Key("lora-rank", .integer(1...100_000), "Rank of the adapters.", fallback: "16"),
      Key("deadline", .quantity(.duration, atMost: "15y"), "When it must be done, from its submission."),
      Key(
        "data",
        .object([
          Key("sample-size", .quantity(.bytes), "Bytes of a sample.", required: true),
          Key(
            "samples-per-step", .number(1...1e12), "Samples that a step reads.",
            fallback: "the global batch"),
          Key("dataset", .quantity(.bytes), "Bytes of all samples."),
          Key(
            "samples-per-file", .number(1...1e12), "Samples that one opened file gives.",
            fallback: "so many that opening takes no time"),
          Key(
            "zipf", .number(0...5), "Each read draws a sample (or a file) by Zipf's law of this exponent.",
            fallback: "each once an epoch, in a new order"),
          Key("storage", .text, "Name of a storage of each design."),
          Key("workers", .integer(1...1024), "Processes that read for an accelerator.", fallback: "4"),
          Key("prefetch", .integer(1...1_000_000), "Batches read ahead.", fallback: "8"),
        ]), "What steps read from storage."),
      jobStart, jobPriority,
    ] + residencyKeys)

  static let collectiveWorkload = Shape.Variant(
    tag: "collective",
    keys: [
      Key(
        "operation",
        .choice(CollectiveOperation.allCases.filter { $0 != .sendReceive }.map(\.rawValue)),
        "What is timed.", required: true),
      Key("sizes", .list(.quantity(.bytes)), "Message sizes: what a rank holds in all.", required: true),
      Key(
        "algorithm", .choice(CollectiveAlgorithm.allCases.map(\.rawValue)), "By name; `auto` is the fastest.",
        fallback: "auto"),
    ])

  static let jobTraceWorkload = Shape.Variant(
    tag: "job-trace",
    keys: [
      Key("file", .text, "Beside the scenario; plain or .gz.", required: true),
      Key("format", .choice(JobTraceFormat.allCases.map(\.rawValue)), "Layout of the file.", required: true),
      Key("limit", .integer(1...10_000_000), "Only the first jobs."),
      Key("speed", .number(0.0001...10_000), "2 has them come in half the time.", fallback: "1"),
      Key(
        "step-time", .quantity(.duration, atMost: "1d"), "Of a training step, for formats that count steps.",
        fallback: "1s"),
      Key(
        "partitions", .choice(["true", "false"]),
        "Shares are rounded up to what a partitioned GPU offers (MIG).",
        fallback: "false"),
      Key(
        "preemption-cost", .quantity(.duration, atMost: "30d"),
        "What a preempted job of it does again, the restart included.", fallback: "5m"),
    ])

  static let jobStart = Key(
    "start", .clockOrDuration(atMost: "15y"),
    "When it is submitted: so long after the start, or at a time of day of the first day.", fallback: "0s")
  static let jobPriority = Key(
    "priority", .words(JobPriority.names, or: .integer(-1_000_000...1_000_000)),
    "Higher goes first; `low` is -100, `normal` 0 and `high` 100.", fallback: "normal")

  static let job: Shape = .object([
    Key("workload", .text, "Name of a training or collective workload.", required: true),
    Key("pool", .text, "Name of a pool of this design.", required: true),
    Key("accelerators", .integer(counts), "How many.", fallback: "all of the pool"),
    Key(
      "parallelism",
      .either([
        .choice(["auto"]),
        .object(
          ["tensor", "pipeline", "virtual-pipeline", "context", "expert"].map {
            Key($0, .integer(1...1_000_000), "Ranks.", fallback: "1")
          } + [
            Key("data", .text, "Replicas, or `auto`.", fallback: "auto"),
            Key("schedule", .choice(TrainingLayout.Schedule.allCases.map(\.rawValue)), "Of the pipeline."),
            Key("sequence-parallel", .choice(["true", "false"]), "Norms split among the tensor ranks."),
            Key(
              "shard-ranks", .integer(1...1_000_000), "Ranks that share the state, with copies beside them."),
          ]),
      ]), "How the model lies on them; `auto` is the fastest that fits.", fallback: "auto"),
    Key("microbatch", .integer(1...1_000_000), "Sequences that go through together.", fallback: "1"),
    Key("precision", .choice(TrainingPrecision.allCases.map(\.rawValue)), "Of matrix products."),
    Key(
      "recompute", .choice(TrainingLayout.Recompute.allCases.map(\.rawValue)),
      "Activations computed again for the backward pass.", fallback: "none"),
    Key("optimizer-sharding", .integer(0...3), "ZeRO stage; FSDP is 3.", fallback: "1"),
    Key("framework", .text, "Such as megatron-core.", fallback: "default"),
    Key("checkpoint", checkpoint, "When and where the state is saved.", fallback: "none"),
    Key("data", .text, "Storage that the samples lie on."),
    stageIn,
    Key(
      "restart", .quantity(.duration, atMost: "30d"),
      "From a failure to the first new step, beside reading the checkpoint.", fallback: "5m"),
    jobStart, jobPriority,
    Key(
      "preemptible", .choice(["true", "false"]), "Services that scale up may take its accelerators.",
      fallback: "false"),
    Key("user", .text, "Who submits it; fair shares are theirs."),
    jobRuns,
  ])

  static let coldStart = Key(
    "cold-start",
    .object([
      Key(
        "from", .text, "Storage that the weights lie on.",
        fallback: "they are in place: only replicas that start again take `engine-start`"),
      Key(
        "at", .quantity(.duration, atMost: "15y"), "When replicas begin to read; requests before wait too.",
        fallback: "0s"),
      Key(
        "engine-start", .quantity(.duration, atMost: "30d"),
        "From the weights in place to the first request taken.", fallback: "0s"),
    ]), "Replicas read their weights from storage before they answer.")

  static let scheduler: Shape = .object([
    Key(
      "policy", .choice(SchedulerSettings.Policy.allCases.map(\.rawValue)), "Which job runs next.",
      fallback: "fifo"),
    Key(
      "placement", .choice(PlacementRule.allCases.map(\.rawValue)), "How it is laid out.",
      fallback: "packed"),
    Key(
      "quotas", .map(.integer(0...1_000_000_000)), "Accelerators that a user may hold, by name.",
      fallback: "no limit"),
    Key(
      "weights", .map(.number(0.000_001...1_000_000)), "What a user's share weighs, by name.", fallback: "1"),
    Key(
      "lends", .choice(["true", "false"]),
      "Accelerators that nobody within its quota wants go to users beyond theirs.", fallback: "false"),
  ])

  static let checkpoint: Shape = .either([
    .choice(["none"]),
    .object([
      Key("every", .text, "A duration, or `young`, `daly`, `optimal`.", required: true),
      Key("to", .text, "Storage where it is safe."),
      Key("local", .text, "Storage of the node itself, written first."),
      Key("streams", .integer(1...4096), "Parts that each process sends or fetches at once.", fallback: "8"),
      Key(
        "keep", .integer(1...1_000_000), "Newest ones that stay on `to`; older ones are deleted.",
        fallback: "1"),
      Key("remote-every", .integer(1...1_000_000), "Each k-th local one goes on to `to`.", fallback: "1"),
      Key(
        "asynchronous", .choice(["true", "false"]), "Work goes on while it is written.", fallback: "false"),
      Key(
        "on-notice", .choice(["true", "false"]), "Also when a preemption is announced.", fallback: "false"),
    ]),
  ])

  static let storage: Shape = .object(
    [
      Key(
        "kind", .text, "A catalogue name, or nvme, parallel-file-system, object-store, archive.",
        required: true
      ),
      Key("site", .text, "Name of a site of this design."),
      Key("price", .text, "A catalogue entry whose prices and limits hold, such as s3-standard."),
      Key(
        "nodes", .integer(1...1_000_000), "Equal stores side by side: bandwidths times so many.",
        fallback: "1"),
      Key("read-bandwidth", .quantity(.bandwidth), "Of all clients."),
      Key("write-bandwidth", .quantity(.bandwidth), "Of all clients."),
      Key("client-bandwidth", .quantity(.bandwidth), "Of one node."),
      Key(
        "connection-bandwidth", .quantity(.bandwidth),
        "Of one connection: a reader, or a stream of a checkpoint."),
      Key("latency", .quantity(.duration), "To the first byte."),
      Key("read-rate", .quantity(.rate), "Reads of all clients (IOPS).", fallback: "as the catalogue has it"),
      Key("write-rate", .quantity(.rate), "Writes of all clients.", fallback: "as the catalogue has it"),
      storageCache,
      Key(
        "metadata-rate", .quantity(.rate), "Files opened, all clients.", fallback: "as the catalogue has it"),
    ] + storageUse)

  static let fabric: [Key] = [
    Key(
      "kind", .text, "A catalogue name, or infiniband, roce, ethernet, efa with a `link-bandwidth`.",
      required: true),
    Key("link-bandwidth", .quantity(.bandwidth), "Of one link, one direction."),
    Key("links-per-node", .integer(1...1024), "Interfaces of a node.", fallback: "one an accelerator"),
    Key("rails", .integer(1...1024), "The same, each on a rail of its own."),
    Key("latency", .quantity(.duration, atMost: "1s"), "From node to node, of a small message."),
    Key(
      "topology", .choice(FabricSettings.Topology.allCases.map(\.rawValue)), "How switches join them.",
      fallback: "fat-tree"),
    Key("oversubscription", .number(1...100), "Bandwidth below a leaf over that above it.", fallback: "1"),
    Key("nodes-per-leaf", .integer(1...10_000), "Nodes that share a leaf switch.", fallback: "16"),
    Key(
      "tiers", .integer(2...3), "Tiers of switches of a fat-tree.",
      fallback: "2; 3 where a switch has fewer ports than there are leaves"),
    Key(
      "leaves-per-pod", .integer(1...10_000), "Leaves that share aggregation switches, of 3 tiers.",
      fallback: "half the ports of a switch"),
    Key(
      "pod-oversubscription", .number(1...100),
      "Bandwidth below the aggregation switches of a pod over that above them.", fallback: "1"),
    Key(
      "routing", .choice(FabricSettings.Routing.allCases.map(\.rawValue)), "Which path a flow takes.",
      fallback: "adaptive (infiniband, efa), ecmp"),
    Key("in-network-reduction", .choice(["true", "false"]), "Switches reduce (SHARP).", fallback: "false"),
  ]

  static let failures: Shape = .either([
    .choice(["none", "catalogue"]),
    .object([
      Key("node-mtbf", .quantity(.duration), "Mean time between failures of a node."),
      Key("accelerator-mtbf", .quantity(.duration), "Of an accelerator."),
      Key("software-mtbf", .quantity(.duration), "Of the program, on each node."),
      Key("repair", .quantity(.duration), "Mean time to repair a node.", fallback: "4h"),
      Key("spares", .integer(0...1_000_000), "Nodes that no job may count on.", fallback: "0"),
      Key("crews", .integer(1...1_000_000), "Repairs at once.", fallback: "as many as fail"),
      Key(
        "shape", .number(0.1...20),
        "Weibull shape of the lifetimes of hardware: below 1 it fails young, above 1 it wears out.",
        fallback: "1, no memory"),
      Key("record", .text, "Entry of the catalogue's `reliability`.", fallback: "llama-3-405b"),
    ]),
  ])

  static let market: Shape = .object([
    Key(
      "availability", .either([.text, .list(.text), .object(stochasticMarket)]),
      "Trace files (SkyPilot's JSON), one a zone, or a law.", required: true),
    Key("notice", .quantity(.duration, atMost: "1d"), "From the warning to the loss.", fallback: "120s"),
    Key(
      "fallback", .choice(MarketSettings.Fallback.allCases.map(\.rawValue)),
      "What the job does without capacity.", fallback: "wait"),
    Key(
      "price",
      .object([
        Key("deviation", .number(0...3), "Standard deviation of its logarithm.", required: true),
        Key("memory", .quantity(.duration), "After which a deviation has faded to 1/e.", fallback: "1d"),
        Key("step", .quantity(.duration), "From one price to the next.", fallback: "1h"),
      ]), "The spot price of each zone wanders about the pool's.", fallback: "the pool's, all the time"),
    Key("on-demand-price", .quantity(.moneyPerHour), "A node-hour.", fallback: "that of the price list"),
    Key(
      "stride", .quantity(.duration), "Each replication starts so much later in the traces.", fallback: "7h"),
  ])

  static let stochasticMarket = [
    Key("zones", .integer(1...100), "Zones to choose from.", fallback: "1"),
    Key("up", .quantity(.duration), "Mean time with capacity.", required: true),
    Key("down", .quantity(.duration), "Mean time without.", required: true),
    Key("burstiness", .number(0.01...1000), "Squared coefficient of variation of both.", fallback: "4"),
    Key(
      "region",
      .object([
        Key("up", .quantity(.duration), "Mean time with capacity.", required: true),
        Key("down", .quantity(.duration), "Mean time without.", required: true),
      ]), "Shortages that all zones have together, beside their own.", fallback: "none"),
  ]
}
