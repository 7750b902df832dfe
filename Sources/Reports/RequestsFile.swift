import Experiments

extension RunResults {
  /// `requests.csv`: one request of the first replication a row; times that never came are empty.
  ///
  /// - Complexity: O(requests).
  public func requestsCSV() -> String {
    var table = CSVText(header: ["run_id"] + RequestRow.columns)
    let run = manifest.runID
    for row in requests {
      table.append([
        .text(run), .text(row.design), .text(row.workload), .integer(row.request), .integer(row.replica),
        .text(row.status), .integer(row.promptTokens), .integer(row.outputTokens),
        .number(row.arrivalSeconds), .number(row.ttftSeconds), .number(row.tpotSeconds),
        .number(row.e2eSeconds), .number(row.networkSeconds), .number(row.queueSeconds),
        .number(row.prefillSeconds), .number(row.decodeSeconds), .integer(row.preemptions),
        .integer(row.decodeReplica), .number(row.transferWaitSeconds), .number(row.transferSeconds),
        .integer(row.cachedTokens), .integer(row.adapter), .number(row.adapterWaitSeconds),
      ])
    }
    return table.text
  }

  /// `requests.jsonl`: the same rows, one JSON object a line; times that never came are `null`.
  ///
  /// - Complexity: O(requests).
  public func requestsJSONLines() -> String {
    var text = ""
    for row in requests {
      let values: [JSONValue] = [
        .string(row.design), .string(row.workload), .integer(Int64(row.request)), .optional(row.replica),
        .string(row.status), .integer(Int64(row.promptTokens)), .integer(Int64(row.outputTokens)),
        .number(row.arrivalSeconds), .optional(row.ttftSeconds), .optional(row.tpotSeconds),
        .optional(row.e2eSeconds), .optional(row.networkSeconds), .optional(row.queueSeconds),
        .optional(row.prefillSeconds), .optional(row.decodeSeconds), .integer(Int64(row.preemptions)),
        .optional(row.decodeReplica), .optional(row.transferWaitSeconds), .optional(row.transferSeconds),
        .optional(row.cachedTokens), .optional(row.adapter), .optional(row.adapterWaitSeconds),
      ]
      let members = [("run_id", JSONValue.string(manifest.runID))] + Array(zip(RequestRow.columns, values))
      text += JSONValue.object(members).text() + "\n"
    }
    return text
  }
}

extension RequestRow {
  fileprivate static let columns = [
    "design", "workload", "request", "replica", "status", "prompt_tokens", "output_tokens", "arrival_s",
    "ttft_s", "tpot_s", "e2e_s", "network_s", "queue_s", "prefill_s", "decode_s", "preemptions",
    "decode_replica", "kv_wait_s", "kv_transfer_s",
    "cached_tokens", "adapter", "adapter_wait_s",
  ]
}
