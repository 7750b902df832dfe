import Kernel
import Quantities

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// The price of a node-hour over time, constant between changes; before the first change it is the first.
public struct PriceSeries: Sendable, Hashable {
  /// When each price begins, ascending, and the price [currency per node-hour].
  public let starts: [Ticks]
  public let prices: [Double]

  /// `nil` for lists of different length, without a price, out of order, or with a price that is negative or
  /// not finite.
  public init?(starts: [Ticks], prices: [Double]) {
    guard starts.count == prices.count, !starts.isEmpty,
      zip(starts, starts.dropFirst()).allSatisfy({ $0 < $1 }),
      prices.allSatisfy({ $0 >= 0 && $0.isFinite })
    else { return nil }
    self.starts = starts
    self.prices = prices
  }

  /// One price for all time; negative ones count as 0.
  public init(constant price: Double) {
    starts = [.zero]
    prices = [price > 0 && price.isFinite ? price : 0]
  }

  /// Prices that wander about `mean` and come back: the logarithm is an autoregression of order one at each
  /// `step` (a discrete Ornstein-Uhlenbeck process; Schwartz, "The Stochastic Behavior of Commodity Prices",
  /// Journal of Finance 52, 1997, model 1).
  ///
  /// - Parameters:
  ///   - mean: of the prices in the long run, above 0.
  ///   - deviation: of the logarithm in the long run, 0 or more.
  ///   - memory: after which a deviation has faded to 1/e.
  ///   - count: how many steps, at least 1.
  public static func meanReverting(
    mean: Double, deviation: Double, memory: Seconds, step: Ticks, count: Int, stream: inout RandomStream
  ) -> PriceSeries {
    let length = max(step, Ticks(1))
    let keep = exp(-length.seconds / max(memory.value, 1e-9))
    let noise = deviation * (1 - keep * keep).squareRoot()
    var deviationNow = deviation * normal(&stream)
    var starts: [Ticks] = []
    var prices: [Double] = []
    for index in 0..<max(count, 1) {
      let (start, isOver) = length.count.multipliedReportingOverflow(by: Int64(index))
      if isOver { break }
      starts.append(Ticks(start))
      prices.append(mean * exp(deviationNow - deviation * deviation / 2))
      deviationNow = keep * deviationNow + noise * normal(&stream)
    }
    return PriceSeries(starts: starts, prices: prices) ?? PriceSeries(constant: mean)
  }

  /// A standard normal deviate (Box and Muller, Annals of Mathematical Statistics 29, 1958).
  private static func normal(_ stream: inout RandomStream) -> Double {
    (2 * stream.exponential()).squareRoot() * cos(2 * .pi * stream.uniform())
  }

  private func index(at time: Ticks) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= time { low = middle } else { high = middle }
    }
    return low
  }

  /// The price of a node-hour at a time.
  /// - Complexity: O(log changes).
  public func price(at time: Ticks) -> Double { prices[index(at: time)] }

  /// When the price next changes after `time`; `.never` when it does not.
  public func nextChange(after time: Ticks) -> Ticks {
    let next = starts[0] > time ? 0 : index(at: time) + 1
    return next < starts.count ? starts[next] : .never
  }

  /// What `nodes` nodes cost from one time to another.
  /// - Complexity: O(changes in between + log changes).
  public func cost(nodes: Int, from start: Ticks, to end: Ticks) -> Double {
    var sum = 0.0
    var time = start
    while time < end {
      let next = min(nextChange(after: time), end)
      sum += price(at: time) * (next - time).seconds / 3600
      time = next
    }
    return sum * Double(nodes)
  }
}
