/// Services on several pools, lines between sites, and where data may go.
extension ScenarioShape {
  static let frontKeys = [placement, overflow, entry, bytesPerToken, failover]

  static let placement = Key(
    "placement", .list(member),
    "Pools and endpoints that answer together, in the order in which they are asked; keys of a member stand "
      + "over those of the service.")

  /// Keys of a service that a member may set for itself.
  private static let memberKeys = [
    "pricing", "engine", "engine-version", "replicas", "parallelism", "precision", "batching", "latency",
    "max-sequences", "max-batched-tokens", "kv-blocks", "gpu-memory-utilization", "router", "cache",
    "cold-start", "circuit-breaker",
  ]

  private static let member: Shape = .object(
    [
      Key("pool", .text, "Name of a pool of this design."),
      Key("endpoint", .named(.endpoints), "A managed endpoint."),
      spillAt,
      Key(
        "standby", .choice(FrontSettings.Standby.allCases.map(\.rawValue)),
        "It takes requests only while another member is out: `warm` ones are up, `cold` ones start then."),
      autoscale,
    ] + serviceKeys.filter { memberKeys.contains($0.name) })

  private static let spillAt = Key(
    "spill-at", .number(0...1e9),
    "Requests of its queue for each of its replicas, above which the next member is asked.", fallback: "5")

  static let overflow = Key(
    "overflow",
    .either([
      .choice(FrontSettings.Policy.allCases.map(\.rawValue)),
      .object([
        Key(
          "policy", .choice(FrontSettings.Policy.allCases.map(\.rawValue)),
          "`order`: the first whose queue is short; `forecast`: the first that is expected to meet the SLO's "
            + "TTFT; `cost`: the cheapest of those; `share`: drawn by weight; `nearest`: as `order`, "
            + "from the shortest way on.", fallback: "order; share where shares are given"),
        spillAt,
        Key(
          "counts", .choice(FrontSettings.Queue.allCases.map(\.rawValue)),
          "What a queue is: requests that wait, or those that run too.", fallback: "waiting"),
        Key(
          "factor", .number(0.01...1000),
          "Of the SLO's TTFT that forecasts are held against, for `forecast` and `cost`: below 1 leaves room "
            + "for forecasts that are wrong.", fallback: "1"),
        Key("share", .map(.quantity(.ratio)), "Of the requests, by pool or endpoint; they sum to 100 %."),
      ]),
    ]), "Which member of `placement` gets a request.", fallback: "order")

  static let failover = Key(
    "failover",
    .object([
      Key(
        "start", .quantity(.duration, atMost: "30d"),
        "From the call of a cold standby to its first request: its machines, its weights, its engine.",
        required: true)
    ]), "How members on standby come in; when it is noticed that another one is out is the health check's.")

  static let entry = Key(
    "enters", .text, "Site that requests come in at.", fallback: "that of the first member")

  static let bytesPerToken = Key(
    "bytes-per-token", .number(0.01...1e6),
    "What a token of a prompt or an answer takes on a line between sites.", fallback: "4")

  /// Of a service's router.
  static let fallback = Key(
    "fallback", .list(.text), "Pools and endpoints of `placement` in the order in which they are asked.")

  static let siteLinks = Key(
    "links",
    .map(
      .object([
        Key("bandwidth", .quantity(.bandwidth), "In each direction.", required: true),
        Key("latency", .quantity(.duration, atMost: "1m"), "One way.", required: true),
      ])),
    "Lines to other sites of this design; the other direction is alike where that site gives none.")

  static let residencyKeys = [
    Key(
      "residency", .either([.text, .list(.text)]),
      "Where it may be: names of sites, regions, kinds of sites, providers or endpoints.",
      fallback: "anywhere"),
    Key("data-class", .text, "One of `data-classes`, whose places hold as well."),
  ]

  static let dataClasses = Key(
    "data-classes", .map(.list(.text)),
    "Kinds of data, and where each may be: names of sites, regions, kinds of sites, providers or endpoints.")

  static let stageIn = Key(
    "stage-in",
    .object([
      Key("from", .text, "Name of a site of this design.", required: true),
      Key("size", .quantity(.bytes), "Bytes.", required: true),
    ]), "Data that is moved to the job's site before it starts.",
    fallback: "the dataset, where it lies at a site with a line to the job's")
}
