import DryRack
import Foundation

/// Turns the cells of one row into a run; where they are silent, by rules that `assumptions` names.
struct TrainingRowReader {
  struct Fault: Error {
    var reason: String
  }

  let cells: [String: String]

  func text(_ column: String) -> String { cells[column] ?? "" }
  func number(_ column: String) -> Double? { Double(text(column)).flatMap { $0 > 0 ? $0 : nil } }
  func integer(_ column: String) -> Int? { number(column).flatMap { Int(exactly: $0) } }
  private var lowered: String { text("model").lowercased() }
  private var note: String { text("note") }

  func row() -> Result<TrainingRow, Fault> {
    var assumptions: [String] = []
    guard let name = Self.accelerator(text("gpu_type")), let accelerator = Catalog.builtIn.accelerator(name)
    else { return .failure(Fault(reason: "accelerator '\(text("gpu_type"))' is not in the catalogue")) }
    guard let count = integer("gpus") else {
      return .failure(Fault(reason: "how many accelerators is not stated"))
    }
    let kind = text("kind")
    if kind.hasSuffix("stable_diffusion") || kind.hasPrefix("video") {
      return .failure(Fault(reason: "a diffusion model: its shape is not a transformer's of this catalogue"))
    }
    let rates = ["step_time_s", "tokens_per_s_per_gpu", "model_tflops_per_gpu"]
    if rates.allSatisfy({ number($0) == nil }) {
      return .failure(Fault(reason: "only a time to train is measured, and its steps are not stated"))
    }
    guard let shape = shape() else {
      return .failure(Fault(reason: "shape of '\(text("model"))' is not known"))
    }
    guard let sequence = sequence(&assumptions) else {
      return .failure(Fault(reason: "sequence is not stated"))
    }
    guard let batch = integer("global_batch") ?? noted("tokens per step").map({ $0 / sequence }) else {
      return .failure(Fault(reason: "global batch is not stated"))
    }
    guard let measured = measured(shape, count, batch, sequence) else {
      return .failure(Fault(reason: "only a time to train is measured, and its steps are not stated"))
    }
    guard let precision = precision(&assumptions) else {
      return .failure(Fault(reason: "precision '\(text("precision"))' is not known"))
    }
    var run = TrainingRun(
      model: shape, accelerator: accelerator, precision: precision, layout: TrainingLayout(),
      globalBatch: batch, sequence: sequence,
      trained: kind.contains("lora") ? .lowRank(rank: 16) : .all, domain: domain(accelerator, count),
      acceleratorsPerNode: integer("gpus_per_node"))
    run.softwareAge = Self.age(of: text("campaign"), on: accelerator)
    guard let layout = layout(run, count, &assumptions) else {
      return .failure(Fault(reason: "layout is not stated and follows no rule"))
    }
    run.layout = layout
    run.isCaptured = framework == "mlperf" || framework == "maxtext" || accelerator.name.hasPrefix("gb")
    run.hasFusedAttention = framework != "megatron-2021"
    if !run.hasFusedAttention { assumptions.append("Megatron-LM of 2021: attention keeps its scores") }
    if run.isCaptured { assumptions.append("graphs captured: MLPerf, XLA, and recipes for GB200 and GB300") }
    if let fault = run.faults.first { return .failure(Fault(reason: "layout cannot run: \(fault)")) }
    let recompute = statedRecompute()
    if recompute == nil {
      assumptions.append("recompute not stated: none where that fits the memory, else selective")
    }
    run.layout.recompute = recompute ?? .none
    let network = TrainingNetwork(of: run, words: text("fabric"))
    if let assumption = network.assumption { assumptions.append(assumption) }
    var row = TrainingRow(
      id: text("id"), campaign: text("campaign"), name: text("run"), run: run, framework: framework,
      network: network, statesRecompute: recompute != nil, measured: measured, assumptions: [])
    if !TrainingFit.learns(from: row) {
      assumptions.append("judged but not learned from: cards over PCIe, whose tree no row states")
    }
    row.assumptions = assumptions
    return .success(row)
  }

  // MARK: Hardware

  static func accelerator(_ text: String) -> String? {
    let name = text.lowercased().replacingOccurrences(of: " ", with: "")
    let rules: [([String], String)] = [
      (["gb300"], "gb300"), (["gb200"], "gb200"), (["b300"], "b300-sxm"), (["b200"], "b200-sxm"),
      (["gh200"], "gh200"), (["h200", "nvl"], "h200-nvl"), (["h200"], "h200-sxm"),
      (["h100", "pcie"], "h100-pcie"),
      (["h100", "nvl"], "h100-nvl"), (["h100"], "h100-sxm"), (["h800"], "h800-sxm"),
      (["a100", "pcie"], "a100-pcie-80gb"), (["a100", "40g"], "a100-sxm-40gb"), (["a100"], "a100-sxm-80gb"),
      (["mi300x"], "mi300x"), (["mi325x"], "mi325x"), (["mi355x"], "mi355x"), (["l40s"], "l40s"),
      (["tpuv7"], "tpu-v7"), (["ironwood"], "tpu-v7"), (["v6e"], "tpu-v6e"), (["trillium"], "tpu-v6e"),
      (["v5p"], "tpu-v5p"), (["v5e"], "tpu-v5e"), (["gaudi3"], "gaudi3"), (["gaudi2"], "gaudi2"),
      (["gaudi(r)2"], "gaudi2"), (["4090"], "rtx-4090"), (["3090"], "rtx-3090"), (["5090"], "rtx-5090"),
      (["trainium2"], "trainium2"), (["trn2"], "trainium2"), (["h20"], "h20"),
    ]
    return rules.first { $0.0.allSatisfy { name.contains($0) } }?.1
  }

