import Kernel

/// Who is let in at the door of a service.
public struct AdmissionSettings: Sendable, Hashable {
  /// At most so many requests: admitted ≤ rate × time + burst over any span of time.
  public struct RateLimit: Sendable, Hashable {
    /// Requests a second.
    public var rate: Double
    /// Requests that may pass at once after a pause.
    public var burst: Int

    public init(rate: Double, burst: Int) {
      precondition(rate > 0 && burst > 0, "a rate limit lets something pass")
      self.rate = rate
      self.burst = burst
    }
  }

  public var rateLimit: RateLimit?
  /// Requests whose predicted time to first token is longer are turned away; `nil` lets all pass.
  public var longestWait: Ticks?
  /// What a closed-loop user waits at least after a refusal.
  public var retryAfter: Ticks

  public init(rateLimit: RateLimit?, longestWait: Ticks?, retryAfter: Ticks) {
    self.rateLimit = rateLimit
    self.longestWait = longestWait
    self.retryAfter = retryAfter
  }
}

/// A token bucket in whole ticks: the generic cell rate algorithm in its virtual scheduling form (ITU-T
/// Recommendation I.371, annex A), which admits exactly what a bucket of `burst` tokens refilled at `rate`
/// does.
///
/// The interval between tokens is rounded up, so that no rounding ever lets more pass than was allowed.
public struct RateLimiter: Sendable {
  private let interval: Int64
  private let tolerance: Int64
  /// When the next request would come if all came evenly.
  private var due: Int64 = 0

  /// A full bucket.
  public init(_ limit: AdmissionSettings.RateLimit) {
    let ticks = (16e9 / limit.rate).rounded(.up)
    // Past a year between two requests, or for all of them together, nobody could tell the difference.
    let longest: Int64 = 1 << 59
    interval = ticks < Double(longest) ? max(1, Int64(ticks)) : longest
    let (product, overflow) = interval.multipliedReportingOverflow(by: Int64(limit.burst - 1))
    tolerance = overflow ? longest : min(longest, product)
  }

  /// Whether a request may pass now; if so, it counts. O(1).
  public mutating func admits(at now: Ticks) -> Bool {
    if now.count < due - tolerance { return false }
    due = max(due, now.count) + interval
    return true
  }
}
