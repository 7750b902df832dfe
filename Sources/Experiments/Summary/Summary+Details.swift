import Kernel
import Quantities
import Scenario
import Workloads
import World

/// Series, per-request rows and timelines of each design's first replication.
extension Summary {
  func seriesRows(_ index: Int) -> [SeriesRow] {
    guard let outcome = outcomes(of: index).first else { return [] }
    let design = models[index].design
    var rows: [SeriesRow] = []
    for (service, result) in zip(design.services, outcome.services) {
      if case .disaggregated(let roles) = service.placement {
        rows += seriesRows(service, roles, result, of: design)
      }
      guard case .pool(let deployment) = service.placement else { continue }
      let pool = design.pools[deployment.poolIndex]
      let blocks = Double(
        result.blocksPerReplica * (deployment.replicas == 0 ? service.mostReplicas : deployment.replicas))
      for (sample, stretch) in zip(result.samples, result.stretches(ofRole: 0)) {
        func add(_ metric: String, _ value: Double) {
          rows.append(
            SeriesRow(
              design: design.name, service: service.name, timeSeconds: sample.time.seconds, metric: metric,
              value: value))
        }
        add("queue_depth", Double(sample.queued))
        add("running", Double(sample.running))
        add("kv_usage_ratio", blocks > 0 ? Double(sample.blocksInUse) / blocks : 0)
        let replicas = Double(sample.up ?? deployment.replicas)
        add("replicas", replicas)
        add("gpu_busy_ratio", replicas > 0 ? min(1, stretch.replicas / replicas) : 0)
        // Of an elastic pool, what the nodes draw that its replicas fill.
        let each = Double(deployment.acceleratorsPerReplica) / Double(pool.accelerators)
        let nodes = Double(pool.nodeCount) * (pool.isElastic ? replicas * each : 1)
        let power = pool.node.idlePower * nodes + pool.computingPower * (stretch.replicas * each)
        add("power_w", power.value)
      }
    }
    return rows
  }

  func requestRows(_ index: Int) -> [RequestRow] {
    guard let outcome = outcomes(of: index).first else { return [] }
    let design = models[index].design
    let sorted = outcome.records.sorted { ($0.service, $0.serial) < ($1.service, $1.serial) }
    return sorted.map { record in
      let decode = record.decode?.seconds
      return RequestRow(
        design: design.name, workload: scenario.workloads[design.services[record.service].workloadIndex].name,
        request: record.serial, replica: record.replica, status: record.status.rawValue,
        promptTokens: record.promptTokens, outputTokens: record.outputTokens,
        arrivalSeconds: record.sent.seconds,
        ttftSeconds: record.ttft?.seconds,
        tpotSeconds: record.outputTokens > 1 ? decode.map { $0 / Double(record.outputTokens - 1) } : nil,
        e2eSeconds: record.e2e?.seconds, networkSeconds: record.network?.seconds,
        queueSeconds: record.queue?.seconds, prefillSeconds: record.prefill?.seconds, decodeSeconds: decode,
        preemptions: record.preemptions, decodeReplica: record.decodeReplica,
        transferWaitSeconds: record.transferWait?.seconds, transferSeconds: record.transfer?.seconds,
        cachedTokens: record.cachedTokens, adapter: record.adapter,
        adapterWaitSeconds: record.adapterWait?.seconds)
    }
  }

  func timelineSlices(_ index: Int) -> [TimelineSlice] {
    guard let outcome = outcomes(of: index).first else { return [] }
    let design = models[index].design
    var rows: [TimelineSlice] = []
    for (service, result) in zip(design.services, outcome.services) {
      for (replica, slices) in result.slices.enumerated() {
        for slice in slices {
          rows.append(
            TimelineSlice(
              design: design.name, service: service.name, replica: replica,
              name: slice.isPrefill ? "prefill" : "decode", startTicks: slice.start.count,
              durationTicks: (slice.end - slice.start).count, batch: slice.sequences))
        }
      }
    }
    return rows
  }
}
