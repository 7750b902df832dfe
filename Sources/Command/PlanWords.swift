import DryRack

/// Values in the words of a scenario file, so that a plan reads as what one would write.
enum PlanWords {
  /// A time as `1h30m`, `2m` or `80ms`: read back it is the same, to a tick.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds > 0, seconds < 1e12 else { return seconds == 0 ? "0s" : "\(seconds)s" }
    if seconds < 1 || seconds != seconds.rounded() {
      for (unit, scale) in [("s", 1.0), ("ms", 1e3), ("us", 1e6)] {
        let value = seconds * scale
        let nearest = (value * 1000).rounded() / 1000
        if value >= 1 && abs(nearest - value) < 1e-12 * value { return "\(plain(nearest))\(unit)" }
      }
      return "\(seconds)s"
    }
    var left = Int64(seconds)
    let year: Int64 = 31_557_600
    if left % year == 0 { return "\(left / year)y" }
    var words = ""
    for (unit, length) in [("d", Int64(86_400)), ("h", 3600), ("m", 60), ("s", 1)] where left >= length {
      words += "\(left / length)\(unit)"
      left %= length
    }
    return words
  }

  static func duration(_ ticks: Ticks) -> String { duration(ticks.seconds) }

  /// A law by its parameters, as its keys name them.
  static func law(_ distribution: Distribution) -> String {
    let variation = distribution.mean > 0 ? distribution.variance.squareRoot() / distribution.mean : 0
    let moments = "mean \(number(distribution.mean)), cv \(number(variation))"
    var words =
      switch distribution.law {
      case .constant(let value): "constant \(number(value))"
      case .uniform(let from, let to): "uniform from \(number(from)) to \(number(to))"
      case .exponential: "exponential, \(moments)"
      case .gamma: "gamma, \(moments)"
      case .weibull: "weibull, \(moments)"
      case .lognormal: "lognormal, \(moments)"
      case .pareto: "pareto, \(moments)"
      case .empirical: "values of a file, \(moments)"
      case .discrete: "values by weight, \(moments)"
      }
    if let minimum = distribution.minimum { words += ", at least \(number(minimum))" }
    if let maximum = distribution.maximum { words += ", at most \(number(maximum))" }
    return words
  }

  static func arrivals(_ process: ArrivalProcess) -> String {
    func rate(_ rate: PerSecond) -> String { "\(number(rate.value))/s" }
    switch process {
    case .poisson(let mean): return "poisson, \(rate(mean))"
    case .gamma(let mean, let burstiness): return "gamma, \(rate(mean)), burstiness \(number(burstiness))"
    case .weibull(let mean, let shape): return "weibull, \(rate(mean)), shape \(number(shape))"
    case .constant(let mean): return "constant, \(rate(mean))"
    case .closedLoop(let users, let think):
      return "closed loop of \(users) users, who think for \(duration(think.mean))"
    case .burst(let count): return "\(count) at once"
    case .diurnal(let mean, let peak, let period):
      return "diurnal, mean \(rate(mean)), peak \(number(peak)) times it, every \(duration(period.value))"
    case .schedule(let points):
      let shown = points.prefix(6).map { "\(rate($0.rate)) at \(duration($0.time.value))" }
      return "schedule: " + shown.joined(separator: ", ") + (points.count > 6 ? ", …" : "")
    }
  }

  /// Up to six significant digits, whole numbers whole.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    if value == value.rounded() { return plain(value) }
    var scale = 1.0
    while abs(value) * scale < 1e5 && scale < 1e12 { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return plain(rounded)
  }

  /// Every digit, and no `.0`.
  private static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
  }
}
