import Catalog
import Workloads

/// What an engine would refuse to start, and what it would run in another way than written.
extension Resolver {
  /// Attention heads are spread whole over tensor ranks, key and value heads are spread or copied whole, and
  /// a group of layers has one at least.
  mutating func checkSplit(
    tensor: Int, pipeline: Int, _ written: Written?, _ path: String, of service: Written, model: ModelShape
  ) -> Bool {
    var fits = true
    let latent = model.latentAttention != nil
    let copies = model.keyValueHeads % tensor == 0 || tensor % model.keyValueHeads == 0
    if model.heads % tensor != 0 || !(latent || copies) {
      let sizes = (1...max(1, model.heads)).filter { model.heads % $0 == 0 && $0 <= 64 }
      let which = model.heads % tensor != 0 ? "\(model.heads) attention" : "\(model.keyValueHeads) key-value"
      fault(
        written?["tensor"] ?? service, "\(path).tensor",
        "tensor parallelism \(tensor) does not spread the \(which) heads of \(model.name) evenly",
        help: "such as \(sizes.map(String.init).joined(separator: ", "))")
      fits = false
    }
    if pipeline > model.layers {
      fault(
        written?["pipeline"] ?? service, "\(path).pipeline",
        "\(model.name) has \(model.layers) layers, fewer than the \(pipeline) groups of them")
      fits = false
    }
    return fits
  }

  /// Formats that the accelerator does not multiply in.
  mutating func noteFormats(_ path: String, weights: Precision, on accelerator: Accelerator) {
    if accelerator.denseFlops(for: weights) != nil { return }
    notes.append(
      "\(path): \(accelerator.name) has no arithmetic for \(weights.name); products are taken to run at its "
        + "bf16 rate after widening, which only some engines do")
  }

  /// No prompt of the workload fits into the model's context: an engine answers none of them.
  mutating func checkContext(_ workload: InferenceWorkload, _ written: Written, _ path: String) {
    // An inline shape says nothing of its context.
    guard workload.model.name != "inline", case .generated(_, let prompt, _) = workload.traffic,
      let least = prompt.least, least > Double(workload.model.maximumContext)
    else { return }
    fault(
      written["prompt-tokens"] ?? written, "\(path).prompt-tokens",
      "every prompt is longer than the context of \(workload.model.name), "
        + "\(workload.model.maximumContext) tokens")
  }

  /// An endpoint serves a model of its own: comparing it with another must be meant.
  mutating func checkEndpoint(
    _ endpoint: EndpointPreset, _ written: Written, _ path: String, serving model: ModelShape
  ) {
    guard let served = catalog.servedModel(of: endpoint) else {
      notes.append(
        "\(path): the catalogue does not know the shape behind '\(endpoint.model)'; that it answers like "
          + "\(model.name) is an assumption")
      return
    }
    if served == model.name { return }
    guard catalog.model(model.name) != nil else {
      notes.append("\(path): the endpoint serves \(served), not the scenario's own \(model.name)")
      return
    }
    let others = catalog.names(of: .endpoints).filter {
      catalog.endpoint($0).flatMap(catalog.servedModel) == model.name
    }
    let list =
      others.isEmpty ? "" : "endpoints of \(model.name): \(others.prefix(6).joined(separator: ", ")); "
    fault(
      written, "\(path).endpoint", "the endpoint '\(endpoint.name)' serves \(served), not \(model.name)",
      help: "\(list)or add `model: \(served)` where that one is meant")
  }
}
