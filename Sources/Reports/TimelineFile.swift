import Experiments

extension RunResults {
  /// `timeline.json`: Chrome trace events, for Perfetto and `chrome://tracing`. A service is a process,
  /// a replica a thread; queue depth and KV use are counters.
  ///
  /// - Complexity: O((slices + samples) × services).
  public func timelineJSON() -> String {
    var processes: [TimelineProcess] = []
    var threads: [TimelineThread] = []
    var events: [JSONValue] = []
    for slice in timeline where slice.name != "idle" {
      let process = TimelineProcess.number(slice.design, slice.service, in: &processes)
      let thread = TimelineThread(process: process, replica: slice.replica)
      if !threads.contains(thread) { threads.append(thread) }
      events.append(
        .object([
          ("name", .string(slice.name)), ("cat", .string("engine")), ("ph", .string("X")),
          ("ts", .number(microseconds(slice.startTicks))),
          ("dur", .number(microseconds(slice.durationTicks))),
          ("pid", .integer(Int64(process))), ("tid", .integer(Int64(slice.replica))),
          ("args", .object([("batch", .integer(Int64(slice.batch)))])),
        ]))
    }
    for sample in series where sample.metric == "queue_depth" || sample.metric == "kv_usage_ratio" {
      let process = TimelineProcess.number(sample.design, sample.service, in: &processes)
      events.append(
        .object([
          ("name", .string(sample.metric)), ("ph", .string("C")), ("ts", .number(sample.timeSeconds * 1e6)),
          ("pid", .integer(Int64(process))), ("args", .object([("value", .number(sample.value))])),
        ]))
    }
    let names = processes.enumerated().map { index, process in
      named("process_name", pid: index + 1, tid: nil, name: "\(process.design)/\(process.service)")
    }
    let threadNames = threads.map {
      named("thread_name", pid: $0.process, tid: $0.replica, name: "replica \($0.replica)")
    }
    let trace: JSONValue = .object([
      ("displayTimeUnit", .string("ms")), ("traceEvents", .array(names + threadNames + events)),
    ])
    return trace.text(wrapped: 2) + "\n"
  }

  private func named(_ kind: String, pid: Int, tid: Int?, name: String) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(kind)), ("ph", .string("M")), ("pid", .integer(Int64(pid))),
    ]
    if let tid { members.append(("tid", .integer(Int64(tid)))) }
    members.append(("args", .object([("name", .string(name))])))
    return .object(members)
  }

  /// A tick is a sixteenth of a nanosecond.
  private func microseconds(_ ticks: Int64) -> Double { Double(ticks) / 16_000 }
}

private struct TimelineProcess: Equatable {
  var design: String
  var service: String

  /// The process number of a service, counted from 1 in the order of appearance.
  static func number(_ design: String, _ service: String, in known: inout [TimelineProcess]) -> Int {
    let process = TimelineProcess(design: design, service: service)
    if let index = known.firstIndex(of: process) { return index + 1 }
    known.append(process)
    return known.count
  }
}

private struct TimelineThread: Equatable {
  var process: Int
  var replica: Int
}
