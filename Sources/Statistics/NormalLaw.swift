#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// The standard normal law: mean 0, deviation 1.
public enum NormalLaw {
  /// The probability of a value below `x`.
  ///
  /// - Complexity: O(1).
  public static func cdf(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }

  /// The value that has probability `p` below it, to about 16 digits; infinite at 0 and 1, NaN outside.
  ///
  /// Algorithm AS 241, routine PPND16 (Wichura, "The Percentage Points of the Normal Distribution", Applied
  /// Statistics 37, 1988): a quotient of two polynomials in the middle 85 % and one for each depth of tail.
  ///
  /// - Complexity: O(1), some nanoseconds; one logarithm and one root in the tails.
  public static func quantile(_ p: Double) -> Double {
    let centred = p - 0.5
    if abs(centred) <= 0.425 {
      let r = 0.180625 - centred * centred
      return centred * middle(r)
    }
    let tail = centred < 0 ? p : 1 - p
    if tail <= 0 || tail.isNaN { return tail == 0 ? (centred < 0 ? -.infinity : .infinity) : .nan }
    let depth = (-log(tail)).squareRoot()
    let size = depth <= 5 ? near(depth - 1.6) : far(depth - 5)
    return centred < 0 ? -size : size
  }

  @inline(__always) private static func middle(_ r: Double) -> Double {
    var top = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
    top = top * r + 6.7265770927008700853e4
    top = top * r + 4.5921953931549871457e4
    top = top * r + 1.3731693765509461125e4
    top = top * r + 1.9715909503065514427e3
    top = top * r + 1.3314166789178437745e2
    top = top * r + 3.3871328727963666080e0
    var bottom = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
    bottom = bottom * r + 3.9307895800092710610e4
    bottom = bottom * r + 2.1213794301586595867e4
    bottom = bottom * r + 5.3941960214247511077e3
    bottom = bottom * r + 6.8718700749205790830e2
    bottom = bottom * r + 4.2313330701600911252e1
    bottom = bottom * r + 1
    return top / bottom
  }

  private static func near(_ r: Double) -> Double {
    var top = 7.74545014278341407640e-4 * r + 2.27238449892691845833e-2
    top = top * r + 2.41780725177450611770e-1
    top = top * r + 1.27045825245236838258e0
    top = top * r + 3.64784832476320460504e0
    top = top * r + 5.76949722146069140550e0
    top = top * r + 4.63033784615654529590e0
    top = top * r + 1.42343711074968357734e0
    var bottom = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
    bottom = bottom * r + 1.51986665636164571966e-2
    bottom = bottom * r + 1.48103976427480074590e-1
    bottom = bottom * r + 6.89767334985100004550e-1
    bottom = bottom * r + 1.67638483018380384940e0
    bottom = bottom * r + 2.05319162663775882187e0
    bottom = bottom * r + 1
    return top / bottom
  }

  private static func far(_ r: Double) -> Double {
    var top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    top = top * r + 1.24266094738807843860e-3
    top = top * r + 2.65321895265761230930e-2
    top = top * r + 2.96560571828504891230e-1
    top = top * r + 1.78482653991729133580e0
    top = top * r + 5.46378491116411436990e0
    top = top * r + 6.65790464350110377720e0
    var bottom = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
    bottom = bottom * r + 1.84631831751005468180e-5
    bottom = bottom * r + 7.86869131145613259100e-4
    bottom = bottom * r + 1.48753612908506148525e-2
    bottom = bottom * r + 1.36929880922735805310e-1
    bottom = bottom * r + 5.99832206555887937690e-1
    bottom = bottom * r + 1
    return top / bottom
  }
}
