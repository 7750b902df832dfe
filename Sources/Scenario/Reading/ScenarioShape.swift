import Catalog
import Quantities
import Workloads

/// The scenario format, described once.
enum ScenarioShape {
  static let counts = 1...1_000_000
  static let tokens = 1...10_000_000
  static let root: Shape = .object(
    [
      Key("version", .integer(1...1), "Version of the format.", required: true),
      Key("name", .text, "Name of the scenario.", required: true),
      Key("description", .text, "What is asked."),
      Key("seed", .integer(0...Int.max), "Seed of all random streams.", fallback: "1"),
      Key(
        "duration", .quantity(.duration, atMost: "15y"),
        "Simulated traffic; left out when a trace or `requests` ends it."),
      Key(
        "warmup", .durationOrAutomatic, "Start left out of the statistics, or `auto` (MSER-5).",
        fallback: "0s"),
      Key(
        "replications", .integer(1...100_000),
        "Independent repetitions; with `until`, those before the first look.",
        fallback: "1; 10 with `until`"),
      Key("until", until, "Adds replications until a figure is known well enough."),
      Key("economics", economics, "How usage becomes money."),
      Key("workloads", .map(workload), "What is asked of the designs.", required: true),
      Key("designs", .map(design), "What is compared.", required: true),
      Key("thresholds", .list(.text), "Limits such as `p99(ttft_s) < 2`; one that fails sets exit status 1."),
      Key("sweep", sweep, "Parameter space; read by `sweep`."),
      Key("optimize", optimize, "What `optimize` varies, and what for."),
      Key("sensitivity", sensitivity, "What `sensitivity` moves."),
      Key("uncertainty", uncertainty, "Numbers that are not known for sure; read by `sensitivity`."),
      dataClasses,
      Key("templates", .anything, "Mappings that `template: NAME` below `designs` takes over, key by key."),
      Key("overlays", .list(.text), "Files of facts that stand before the catalogue's; the last one wins."),
    ] + Key.planned("clients", "random"))

  static let until: Shape = .object([
    Key("metric", .text, "The figure, such as `p99(ttft_s{workload=chat})`.", required: true),
    Key(
      "relative-half-width", .quantity(.ratio), "Half its 95 % interval over its value, at most.",
      fallback: "5%"),
    Key("max-replications", .integer(2...100_000), "Replications at most.", fallback: "200"),
  ])

  static let economics: Shape = .object(
    [
      Key("horizon", .quantity(.duration), "Span of the totals.", fallback: "3y"),
      Key("discount-rate", .quantity(.ratio), "A year, for present values.", fallback: "8%"),
      Key("currency", .choice(Exchange.codes), "Currency of all amounts.", fallback: "USD"),
      exchange,
      Key(
        "prices", .choice([usualPrices, "quoted-2026"]), "Dated price preset.", fallback: usualPrices),
      Key("against", .text, "Design that break-evens are against.", fallback: "the first that buys nothing"),
      demand, unmet,
    ])

  static let workload: Shape = .tagged(
    by: "kind",
    [
      .init(
        tag: "inference",
        keys: [
          Key(
            "model", .either([.named(.models), .object(modelShape)]),
            "A catalogue name, a shape, or {file: config.json}.", required: true),
          Key("arrivals", arrivals, "When requests are sent."),
          Key("requests", .integer(1...1_000_000_000), "Stop after this many requests."),
          Key("prompt-tokens", length, "Length of prompts."),
          Key("output-tokens", length, "Length of answers."),
          Key("trace", trace, "Recorded requests, instead of arrivals and lengths."),
          Key("slo", objectives, "Limits that a good request meets."),
          priorities,
          Key("prefix", prefix, "Beginnings that prompts have in common."),
          Key("sessions", sessions, "Conversations of several turns; arrivals are their beginnings."),
          adapters,
          workloadHours,
        ] + residencyKeys),
      trainingWorkload, collectiveWorkload, jobTraceWorkload,
    ])

  static let modelShape: [Key] = [
    Key("file", .text, "A Hugging Face config.json beside the scenario."),
    Key("layers", .integer(1...10_000), "Transformer layers."),
    Key("hidden", .integer(1...1_000_000), "Width of the residual stream."),
    Key("heads", .integer(1...10_000), "Query heads."),
    Key("kv-heads", .integer(1...10_000), "Key/value heads."),
    Key("head-size", .integer(1...10_000), "Width of a head."),
    Key("intermediate", .integer(1...10_000_000), "Width of the feed-forward block."),
    Key("vocabulary", .integer(1...10_000_000), "Tokens known."),
    Key("gated", .choice(["true", "false"]), "Whether the feed-forward block has a gate.", fallback: "true"),
    Key(
      "experts",
      .object([
        Key("count", .integer(1...100_000), "Routed experts.", required: true),
        Key("per-token", .integer(1...1_000), "Experts a token visits.", required: true),
        Key("intermediate", .integer(1...10_000_000), "Width of an expert.", required: true),
        Key("shared", .integer(0...1_000), "Experts every token visits.", fallback: "0"),
      ]), "Mixture of experts."),
  ]

