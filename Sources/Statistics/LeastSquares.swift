import CGSL

/// Where a nonlinear least-squares fit ended.
public struct LeastSquaresFit: Sendable {
  /// The parameters found.
  public var parameters: [Double]
  /// Standard errors of the parameters: roots of the diagonal of (JᵀJ)⁻¹, scaled by the residual variance.
  public var standardErrors: [Double]
  /// Sum of squared residuals over what is left of their number beside the parameters; 1 where residuals
  /// are as large as their units say.
  public var residualVariance: Double
  /// Half the sum of squared residuals at the start and at the end.
  public var startCost: Double
  public var endCost: Double
  public var iterations: Int
}

/// Minimises ½ Σ rᵢ(x)² by Levenberg and Marquardt's method with the trust region of Moré (1978), as GSL's
/// `multifit_nlinear` has it. The Jacobian is taken by forward differences.
///
/// - Parameters:
///   - start: parameters of the order of 1: `step` is relative to each.
///   - count: residuals, at least as many as parameters.
///   - step: relative step of the differences. Simulations are smooth only over a per cent or so.
///   - residuals: must return `count` finite numbers.
/// - Returns: `nil` when the solver could not take a single step.
/// - Complexity: one evaluation a parameter and iteration, and a few more.
public func leastSquares(
  start: [Double], count: Int, step: Double = 0.02, maximumIterations: Int = 12,
  tolerance: Double = 1e-3, residuals: @escaping ([Double]) -> [Double]
) -> LeastSquaresFit? {
  precondition(!start.isEmpty && count >= start.count, "no fewer residuals than parameters")
  GSL.initialize()
  let problem = Problem(residuals: residuals, count: count, parameters: start.count)
  var settings = gsl_multifit_nlinear_default_parameters()
  settings.h_df = step
  guard
    let workspace = gsl_multifit_nlinear_alloc(
      dryrack_multifit_trust(), &settings, count, start.count),
    let initial = gsl_vector_alloc(start.count)
  else { return nil }
  defer {
    gsl_multifit_nlinear_free(workspace)
    gsl_vector_free(initial)
  }
  for (index, value) in start.enumerated() { gsl_vector_set(initial, index, value) }
  var system = gsl_multifit_nlinear_fdf()
  system.f = { parameters, box, out in
    Unmanaged<Problem>.fromOpaque(box!).takeUnretainedValue().evaluate(parameters!, into: out!)
    return 0
  }
  system.df = nil
  system.fvv = nil
  system.n = count
  system.p = start.count
  return withExtendedLifetime(problem) {
    system.params = Unmanaged.passUnretained(problem).toOpaque()
    return withUnsafeMutablePointer(to: &system) { system in
      run(workspace, initial, system, maximumIterations, tolerance, start.count, count)
    }
  }
}

private func run(
  _ workspace: UnsafeMutablePointer<gsl_multifit_nlinear_workspace>,
  _ initial: UnsafeMutablePointer<gsl_vector>,
  _ system: UnsafeMutablePointer<gsl_multifit_nlinear_fdf>, _ maximumIterations: Int, _ tolerance: Double,
  _ parameters: Int, _ count: Int
) -> LeastSquaresFit? {
  guard gsl_multifit_nlinear_init(initial, system, workspace) == 0 else { return nil }
  let startCost = halfSquare(gsl_multifit_nlinear_residual(workspace), count)
  var reason: Int32 = 0
  _ = gsl_multifit_nlinear_driver(
    maximumIterations, tolerance, tolerance, tolerance, nil, nil, &reason, workspace)
  let endCost = halfSquare(gsl_multifit_nlinear_residual(workspace), count)
  guard let position = gsl_multifit_nlinear_position(workspace),
    let covariance = gsl_matrix_alloc(parameters, parameters)
  else { return nil }
  defer { gsl_matrix_free(covariance) }
  gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(workspace), 0, covariance)
  let variance = 2 * endCost / Double(max(1, count - parameters))
  return LeastSquaresFit(
    parameters: (0..<parameters).map { gsl_vector_get(position, $0) },
    standardErrors: (0..<parameters).map { (gsl_matrix_get(covariance, $0, $0) * variance).squareRoot() },
    residualVariance: variance,
    startCost: startCost, endCost: endCost, iterations: Int(gsl_multifit_nlinear_niter(workspace)))
}

private func halfSquare(_ vector: UnsafeMutablePointer<gsl_vector>?, _ count: Int) -> Double {
  guard let vector else { return .infinity }
  return (0..<count).reduce(0.0) { $0 + gsl_vector_get(vector, $1) * gsl_vector_get(vector, $1) } / 2
}

/// Carries the caller's function through GSL's untyped pointer.
private final class Problem {
  private let residuals: ([Double]) -> [Double]
  private let count: Int
  private let parameters: Int

  init(residuals: @escaping ([Double]) -> [Double], count: Int, parameters: Int) {
    self.residuals = residuals
    self.count = count
    self.parameters = parameters
  }

  func evaluate(_ position: UnsafePointer<gsl_vector>, into out: UnsafeMutablePointer<gsl_vector>) {
    let values = residuals((0..<parameters).map { gsl_vector_get(position, $0) })
    precondition(values.count == count, "a fit keeps its number of residuals")
    for (index, value) in values.enumerated() { gsl_vector_set(out, index, value.isFinite ? value : 1e3) }
  }
}
