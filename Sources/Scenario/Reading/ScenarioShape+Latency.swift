import Catalog

extension ScenarioShape {
  static let latency: Shape = .object([
    Key("table", .text, "Kernel table beside the scenario, as `docs/kernel-table.md` has it; plain or .gz."),
    Key(
      "measured", .choice(Catalog.builtIn.measuredTableNames),
      "A kernel table of the catalogue instead: `dryrack catalog kernel-tables` lists them."),
    Key("step-overhead", .quantity(.duration), "Host time of every step.", fallback: "the engine's"),
    Key(
      "layer-overhead", .quantity(.duration), "Host time of every layer in every step.",
      fallback: "the engine's"),
    Key(
      "sequence-overhead", .quantity(.duration), "Host time of every sequence in every step.",
      fallback: "the engine's"),
    Key(
      "front-end", .quantity(.duration, atMost: "30d"),
      "From the request's arrival to the scheduler's queue.",
      fallback: "the engine's"),
  ])
}
