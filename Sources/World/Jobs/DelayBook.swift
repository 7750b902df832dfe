import Kernel

/// By how much others on the same links and stores made a job's steps longer, of the work that counts.
///
/// Work that a failure undoes takes its delay with it. What is safe is added up; the rest is kept in spans of
/// useful time, each with the share of it that was delay, so that falling back cuts them off.
struct DelayBook: Sendable {
  private struct Span {
    var from: Ticks
    var to: Ticks
    var share: Double
    var byNetwork: Bool
    var seconds: Double { (to - from).seconds * share }
  }

  /// Useful time that is accounted for.
  private(set) var settled = Ticks.zero
  private var safeNetwork = 0.0
  private var safeStorage = 0.0
  private var spans: [Span] = []
  private var firstSpan = 0

  /// Seconds of delay in work that has not been undone.
  var network: Double { total(byNetwork: true) }
  var storage: Double { total(byNetwork: false) }

  private func total(byNetwork: Bool) -> Double {
    spans[firstSpan...].reduce(byNetwork ? safeNetwork : safeStorage) {
      $0 + ($1.byNetwork == byNetwork ? $1.seconds : 0)
    }
  }

  /// Useful time stands at `useful`: less than before where work has been undone, else the part since then
  /// was delay by `share`. No failure undoes more than down to `safe`.
  ///
  /// - Complexity: O(1) over many calls.
  mutating func settle(upTo useful: Ticks, safe: Ticks, share: Double, byNetwork: Bool) {
    if useful < settled {
      while spans.count > firstSpan, spans[spans.count - 1].from >= useful { spans.removeLast() }
      if spans.count > firstSpan {
        spans[spans.count - 1].to = min(spans[spans.count - 1].to, useful)
      }
    } else if useful > settled && share > 0 {
      let last = spans.count - 1
      if last >= firstSpan, spans[last].to == settled, spans[last].share == share,
        spans[last].byNetwork == byNetwork
      {
        spans[last].to = useful
      } else {
        spans.append(Span(from: settled, to: useful, share: share, byNetwork: byNetwork))
      }
    }
    settled = useful
    while firstSpan < spans.count, spans[firstSpan].to <= safe {
      if spans[firstSpan].byNetwork {
        safeNetwork += spans[firstSpan].seconds
      } else {
        safeStorage += spans[firstSpan].seconds
      }
      firstSpan += 1
    }
    if firstSpan > 64, firstSpan * 2 > spans.count {
      spans.removeFirst(firstSpan)
      firstSpan = 0
    }
  }
}
