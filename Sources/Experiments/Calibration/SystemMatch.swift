import Catalog
import Scenario

/// Compares what a file says of the system it measured with a deployment, as far as names can be compared.
struct SystemMatch {
  let deployment: Deployment
  let accelerator: String
  let model: String

  /// What differs, each in a clause; empty where the file is silent or agrees.
  func differences(_ system: BenchmarkSystem) -> [String] {
    var found: [String] = []
    func note(_ what: String, _ theirs: String?, _ ours: String, _ agree: (String, String) -> Bool) {
      if let theirs, !agree(Self.plain(theirs), Self.plain(ours)) {
        found.append("\(what) \(theirs.prefix(60)), the scenario \(ours)")
      }
    }
    // Shapes of the user's own bear no name that a server would know.
    if Catalog.builtIn.model(model) != nil {
      note("the model is", system.model?.split(separator: "/").last.map(String.init), model) {
        $0.contains($1)
      }
    }
    note("the accelerator is", system.accelerator, accelerator) { theirs, ours in
      // Drivers say `NVIDIA H100 80GB HBM3`, which leaves the form open.
      theirs.hasPrefix(ours) || theirs.hasPrefix("nvidia") && theirs.contains(Self.family(accelerator))
    }
    note("the engine is", system.engine, deployment.engine.name) { theirs, ours in
      theirs.hasPrefix(ours)
        || ours == "tensorrtllm" && (theirs.hasPrefix("trtllm") || theirs.hasPrefix("tensorrt"))
    }
    note("weights are in", system.weights, deployment.weights.name) { theirs, ours in
      let wide = ["fp16", "bf16"]
      return theirs == ours || wide.contains(theirs) && wide.contains(ours)
        || ours == "int4weightonly" && theirs.hasPrefix("int4")
    }
    if let tensor = system.tensor, tensor != deployment.layout.tensor {
      found.append("tensor parallelism is \(tensor), the scenario \(deployment.layout.tensor)")
    }
    return found
  }

  /// Letters and digits alone: `Llama-3.1-8B` and `llama_3.1_8b` are one.
  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
  }

  /// `h100` of `h100-sxm`.
  private static func family(_ accelerator: String) -> String {
    accelerator.split(separator: "-").first.map(String.init) ?? accelerator
  }
}
