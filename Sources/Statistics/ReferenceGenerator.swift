import CGSL

/// A random number generator of GSL, as the reference that the package's own streams and samplers are tested
/// against. Simulations draw from `RandomStream`, which is several times faster and needs no memory.
///
/// One owner at a time: it cannot be copied, and the generator's memory is freed with it.
public struct ReferenceGenerator: ~Copyable {
  /// Which of GSL's generators.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// The Mersenne Twister (Matsumoto and Nishimura, ACM TOMACS 8, 1998), 32 bits a draw.
    case mt19937
    /// Lüscher's RANLUX at its highest luxury, 48 bits a draw; slow, and with a proof of its quality.
    case ranlxd2
    /// L'Ecuyer's three-component Tausworthe generator (Mathematics of Computation 65, 1996), 32 bits a draw.
    case taus2
  }

  private let generator: UnsafeMutablePointer<gsl_rng>

  /// - Parameter seed: 0 stands for the generator's customary seed, which is 4357 for `mt19937`.
  public init(_ kind: Kind = .mt19937, seed: UInt) {
    GSL.initialize()
    let type =
      switch kind {
      case .mt19937: dryrack_rng_mt19937()
      case .ranlxd2: dryrack_rng_ranlxd2()
      case .taus2: dryrack_rng_taus2()
      }
    guard let allocated = gsl_rng_alloc(type) else {
      preconditionFailure("a generator of a few kilobytes fits in memory")
    }
    generator = allocated
    gsl_rng_set(allocated, seed)
  }

  deinit { gsl_rng_free(generator) }

  /// The next integer; its range depends on the kind, 0 ..< 2³² for `mt19937`.
  public mutating func next() -> UInt { gsl_rng_get(generator) }

  /// The next uniform number of [0, 1).
  public mutating func uniform() -> Double { gsl_rng_uniform(generator) }
}
