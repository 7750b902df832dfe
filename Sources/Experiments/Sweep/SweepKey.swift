import Scenario

/// What a point's results depend on, as one number: SHA-256 of the resolved scenario (what was written with
/// the point's values in it, seed and replications included, the content of every file it names, and the
/// catalogue), of the designs that ran, and of the version of the program.
///
/// Equal keys mean equal results, so that a result is found again whatever its number in whatever sweep.
public struct SweepKey: Sendable, Hashable {
  /// The digest, first byte first.
  let words: (UInt64, UInt64, UInt64, UInt64)

  public static func == (left: SweepKey, right: SweepKey) -> Bool { left.words == right.words }
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  init(scenario: Scenario, designs: [String], keepsReplications: Bool) {
    var hash = ContentHash()
    hash.absorb("dryrack sweep point 1\n\(Experiment.version)\n\(scenario.contentHash)\n".utf8)
    hash.absorb("\(designs.joined(separator: ","))\n\(keepsReplications)".utf8)
    self.init(hexadecimal: hash.finish())
  }

  /// The digest of 64 hexadecimal digits.
  private init(hexadecimal digits: String) {
    let parts = stride(from: 0, to: 64, by: 16).map { start in
      UInt64(digits.dropFirst(start).prefix(16), radix: 16) ?? 0
    }
    words = (parts[0], parts[1], parts[2], parts[3])
  }
}
