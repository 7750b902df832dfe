/// What stands before a store.
extension ScenarioShape {
  static let storageCache = Key(
    "cache",
    .object([
      Key("size", .quantity(.bytes), "Of each node's own, or of the shared one.", required: true),
      Key("kind", .text, "As of a store; its rates hold.", fallback: "nvme"),
      Key(
        "shared", .choice(["true", "false"]), "One for all nodes, and bought; else each node has its own.",
        fallback: "false"),
      Key("read-bandwidth", .quantity(.bandwidth), "Of each one.", fallback: "as the catalogue has it"),
    ]), "Keeps what was read last, for jobs that read samples.", fallback: "none")
}