  /// Years from an accelerator's first shipments to a campaign's software, where both are known. A TPU's
  /// compiler is its maker's own and older than the sale.
  static func age(of campaign: String, on accelerator: Accelerator) -> Double? {
    let shipped: [(String, Double)] = [
      ("a100", 2020.4), ("h100", 2022.8), ("h200", 2022.8), ("h800", 2022.8), ("l40s", 2022.8),
      ("b200", 2024.9),
      ("gb200", 2024.9), ("b300", 2024.9), ("gb300", 2024.9), ("mi300x", 2023.9), ("gaudi2", 2022.4),
    ]
    let released: [(String, Double)] = [
      ("megatron-sc21", 2021.3), ("megatron-core-h100-2024", 2024.6), ("llm-foundry", 2023.5),
      ("mlperf-training-v2.1", 2022.8), ("mlperf-training-v3.0", 2023.5), ("mlperf-training-v3.1", 2023.9),
      ("mlperf-training-v4.0", 2024.5), ("mlperf-training-v4.1", 2024.9), ("mlperf-training-v5.0", 2025.4),
      ("mlperf-training-v5.1", 2025.8),
    ]
    guard let first = shipped.first(where: { accelerator.name.hasPrefix($0.0) })?.1 else { return nil }
    var date = released.first { campaign.hasPrefix($0.0) }?.1
    // Releases that are named for their month, such as nemo-24.07.
    if date == nil, let version = campaign.split(separator: "-").last {
      let parts = version.split(separator: ".").compactMap { Double($0) }
      if parts.count >= 2, (20...40).contains(parts[0]) { date = 2000 + parts[0] + (parts[1] - 0.5) / 12 }
    }
    return date.map { $0 - first }
  }

  /// What the accelerators' links join, else a server. Racks of 72 are used by 64 where a job takes more than
  /// one.
  private func domain(_ accelerator: Accelerator, _ count: Int) -> Int {
    let own = max(accelerator.scaleUpDomain, integer("gpus_per_node") ?? 1)
    if accelerator.kind == .gpu, own > 64, count > own { return 64 }
    return min(own, max(1, count))
  }

  // MARK: Work

  private func shape() -> ModelShape? {
    let campaign = text("campaign")
    var shape = TrainingShapes.named(
      lowered, layers: integer("layers"), hidden: integer("hidden"), heads: integer("heads"),
      billions: number("params_b"))
    if campaign.hasPrefix("megatron-core") {
      shape?.vocabulary = 131_072
      shape?.tiedEmbeddings = false
    }
    return shape
  }

  private func sequence(_ assumptions: inout [String]) -> Int? {
    if let stated = integer("seq") { return stated }
    guard text("campaign").hasPrefix("tpu") else { return nil }
    assumptions.append(
      "sequence of a MaxText recipe: 2048 for GPT-3, 4096 for Llama 2 and Mixtral, else 8192")
    if lowered.hasPrefix("gpt3") { return 2048 }
    return lowered.hasPrefix("llama2") || lowered.hasPrefix("mixtral") ? 4096 : 8192
  }

  /// A number behind words of the note, such as `grad accum 4`.
  private func noted(_ words: String) -> Int? {
    guard let range = note.range(of: words + " ") else { return nil }
    return Double(note[range.upperBound...].prefix { $0.isNumber || $0 == "." }).flatMap {
      $0 < 1e15 ? Int($0) : nil
    }
  }

  /// Step time as measured; else from tokens per second; else from TFLOP/s by Megatron's formula,
  /// 72 B s l h² (1 + s ÷ 6h + V ÷ 12 l h) (arXiv 2104.04473, appendix).
  private func measured(_ shape: ModelShape, _ count: Int, _ batch: Int, _ sequence: Int) -> Double? {
    if let time = number("step_time_s") { return time }
    let tokens = Double(batch) * Double(sequence)
    if let rate = number("tokens_per_s_per_gpu") { return tokens / (rate * Double(count)) }
    guard text("campaign").hasPrefix("megatron-core"), let rate = number("model_tflops_per_gpu") else {
      return nil
    }
    let (layers, hidden) = (Double(shape.layers), Double(shape.hidden))
    let flops =
      72 * tokens * layers * hidden * hidden
      * (1 + Double(sequence) / (6 * hidden) + Double(shape.vocabulary) / (12 * layers * hidden))
    return flops / (rate * 1e12 * Double(count))
  }

