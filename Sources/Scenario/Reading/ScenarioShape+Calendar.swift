import Economics

/// Keys of time: when capacity comes, how demand may go, how often work is done again.
extension ScenarioShape {
  static let deliveries = Key(
    "deliveries",
    .list(
      .object([
        Key("at", .quantity(.duration, atMost: "15y"), "When they come, from the start.", required: true),
        Key("count", .integer(counts), "Nodes.", required: true),
        Key(
          "price", .quantity(.money, atMost: mostMoney), "A node of this batch, where it is bought.",
          fallback: "that of the pool"),
        Key(
          "if-demand", .number(0...1e9),
          "Ordered only if demand has reached this multiple of the workloads' own by then.",
          fallback: "whatever demand is"),
      ])), "Nodes that come in batches, `count` in all; each is ordered the site's lead time before.",
    fallback: "all at once, the lead time after the start")

  static let acceptance = Key(
    "acceptance", .quantity(.duration, atMost: "5y"), "From delivery to the first day of use.", fallback: "0s"
  )

  private static let growth = Key(
    "growth", .quantity(.growth), "Compounds from the start; below 0 it shrinks.", fallback: "none")
  private static let launches = Key(
    "launches",
    .list(
      .object([
        Key("at", .quantity(.duration), "From the start.", required: true),
        Key("factor", .number(0...1000), "All demand after it, times so much.", required: true),
      ])), "Steps of demand.")
  private static let most = Key(
    "most", .number(0.001...1000), "Multiple of the simulated demand at which growth ends.")
  private static let ramp = Key(
    "ramp", .quantity(.duration), "Demand rises evenly to its level in it.", fallback: "0s")

  private static let seasons = Key(
    "seasons", .list(.number(0...1000)),
    "Factors of consecutive months, over and over: twelve for the months of a year.")

  static let demand = Key(
    "demand",
    .object([
      growth, launches, most, ramp, seasons,
      Key(
        "scenarios",
        .map(.either([.quantity(.growth), .object([growth, launches, most, ramp, seasons])])),
        "Other ways in which demand may go, by name: every design is held against the best one in each."),
      Key(
        "windows", .integer(1...9),
        "Levels of demand that are simulated; months between them are interpolated.",
        fallback: "3"),
      Key(
        "simulate", .choice(["windows", "every-month"]),
        "`every-month` simulates the level of each month for the run's duration and interpolates nothing.",
        fallback: "windows"),
    ]), "How demand changes over the horizon, as a multiple of what is simulated.", fallback: "steady")

  static let unmet = Key(
    "unmet",
    .object([
      Key("per-request", .quantity(.money, atMost: "1000000 USD"), "A request that is not answered well."),
      Key(
        "per-million-tokens", .quantity(.money, atMost: "1000000 USD"),
        "A million output tokens of such requests."),
    ]), "What demand that is not met is worth; counted in regret.", fallback: "nothing")

  static let drift = Key(
    "drift",
    .object([
      Key(
        "repeats", .quantity(.ratio),
        "Requests asked again over the others, so much more with each month since the last training.",
        required: true),
      Key("most", .quantity(.ratio), "It stays at this.", fallback: "100%"),
      Key(
        "retrained", .quantity(.duration), "From one training to the next, the first at the start.",
        fallback: "never"),
    ]), "How a model that is left alone gets worse: an assumption.", fallback: "it does not")

  static let jobRuns = Key(
    "runs",
    .object([
      Key("every", .quantity(.duration, atMost: "15y"), "From one run to the next.", required: true),
      Key(
        "repeated", .quantity(.ratio), "Of the runs, that are made a second time.", fallback: "0%"),
    ]), "How often the job is run over the horizon; counts in cost alone.", fallback: "once")
}
