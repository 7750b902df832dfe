import DryRack

/// Prefill replicas, decode replicas and what lies between them.
extension RunPlan {
  static func lines(of roles: Disaggregation, in design: Design) -> [Line] {
    let transfer = roles.transfer
    func speed(_ links: KeyValueTransfer.NodeLinks) -> String {
      let links = "\((links.bandwidth.value / 1e7).rounded() / 100) GB/s a node over \(links.count) links"
      return links.hasSuffix(" 1 links") ? String(links.dropLast()) : links
    }
    let isAhead = transfer.overlaps
    return [Line(name: "prefill", value: "")] + indented(lines(of: roles.prefill, in: design))
      + [Line(name: "decode", value: "")] + indented(lines(of: roles.decode, in: design))
      + [
        Line(name: "KV transfer", value: ""),
        Line(name: "  sent at", value: speed(transfer.senders)),
        Line(name: "  received at", value: speed(transfer.receivers)),
        Line(name: "  latency", value: "\((transfer.latency.value * 1e8).rounded() / 100) us"),
        Line(name: "  within a node", value: transfer.usesScaleUp ? "scale-up links" : "as between nodes"),
        Line(
          name: "  leaves",
          value: isAhead ? "layer by layer, while the prompt is computed" : "when the prompt is computed"),
        Line(
          name: "  the first token is",
          value: transfer.answersFromDecode
            ? "the decode replica's, once it has all" : "the prefill replica's, once it is computed"),
        Line(
          name: "  decode replica is chosen",
          value: isAhead ? "when the request arrives" : "when the prompt is computed"),
      ]
  }

  private static func indented(_ lines: [Line]) -> [Line] {
    lines.map { Line(name: "  \($0.name)", value: $0.value, source: $0.source) }
  }
}
