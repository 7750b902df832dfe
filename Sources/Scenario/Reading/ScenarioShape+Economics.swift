import Economics

/// Keys of money.
extension ScenarioShape {
  static let mostMoney = "1000000000 USD"

  static let purchase: Shape = .object([
    Key(
      "price", .quantity(.money, atMost: mostMoney), "A node.", fallback: "that of the catalogue"),
    Key("life", .quantity(.duration), "Written off over.", fallback: "5y"),
    Key("residual", .quantity(.ratio, atMost: "100%"), "Value left at the end.", fallback: "0%"),
    Key(
      "depreciation", .choice(Depreciation.allCases.map(\.rawValue)), "How the price is written off.",
      fallback: "straight-line"),
    Key(
      "refresh",
      .object([
        Key(
          "every", .quantity(.duration), "Replaced then, and sold for its book value.", fallback: "its life"),
        Key("price", .quantity(.ratio), "Price of what replaces it over its own.", fallback: "100%"),
      ]), "What comes after it."),
    Key("support", .quantity(.yearlyShare), "Contract, a share of the price.", fallback: "0%/y"),
    Key(
      "running", .quantity(.moneyPerHour, atMost: "1000000 USD/h"),
      "Of a node-hour in use, beside the site's electricity.", fallback: "0 USD/h"),
    Key(
      "financing",
      .object([
        Key("rate", .quantity(.ratio), "Interest a year.", required: true),
        Key("term", .quantity(.duration), "Paid back in.", required: true),
        Key("deposit", .quantity(.ratio, atMost: "100%"), "Paid with the order.", fallback: "0%"),
      ]), "A loan, paid back in equal payments by the month."),
    Key(
      "lease",
      .object([
        Key("term", .quantity(.duration), "Then it goes back and the next comes.", required: true),
        Key(
          "payment", .quantity(.moneyPerMonth, atMost: "1000000000 USD/month"), "A node.",
          fallback: "from the price, the rate and the residual value"),
        Key("rate", .quantity(.ratio), "Interest a year.", fallback: "8%"),
      ]), "Leased instead of bought."),
    Key(
      "fabric", .choice(["bought", "included"]),
      "Whether the network that the pool names is bought beside the nodes or part of their price.",
      fallback: "bought"),
  ])

  private static let pricingKeys = [
    Key(
      "price", .quantity(.moneyPerHour, atMost: "1000000 USD/h"), "A node-hour, or USD/gpu-hour.",
      fallback: "that of the plan in the price list"),
    Key(
      "plan", .choice(["on-demand", "reserved-1y", "reserved-3y", "spot"]), "Terms of the price list.",
      fallback: "on-demand"),
    Key(
      "discount", .quantity(.ratio, atMost: "100%"), "Off the price, as for a savings plan.", fallback: "0%"),
    Key(
      "commitment", .quantity(.duration), "Paid for whatever is used: 3y, or 14d for a capacity block.",
      fallback: "that of the plan"),
    Key(
      "upfront", .quantity(.ratio, atMost: "100%"), "Of what is committed, paid at its start.", fallback: "0%"
    ),
  ]

  static let pricing: Shape = .either([
    .choice(["on-demand", "reserved-1y", "reserved-3y", "spot"]),
    .object(pricingKeys),
    .list(
      .object(
        pricingKeys + [Key("share", .quantity(.ratio), "Of the pool's nodes.")]
          + plans.map {
            Key($0, .quantity(.ratio), "Share of the pool's nodes: short for `plan: \($0), share: …`.")
          })),
  ])

  /// Plans of the price list.
  static let plans = ["on-demand", "reserved-1y", "reserved-3y", "spot"]

  static let provisioning = Key(
    "provisioning",
    .object([
      Key("delay", .quantity(.duration, atMost: "365d"), "Of one attempt to get capacity.", required: true),
      Key("stock-out", .quantity(.ratio), "Chance that there is none.", fallback: "0%"),
    ]), "How long rented capacity takes to come.")

  static let dailyUse = Key(
    "daily-use", .quantity(.duration, atMost: "24h"),
    "Of a day, that its nodes are switched on; rent by the hour and energy follow, and requests of other "
      + "hours are not met.", fallback: "24h")

