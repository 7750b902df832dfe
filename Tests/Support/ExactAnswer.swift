/// One exact answer of the shared table of formulas: a case, its parameters, a quantity and its value.
public struct ExactAnswer: Sendable {
  public let name: String
  public let parameters: String
  public let quantity: String
  public let value: Double

  /// The rows of the cases of that name; none where the shared data is absent.
  public static func rows(_ name: String) -> [ExactAnswer] {
    (SharedData.rows("analytic/analytic.csv") ?? []).compactMap { cells in
      guard cells.count == 5, cells[0] == name, let value = Double(cells[3]) else { return nil }
      return ExactAnswer(name: name, parameters: cells[1], quantity: cells[2], value: value)
    }
  }

  /// The number after `name=` in the parameters; hours (`4h`) in seconds.
  public func number(_ name: String) -> Double? {
    for part in parameters.split(whereSeparator: { ";, ".contains($0) }) where part.hasPrefix("\(name)=") {
      let text = part.dropFirst(name.count + 1)
      let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "e" }
      return Double(digits).map { $0 * (text.hasSuffix("h") ? 3600 : 1) }
    }
    return nil
  }
}