  private func precision(_ assumptions: inout [String]) -> TrainingPrecision? {
    let name = text("precision").lowercased()
    if name.isEmpty {
      assumptions.append("precision not stated: bf16, unless the run's name says fp8")
      return text("run").lowercased().contains("fp8") ? .fp8 : .bf16
    }
    if name.contains("nvfp4") || name.contains("fp4") { return .nvfp4 }
    if name.contains("mxfp8") || name.contains("fp8-mx") { return .mxfp8 }
    if name.contains("fp8") { return .fp8 }
    if name.contains("bf16") || name.contains("bfloat") { return .bf16 }
    return name.contains("fp16") ? .fp16 : nil
  }

  var framework: String {
    let campaign = text("campaign")
    if campaign.hasPrefix("megatron-sc21") { return "megatron-2021" }
    if campaign.hasPrefix("mlperf") {
      return text("gpu_type").lowercased().contains("tpu") ? "maxtext" : "mlperf"
    }
    if campaign.hasPrefix("tpu") { return "maxtext" }
    for known in ["llm-foundry", "megatron-bridge", "megatron-core", "nemo"] where campaign.hasPrefix(known) {
      return known
    }
    return "default"
  }

  // MARK: Layout

  private func statedRecompute() -> TrainingLayout.Recompute? {
    if let stated = TrainingLayout.Recompute(rawValue: text("act_recompute").lowercased()) { return stated }
    return framework == "maxtext" ? .full : nil
  }

  private func layout(_ run: TrainingRun, _ count: Int, _ assumptions: inout [String]) -> TrainingLayout? {
    var layout = TrainingLayout()
    let isSharded =
      note.contains("FSDP") || ["llm-foundry", "maxtext"].contains(framework)
    layout.optimizerSharding = isSharded ? 3 : 1
    if let tensor = integer("tp") {
      layout.tensor = tensor
      layout.pipeline = integer("pp") ?? 1
      layout.context = integer("cp") ?? 1
    } else if run.trained != .all, let accumulated = noted("grad accum") {
      // The rest of the accelerators that a replica does not repeat: tensor ranks up to 4 on cards of 80 GB
      // and less, none on larger ones; context ranks beyond, as the submitted configurations have it.
      assumptions.append("layout of a LoRA submission from its accumulation steps and the cards' memory")
      let replicas = max(1, run.globalBatch / max(1, accumulated))
      guard count % replicas == 0 else { return nil }
      let ranks = count / replicas
      layout.tensor = run.accelerator.memory.value < 100e9 ? min(4, ranks) : 1
      layout.context = ranks / layout.tensor
    } else if isSharded {
      assumptions.append(
        "TPU: weights sharded over all chips, layers computed again, sequences cut where chips are more"
      )
      if run.globalBatch < count, count % run.globalBatch == 0 { layout.context = count / run.globalBatch }
    } else {
      return nil
    }
    let model = layout.tensor * layout.pipeline * layout.context
    guard model > 0, count % model == 0 else { return nil }
    layout.data = count / model
    layout.sequenceParallel = layout.tensor > 1
    layout.expert = integer("ep") ?? 1
    layout.virtualPipeline = virtualPipeline(run, layout, &assumptions)
    layout.schedule = layout.virtualPipeline > 1 ? .interleaved : .oneForwardOneBackward
    layout.microbatch = microbatch(run, layout, &assumptions)
    return layout
  }

  private func virtualPipeline(
    _ run: TrainingRun, _ layout: TrainingLayout, _ assumptions: inout [String]
  ) -> Int {
    guard layout.pipeline > 1 else { return 1 }
    if text("vp") == "n/a" { return 1 }
    if let stated = integer("vp") { return stated }
    if framework == "mlperf" {
      assumptions.append("MLPerf: as many chunks a stage as it has layers where not stated")
      return max(1, run.model.layers / layout.pipeline)
    }
    return 1
  }

  private func microbatch(
    _ run: TrainingRun, _ layout: TrainingLayout, _ assumptions: inout [String]
  ) -> Int {
    if let stated = integer("microbatch") { return stated }
    let own = max(1, run.globalBatch / max(1, layout.data))
    if framework == "maxtext" {
      assumptions.append("TPU: the whole batch of a chip at once")
      return own
    }
    if let accumulated = noted("grad accum"), accumulated > 0, own % accumulated == 0 {
      return own / accumulated
    }
    assumptions.append(
      "microbatch not stated: 1 with a pipeline, else the largest of 1, 2, 4 and 8 that divides")
    if layout.pipeline > 1 { return 1 }
    return [8, 4, 2].first { own % $0 == 0 && $0 * run.sequence <= 8192 } ?? 1
  }
}