  static let arrivals: Shape = .tagged(
    by: "process",
    [
      .init(tag: "poisson", keys: [rate]),
      .init(
        tag: "gamma",
        keys: [rate, Key("burstiness", .number(0.001...1000), "Shape; 1 is Poisson.", required: true)]),
      .init(
        tag: "weibull",
        keys: [rate, Key("shape", .number(0.05...100), "Shape; 1 is Poisson.", required: true)]),
      .init(tag: "constant", keys: [rate]),
      .init(
        tag: "closed-loop",
        keys: [
          Key("users", .integer(counts), "Users; all start at once.", required: true),
          Key(
            "think-time", .quantity(.duration, atMost: "30d"), "Pause before the next request.",
            fallback: "0s"),
        ]),
      .init(
        tag: "burst", keys: [Key("count", .integer(1...10_000_000), "Requests at time 0.", required: true)]),
      .init(
        tag: "diurnal",
        keys: [
          Key("mean", .quantity(.rate), "Mean rate.", required: true),
          Key(
            "peak-to-mean", .number(1...ArrivalProcess.highestPeak),
            "Peak over mean: a sinusoid up to 2, above it the exponential of one.", required: true),
          Key("period", .quantity(.duration), "Length of a day.", fallback: "1d"),
        ]),
      .init(
        tag: "schedule", keys: [Key("points", .list(.list(.text)), "[[0s, 2/s], [10m, 8/s]]", required: true)]
      ),
    ])
  static let rate = Key("rate", .quantity(.rate), "Mean rate.", required: true)

  static let bounds = [
    Key("min", .number(0...1e7), "Shorter lengths are raised to it."),
    Key("max", .number(1...1e7), "Longer lengths are cut to it."),
  ]
  static let length: Shape = .tagged(
    by: "distribution",
    [
      .init(tag: "constant", keys: [Key("value", .number(1...1e7), "Tokens.", required: true)] + bounds),
      .init(
        tag: "uniform",
        keys: [
          Key("from", .number(0...1e7), "Least.", required: true),
          Key("to", .number(1...1e7), "Most.", required: true),
        ] + bounds),
      .init(tag: "lognormal", keys: meanAndVariation + bounds),
      .init(tag: "gamma", keys: meanAndVariation + bounds),
      .init(tag: "empirical", keys: [Key("file", .text, "One length a line.", required: true)] + bounds),
    ])
  static let meanAndVariation = [
    Key("mean", .number(1...1e7), "Mean.", required: true),
    Key("cv", .number(0.001...100), "Coefficient of variation.", required: true),
  ]

  static let trace: Shape = .object([
    Key("file", .text, "Beside the scenario; plain or .gz.", required: true),
    Key(
      "format",
      .choice(["azure", "burstgpt", "mooncake", "vidur", "sharegpt", "vllm-bench", "vllm-requests"]),
      "Layout of the file.", required: true),
    Key("speed", .number(0.0001...10_000), "2 sends the same requests in half the time.", fallback: "1"),
    Key("limit", .integer(1...1_000_000_000), "Only the first rows."),
    Key("users", .integer(counts), "Users who send the rows in their order, instead of the rows' times."),
  ])

  static let objectives: Shape = .object([
    Key("ttft", .quantity(.duration), "Time to first token."),
    Key("tpot", .quantity(.duration), "Time per output token after the first."),
    Key("e2e", .quantity(.duration), "Time to the last token."),
  ])

  static let design: Shape = .object(
    [
      Key(
        "extends", .text, "Another design, whose keys hold where this one writes none; `null` takes one away."
      ),
      Key("sites", .map(site), "Where machines stand."),
      Key("pools", .map(pool), "Equal nodes, paid in one way."),
      Key("services", .map(service), "Who answers which workload."),
      Key("jobs", .map(job), "Training and collectives: work with an end."),
      Key("storage", .map(storage), "Where data and checkpoints lie."),
      Key("scheduler", scheduler, "Which jobs run when not all of them can.", fallback: "fifo"),
      staff, otherCosts, drift, events,
    ])

  static let site: Shape = .object(
    [
      Key(
        "kind", .choice(["on-prem", "colocation", "cloud", "edge"]), "What kind of place.", required: true),
      Key("provider", .text, "Who rents it out.", fallback: "that of the pool's node"),
      Key("region", .text, "Region of the provider."),
      Key(
        "electricity", .quantity(.moneyPerKilowattHour, atMost: "1000 USD/kWh"), "Price of energy.",
        fallback: "0 USD/kWh"),
      Key("pue", .number(1...10), "Power usage effectiveness.", fallback: "1.3 (on-prem), 1 (cloud)"),
      Key("lead-time", .quantity(.duration), "From order to first service.", fallback: "0s"),
      Key("rtt", .quantity(.duration, atMost: "30d"), "Round trip between clients and site.", fallback: "0s"),
    ] + siteCharges + facility + hourly + [siteLinks])

