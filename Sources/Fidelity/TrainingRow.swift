import DryRack
import Foundation

/// One measured training run that the model can be asked about.
struct TrainingRow: Sendable {
  var id: String
  var campaign: String
  var name: String
  var run: TrainingRun
  var framework: String
  var network: TrainingNetwork
  /// Whether the row states what is computed again; else the least that fits is taken.
  var statesRecompute: Bool
  var measured: Double
  /// What was taken where the row is silent.
  var assumptions: [String]

  /// Versions of a table of one framework, and rounds of one benchmark, are one family.
  var family: String {
    for prefix in ["megatron-bridge", "mlperf-training", "llm-foundry", "nemo", "tpu"]
    where campaign.hasPrefix(prefix) { return prefix }
    return campaign
  }
}

/// Reads the table of measured training runs.
enum TrainingTable {
  struct Omission: Sendable {
    var campaign: String
    var kind: String
    var reason: String
  }

  static func read(_ bytes: [UInt8]) -> (rows: [TrainingRow], omissions: [Omission]) {
    var header: [String] = []
    var rows: [TrainingRow] = []
    var omissions: [Omission] = []
    bytes.withUnsafeBufferPointer { buffer in
      CommaSeparated.forEachRow(in: buffer) { cells in
        if header.isEmpty {
          header = cells
          return
        }
        var cellsByName = Dictionary(zip(header, cells)) { first, _ in first }
        straighten(&cellsByName)
        let reader = TrainingRowReader(cells: cellsByName)
        switch reader.row() {
        case .success(let row): rows.append(row)
        case .failure(let fault):
          omissions.append(
            Omission(campaign: reader.text("campaign"), kind: reader.text("kind"), reason: fault.reason))
        }
      }
    }
    return (rows, omissions)
  }

  /// Two versions of one table were read with their columns moved: the model stands under the GPU, the GPU
  /// under the model, tokens per second under TFLOP/s (25.11), and with one column more (25.09), where the
  /// note has the tensor ranks, each of tp, pp and cp the one behind it, vp the experts' ranks.
  private static func straighten(_ cells: inout [String: String]) {
    guard (cells["model"] ?? "").hasPrefix("DGX-") else { return }
    (cells["model"], cells["gpu_type"]) = (cells["gpu_type"], cells["model"])
    cells["step_time_s"] = ""
    if Double(cells["precision"] ?? "") == nil {
      let rate = cells["model_tflops_per_gpu"] ?? ""
      cells["tokens_per_s_per_gpu"] = rate.split(separator: " ").first.map(String.init) ?? ""
      cells["precision"] = (cells["precision"] ?? "").split(separator: " ").first.map(String.init) ?? ""
      cells["model_tflops_per_gpu"] = ""
    } else {
      let note = cells["note"] ?? ""
      let tensor = note.split(separator: " ").dropFirst().first.map(String.init) ?? "1"
      cells["seq"] = cells["microbatch"]
      cells["microbatch"] = cells["global_batch"]
      cells["global_batch"] = cells["precision"]
      cells["ep"] = cells["vp"]
      cells["vp"] = cells["cp"]
      cells["cp"] = cells["pp"]
      cells["pp"] = cells["tp"]
      cells["tp"] = tensor
      cells["precision"] = "FP8"
      cells["dp"] = ""
      cells["note"] = ""
    }
  }
}
