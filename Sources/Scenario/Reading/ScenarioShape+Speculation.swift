import Catalog

/// Smaller models: beside the large one, or instead of it.
extension ScenarioShape {
  static let speculation = Key(
    "speculation",
    .object([
      Key("tokens", .integer(1...32), "Drafted a step.", required: true),
      Key("acceptance", .number(0...1), "Probability that a drafted token is accepted.", required: true),
      Key("draft", .named(.models), "The model that drafts, on the same accelerators."),
      Key(
        "draft-cost", .quantity(.ratio),
        "Instead of a model: share of a decoding step that a drafted token takes; 0% for look-ups."),
    ]), "Speculative decoding.")

  static let student = Key(
    "model", .named(.models), "Served instead of the workload's model, such as one distilled from it.")

  static let oneOff = Key(
    "one-off",
    .list(
      .object([
        Key("name", .text, "What is paid.", required: true),
        Key("cost", .quantity(.money), "The price."),
        Key("gpu-hours", .number(0...1e12), "Instead: accelerator-hours, such as of training."),
        Key("price", .quantity(.moneyPerHour), "Of one of those hours, such as 2.50 USD/gpu-hour."),
      ])), "Paid once at the start and spread over the horizon.")
}
