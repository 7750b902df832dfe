import CGSL

/// The GNU Scientific Library as this package uses it.
///
/// GSL stops the whole process on a domain error unless it is told once not to; afterwards its functions
/// answer with NaN or a status. Everything here that calls GSL calls `initialize()` first.
public enum GSL {
  /// Evaluated once for the process, by whichever thread comes first.
  private static let errorsAreReturned: Void = {
    _ = gsl_set_error_handler_off()
  }()

  /// Switches GSL's abort on errors off; all calls but the first do nothing.
  ///
  /// - Complexity: O(1), about a nanosecond.
  public static func initialize() { errorsAreReturned }
}