  static let workloadHours = Key(
    "daily-use", .quantity(.duration, atMost: "24h"),
    "Of a day, that its requests come as simulated, in the hours in which pools are on; else none come.",
    fallback: "24h")

  static let siteCharges = [
    Key(
      "space", .quantity(.moneyPerKilowattMonth, atMost: "100000 USD/kW-month"),
      "Space and cooling (colocation), for each kW of the machines' full draw.", fallback: "0 USD/kW-month"),
    Key(
      "demand-charge", .quantity(.moneyPerKilowattMonth, atMost: "100000 USD/kW-month"),
      "For each kW of the highest draw at the meter.", fallback: "0 USD/kW-month"),
    Key(
      "egress", .quantity(.moneyPerGigabyte, atMost: "1000 USD/GB"), "Price of data that leaves.",
      fallback: "0 USD/GB"),
    Key("egress-volume", .quantity(.bytes), "Leaves in a month, beside what storage says.", fallback: "0GB"),
  ]

  static let storageUse = [
    Key(
      "holds", .quantity(.bytes), "Data kept, paid by the month.",
      fallback: "the data sets that jobs read from it"),
    Key("retrieves", .quantity(.bytes), "Read back in a month, where reading costs.", fallback: "0GB"),
    Key("leaves", .quantity(.bytes), "Leaves the provider in a month.", fallback: "0GB"),
    Key("reads", .number(0...1e15), "Requests a month.", fallback: "0"),
    Key("writes", .number(0...1e15), "Requests a month.", fallback: "0"),
  ]

  static let endpointPricing = Key(
    "pricing",
    .object([
      Key("input", .quantity(.money, atMost: "1000000 USD"), "A million prompt tokens."),
      Key("output", .quantity(.money, atMost: "1000000 USD"), "A million generated tokens."),
      Key("per-request", .quantity(.money, atMost: "1000000 USD"), "A request, beside its tokens."),
      Key(
        "provisioned", .quantity(.moneyPerHour, atMost: "1000000 USD/h"),
        "A unit of throughput that is paid for whatever is used; tokens are part of it."),
      Key("units", .integer(1...1_000_000), "Units of it.", fallback: "1"),
      Key(
        "tokens-per-minute", .number(1...1e12),
        "What a unit passes, prompt and generated tokens; more is turned away."),
    ]), "What an endpoint is paid by, instead of the catalogue's price of tokens.")

  static let staff = Key(
    "staff",
    .object([
      Key("fte", .number(0...100_000), "Full-time equivalents."),
      Key(
        "salary", .quantity(.moneyPerYear, atMost: "1000000000 USD/y"), "Full cost a year.", required: true),
      Key(
        "owned-nodes-per-person", .number(0.01...1e6),
        "Instead of `fte`: whole people by what they look after."),
      Key("rented-nodes-per-person", .number(0.01...1e6), "The same for rented nodes."),
      Key("endpoints-per-person", .number(0.01...1e6), "The same for managed endpoints."),
      Key("minimum", .integer(0...100_000), "As many in any case.", fallback: "0"),
      Key(
        "software", .quantity(.moneyPerYear, atMost: "1000000000 USD/y"), "Tools for each person.",
        fallback: "0 USD/y"),
    ]), "People who run the design.")

  static let otherCosts = Key(
    "costs",
    .map(
      .object([
        Key("once", .quantity(.money, atMost: mostMoney), "Paid at the start."),
        Key("monthly", .quantity(.moneyPerMonth, atMost: "1000000000 USD/month"), "Paid every month."),
        Key("yearly", .quantity(.moneyPerYear, atMost: "1000000000 USD/y"), "Paid by the month."),
        Key("quantity", .number(0...1e9), "How many of it.", fallback: "1"),
        Key(
          "category", .choice(Charge.Service.allCases.map(\.rawValue)), "FOCUS service category.",
          fallback: "Other"),
        Key("source", .text, "Where the price comes from.", fallback: "scenario"),
        Key(
          "follows-demand", .choice(["true", "false"]), "Whether it grows with demand.", fallback: "false"),
      ])), "What no other key speaks of: licences, monitoring, migration.")
}
