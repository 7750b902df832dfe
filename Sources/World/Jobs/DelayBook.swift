import Infrastructure
import Kernel
import Workloads

/// Where useful time went: in steps of which placement, and by how much others on the same links and stores
/// made them longer; of the work that counts.
///
/// Work that a failure undoes takes its account with it. What is safe is added up; the rest is kept in spans
/// of useful time, each with the share of it that was delay, so that falling back cuts them off.
struct DelayBook: Sendable {
  /// How steps went for a while.
  struct Pace: Sendable, Equatable {
    /// Share of the time that was delay, and whether the network or a store was its cause.
    var delay = 0.0
    var isByNetwork = true
    /// Number of the placement.
    var placement = 0
  }

  fileprivate struct Span {
    var from: Ticks
    var to: Ticks
    var pace: Pace
  }

  /// Seconds of delay, and of the rest by placement.
  struct Totals: Sendable {
    var network = 0.0
    var storage = 0.0
    var steps: [Double] = []

    fileprivate mutating func add(_ span: Span) {
      let seconds = (span.to - span.from).seconds
      let delay = seconds * span.pace.delay
      if span.pace.isByNetwork { network += delay } else { storage += delay }
      while steps.count <= span.pace.placement { steps.append(0) }
      steps[span.pace.placement] += seconds - delay
    }
  }

  /// Useful time that is accounted for.
  private(set) var settled = Ticks.zero
  private var safe = Totals()
  private var spans: [Span] = []
  private var firstSpan = 0

  /// Of the work that has not been undone.
  /// - Complexity: O(spans since the last safe checkpoint).
  var totals: Totals {
    var sum = safe
    for span in spans[firstSpan...] { sum.add(span) }
    return sum
  }

  /// Useful time stands at `useful`: less than before where work has been undone, else the part since then
  /// went at `pace`. No failure undoes more than down to `safeWork`.
  ///
  /// - Complexity: O(1) over many calls.
  mutating func settle(upTo useful: Ticks, safe safeWork: Ticks, pace: Pace) {
    if useful < settled {
      while spans.count > firstSpan, spans[spans.count - 1].from >= useful { spans.removeLast() }
      if spans.count > firstSpan {
        spans[spans.count - 1].to = min(spans[spans.count - 1].to, useful)
      }
    } else if useful > settled {
      let last = spans.count - 1
      if last >= firstSpan, spans[last].to == settled, spans[last].pace == pace {
        spans[last].to = useful
      } else {
        spans.append(Span(from: settled, to: useful, pace: pace))
      }
    }
    settled = useful
    while firstSpan < spans.count, spans[firstSpan].to <= safeWork {
      safe.add(spans[firstSpan])
      firstSpan += 1
    }
    if firstSpan > 64, firstSpan * 2 > spans.count {
      spans.removeFirst(firstSpan)
      firstSpan = 0
    }
  }
}
