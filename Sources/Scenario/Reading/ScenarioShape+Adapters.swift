import Workloads

/// Low-rank adapters of a model: which of them requests ask for, and how a service keeps them.
extension ScenarioShape {
  static let adapters = Key(
    "adapters",
    .object([
      Key("count", .integer(1...AdapterSettings.most), "How many different ones there are.", required: true),
      Key(
        "zipf", .number(0...10),
        "Their popularity: the a-th is asked for in proportion to a^-zipf; 0 is all alike.", fallback: "0"),
      Key(
        "share", .quantity(.ratio), "Of the requests; the others go to the model itself.", fallback: "100%"),
    ]), "LoRA adapters of the model that requests ask for; a conversation keeps its own.")

  static let lora = Key(
    "lora",
    .object([
      Key(
        "slots", .integer(1...1024), "Adapters on the GPU, and so in one batch, at most (vLLM's max-loras).",
        required: true),
      Key("rank", .integer(1...1024), "Of the adapters.", fallback: "16"),
      Key(
        "max-rank", .integer(1...1024),
        "That slots are made for, and kernels compute (vLLM's max-lora-rank).",
        fallback: "rank"),
      Key(
        "targets",
        .either([.choice(AdapterTargetNames.sets), .list(.choice(AdapterTargetNames.all))]),
        "Matrices that they stand beside: a set, or a list of q, k, v, o, gate, up, down.",
        fallback: "all-linear"),
      Key(
        "host-slots", .integer(counts), "Adapters in the host's memory, at most (vLLM's max-cpu-loras).",
        fallback: "all of the workload's"),
      Key(
        "host-bandwidth", .quantity(.bandwidth), "From the host's memory to one GPU.",
        fallback: "what copies reach of its PCIe link"),
      Key(
        "loading", .choice(AdapterLoading.allCases.map(\.rawValue)),
        "Beside the steps, while who asks waits in the queue; or before the step that takes it in (vLLM).",
        fallback: "overlapped"),
      Key(
        "storage",
        .object([
          Key("bandwidth", .quantity(.bandwidth), "Into the host of one replica.", required: true),
          Key("latency", .quantity(.duration), "From asking to the first byte.", fallback: "0s"),
        ]), "Where adapters come from that the host has no room for."),
    ]), "LoRA adapters served beside the model.")
}

enum AdapterTargetNames {
  static let sets = ["all-linear", "attention"]
  static let all = AdapterShape.Target.allCases.map(\.rawValue)
}
