import CGSL
import Statistics

/// The exact interval for a probability (Clopper and Pearson, Biometrika 26, 1934): it covers at least as
/// often as `confidence` says, and is wider than Wilson's; `nil` without trials.
///
/// - Parameters:
///   - successes: from 0 to `trials`.
///   - confidence: between 0 and 1, such as 0.95.
/// - Complexity: O(1), some microseconds.
func exactBinomialInterval(
  successes: Int64, trials: Int64, confidence: Double = 0.95
) -> Interval? {
  precondition(successes >= 0 && successes <= trials, "successes are trials")
  precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
  if trials == 0 { return nil }
  GSL.initialize()
  let tail = (1 - confidence) / 2
  let (k, n) = (Double(successes), Double(trials))
  return Interval(
    estimate: k / n,
    low: successes == 0 ? 0 : gsl_cdf_beta_Pinv(tail, k, n - k + 1),
    high: successes == trials ? 1 : gsl_cdf_beta_Qinv(tail, k + 1, n - k))
}
