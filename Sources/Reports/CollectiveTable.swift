import Experiments

/// What collectives took, a size a line, as nccl-tests print it.
extension RunResults {
  func appendCollectives(_ workload: String, into table: inout TextTable) {
    var sizes: [Int64] = []
    for row in rows where row.workload == workload {
      if let size = row.messageBytes, !sizes.contains(size) { sizes.append(size) }
    }
    if sizes.isEmpty { return }
    table.append([TextTable.Cell(text: "")])
    table.append([TextTable.Cell(text: "\(workload): bus bandwidth, time", mark: .bold)])
    for size in sizes {
      let cells = designs.map { design -> String in
        func value(_ metric: String) -> Double? {
          rows.first {
            $0.design == design.name && $0.workload == workload && $0.replication == nil
              && $0.metric == metric && $0.messageBytes == size
          }?.value
        }
        guard let time = value("time_s") else { return "–" }
        let bus = value("bus_bandwidth_bytes_per_s").map { "\(HumanNumber.plain($0 / 1e9)) GB/s" } ?? "–"
        return "\(bus), \(HumanNumber.text(time, unit: "s"))"
      }
      table.append(["  \(Self.size(size))"] + cells)
    }
  }

  private static func size(_ bytes: Int64) -> String {
    for (unit, width) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << Int64(width) {
      return "\(HumanNumber.plain(Double(bytes) / Double(Int64(1) << Int64(width)))) \(unit)"
    }
    return "\(bytes) B"
  }
}
