extension SweepReading {
  /// Refuses what would be said without effect: a value of the command line, or of an earlier parameter, that
  /// every point of a parameter over the same place sets anew.
  mutating func refuseHidden(_ axes: [(path: String, value: Written)], fixed: [String]) {
    for (position, axis) in axes.enumerated() {
      if let hidden = fixed.first(where: { Self.covers(axis.path, $0) }) {
        checker.fault(
          axis.value, axis.path, "'\(axis.path)' varies, and '\(hidden)' lies in it and is set too",
          help: "leave one of them out: the parameter would set every point anew")
      }
      if let hidden = axes[..<position].first(where: { Self.covers(axis.path, $0.path) }) {
        checker.fault(
          axis.value, axis.path, "'\(axis.path)' varies after '\(hidden.path)', which lies in it",
          help: "leave one of them out, or name the designs that each is of")
      }
    }
  }

  /// Whether all that a path leads to lies where another one leads, `*` standing for every name.
  static func covers(_ path: String, _ other: String) -> Bool {
    let (own, inner) = (path.split(separator: "."), other.split(separator: "."))
    return own.count <= inner.count && zip(own, inner).allSatisfy { $0 == "*" || $0 == $1 }
  }
}