  static let pool: Shape = .object(
    [
      Key("site", .text, "Name of a site of this design.", required: true),
      Key(
        "node",
        .either([
          .named(.nodes),
          .object(
            [
              Key("accelerator", .named(.accelerators), "Its accelerator.", required: true),
              Key("accelerators", .integer(1...1024), "How many.", required: true),
            ] + housing),
        ]), "A catalogue name or {accelerator, accelerators}.", required: true),
      nodeCount,
      Key(
        "partition", .text, "A profile that every accelerator is cut by (NVIDIA MIG), such as 3g.40gb.",
        fallback: "whole"),
      Key("fabric", .either([.named(.fabrics), .object(fabric)]), "Network between the nodes."),
      Key("purchase", purchase, "Bought."),
      Key("pricing", pricing, "Rented."),
      provisioning, dailyUse, powerCap, embodiedCarbon, deliveries, acceptance,
      Key("failures", failures, "What fails while jobs run.", fallback: "as the catalogue has it"),
      Key("market", market, "Where spot capacity comes and goes.", fallback: "it stays"),
    ])

  static let service: Shape = .object(
    serviceKeys + [disaggregation, admission, speculation, lora, student, oneOff, retry, autoscale]
      + frontKeys)
  static let serviceKeys: [Key] =
    [
      Key("workload", .text, "Name of a workload.", required: true),
      Key("pool", .text, "Name of a pool of this design."),
      Key("endpoint", .named(.endpoints), "A managed endpoint."),
      endpointPricing,
      Key("engine", .named(.engines), "Serving engine.", fallback: "vllm"),
      Key(
        "engine-version", .text, "Such as 0.9.0; the engine's newest where the catalogue knows no difference."
      ),
      Key("replicas", .integer(1...100_000), "Copies of the model.", fallback: "as many as the pool holds"),
      Key(
        "parallelism",
        .object(
          [
            Key("tensor", .integer(1...1024), "Accelerators that share each layer.", fallback: "1"),
            Key("pipeline", .integer(1...256), "Groups of layers.", fallback: "1"),
            Key(
              "data", .integer(1...1024), "Ranks that attend to their own sequences and share the experts.",
              fallback: "1"),
            Key("expert", .integer(1...65_536), "Groups of experts; divides tensor × data.", fallback: "1"),
            Key(
              "expert-imbalance", .number(1...1000),
              "Tokens of the busiest group of experts over those of the mean one, where some are more "
                + "popular; what chance adds in a step comes on top.", fallback: "1"),
          ]), "How a replica is spread."),
      Key(
        "precision",
        .object([
          Key("weights", .named(.precisions), "Format of weights.", fallback: "bf16"),
          Key(
            "activations", .named(.precisions), "Format of activations.",
            fallback: "that of the weights, at least fp8"),
          Key("kv", .named(.precisions), "Format of KV entries.", fallback: "bf16"),
        ]), "Numeric formats."),
      Key(
        "batching",
        .tagged(
          by: "policy",
          [
            .init(tag: "continuous", keys: [order, prompts, receiveInterval]),
            .init(
              tag: "static",
              keys: [
                batchSize,
                Key(
                  "timeout", .quantity(.duration, atMost: "30d"), "Longest wait for a full batch.",
                  fallback: "1s"),
              ]),
            .init(
              tag: "dynamic-window",
              keys: [
                batchSize,
                Key("window", .quantity(.duration, atMost: "30d"), "Longest wait.", fallback: "5ms"),
              ]),
          ]), "How batches form.", fallback: "continuous"),
      Key("latency", latency, "How long steps take.", fallback: "estimated from the catalogue's kernels"),
      Key("max-sequences", .integer(1...100_000), "Sequences that run at once.", fallback: "the engine's"),
      Key("max-batched-tokens", .integer(1...1_000_000), "Tokens of one step.", fallback: "the engine's"),
      Key(
        "kv-blocks", .integer(1...1_000_000_000), "KV blocks, as the engine reports them.",
        fallback: "from the memory plan"),
      Key(
        "gpu-memory-utilization", .quantity(.ratio), "Share of memory the engine takes.",
        fallback: "the engine's"),
      Key("router", router, "How requests are spread.", fallback: "round-robin"),
      Key("cache", cache, "What is kept of KV blocks."),
      coldStart, circuitBreaker,
    ]
  static let prompts = Key(
    "prompts", .choice(PromptScheduling.allCases.map(\.rawValue)),
    "`chunked`: prompts fill what the decodes leave of a step; `whole`: beside others only if they fit; "
      + "`first`: decodes wait for steps of prompts alone.", fallback: "the engine's")
  static let receiveInterval = Key(
    "receive-interval", .integer(1...10_000),
    "Steps without prompts between two looks at new requests, as SGLang's --scheduler-recv-interval.",
    fallback: "1")
  static let batchSize = Key("size", .integer(1...100_000), "Requests of a batch.", required: true)
}
