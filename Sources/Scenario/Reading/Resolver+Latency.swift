import Catalog
import Quantities
import Statistics
import Workloads

extension Resolver {
  /// The engine with the host times that a service writes instead of the preset's.
  func engine(_ preset: EnginePreset, with latency: Written?) -> EnginePreset {
    var engine = preset
    func seconds(_ key: String) -> Seconds? { quantity(latency?[key], .duration).map { Seconds($0) } }
    engine.stepOverhead = seconds("step-overhead") ?? engine.stepOverhead
    engine.layerOverhead = seconds("layer-overhead") ?? engine.layerOverhead
    engine.sequenceOverhead = seconds("sequence-overhead") ?? engine.sequenceOverhead
    engine.frontEnd = seconds("front-end") ?? engine.frontEnd
    return engine
  }

  /// The kernel table that a service names; `nil` without one, and with a fault where it cannot be read or
  /// does not fit.
  mutating func measuredTimes(
    _ latency: Written?, _ path: String, of deployment: Deployment, pool: Pool, workload: InferenceWorkload
  ) -> MeasuredTimes? {
    guard let (name, key, table) = kernelTable(latency, path) else { return nil }
    if let partition = pool.partition {
      fault(
        name, "\(path).latency.\(key)",
        "the table's times are of a whole accelerator, and the pool's are cut by \(partition.profile)")
      return nil
    }
    let coverage = table.coverage(
      KernelTable.Demand(
        model: workload.model, accelerator: pool.accelerator.name, weights: deployment.weights.name,
        tensorParallelism: deployment.layout.tensor, pipelineParallelism: deployment.layout.pipeline,
        maximumBatchedTokens: deployment.maximumBatchedTokens, maximumSequences: deployment.maximumSequences,
        longestRequest: workload.longestRequest))
    if !coverage.missing.isEmpty {
      fault(
        name, "\(path).latency.\(key)",
        "the table '\(name.text ?? "")' lacks \(coverage.missing.joined(separator: "; "))")
      return nil
    }
    notes += coverage.notes.map { "\(path), kernel table: \($0)" }
    return MeasuredTimes(table: table, basis: coverage.basis)
  }

  /// The table that `latency` names, in a file or in the catalogue, and the key that names it.
  private mutating func kernelTable(
    _ latency: Written?, _ path: String
  ) -> (name: Written, key: String, table: KernelTable)? {
    guard let own = latency?["measured"] else {
      guard let name = latency?["table"] else { return nil }
      let table = named(name, "\(path).latency.table", reading: "kernels") { resolver, bytes in
        resolver.kernelTable(bytes, of: name, "\(path).latency.table")
      }
      return table.map { (name, "table", $0) }
    }
    if latency?["table"] != nil {
      fault(own, "\(path).latency.measured", "a service has one kernel table: `table` or `measured`")
      return nil
    }
    let key = "measured:\(own.text ?? "")"
    if let known = files.memory?.value(key, as: KernelTable.self) { return (own, "measured", known) }
    guard let bytes = catalog.measuredTable(own.text ?? "")?.bytes,
      let table = kernelTable(bytes, of: own, "\(path).latency.measured")
    else { return nil }
    files.memory?.remember(table, as: key)
    return (own, "measured", table)
  }

  private mutating func kernelTable(_ bytes: [UInt8], of name: Written, _ path: String) -> KernelTable? {
    switch KernelTableReader.read(bytes) {
    case .success(let table): return table
    case .failure(let failure):
      faults += failure.faults.map { fault in
        Fault(
          file: name.text ?? "", line: fault.line, column: fault.column, length: fault.length,
          path: path, message: fault.message, help: fault.help)
      }
      return nil
    }
  }
}

extension InferenceWorkload {
  /// Tokens of the longest request, prompt and answer; `nil` where nothing bounds it.
  fileprivate var longestRequest: Int? {
    switch traffic {
    case .trace(let trace): return trace.longestRequest
    case .generated(_, let prompt, let output):
      guard let longestPrompt = prompt.largest, let longestOutput = output.largest else { return nil }
      return Int(min(1e9, longestPrompt + longestOutput))
    }
  }
}

extension Distribution {
  /// No draw lies above it; `nil` where the law has no end.
  fileprivate var largest: Double? {
    switch law {
    case .constant(let value): min(maximum ?? value, max(minimum ?? value, value))
    case .uniform(_, let to): min(maximum ?? to, max(minimum ?? to, to))
    default: maximum
    }
  }
}
