/// A value that follows from another parameter's, as `x / 8`: numbers, `x`, the four operations and brackets.
public struct SweepFormula: Sendable, Hashable {
  private enum Step: Sendable, Hashable {
    case number(Double)
    case x
    case add, subtract, multiply, divide, negate
  }

  public let text: String
  /// In reverse Polish notation.
  private var steps: [Step] = []

  /// `nil` for a text that is no such formula.
  ///
  /// - Complexity: O(length); brackets nest 32 deep at most.
  public init?(_ text: String) {
    self.text = text
    var rest = Array(text.filter { !$0.isWhitespace })[...]
    guard sum(&rest, depth: 0), rest.isEmpty else { return nil }
  }

  /// Its value for a number; `nil` where it has none, as in a division by 0.
  public func value(of x: Double) -> Double? {
    var stack: [Double] = []
    for step in steps {
      switch step {
      case .number(let number): stack.append(number)
      case .x: stack.append(x)
      case .negate: stack.append(-stack.removeLast())
      case .add, .subtract, .multiply, .divide:
        let right = stack.removeLast()
        let left = stack.removeLast()
        switch step {
        case .add: stack.append(left + right)
        case .subtract: stack.append(left - right)
        case .multiply: stack.append(left * right)
        default: stack.append(left / right)
        }
      }
    }
    return stack.last.flatMap { $0.isFinite ? $0 : nil }
  }

  private mutating func sum(_ rest: inout ArraySlice<Character>, depth: Int) -> Bool {
    guard product(&rest, depth: depth) else { return false }
    while let sign = rest.first, sign == "+" || sign == "-" {
      rest.removeFirst()
      guard product(&rest, depth: depth) else { return false }
      steps.append(sign == "+" ? .add : .subtract)
    }
    return true
  }

  private mutating func product(_ rest: inout ArraySlice<Character>, depth: Int) -> Bool {
    guard factor(&rest, depth: depth) else { return false }
    while let sign = rest.first, sign == "*" || sign == "/" {
      rest.removeFirst()
      guard factor(&rest, depth: depth) else { return false }
      steps.append(sign == "*" ? .multiply : .divide)
    }
    return true
  }

  private mutating func factor(_ rest: inout ArraySlice<Character>, depth: Int) -> Bool {
    guard depth < 32, let first = rest.first else { return false }
    switch first {
    case "-":
      rest.removeFirst()
      guard factor(&rest, depth: depth + 1) else { return false }
      steps.append(.negate)
    case "(":
      rest.removeFirst()
      guard sum(&rest, depth: depth + 1), rest.popFirst() == ")" else { return false }
    case "x":
      rest.removeFirst()
      steps.append(.x)
    default:
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let number = Double(String(digits)), number.isFinite else { return false }
      rest.removeFirst(digits.count)
      steps.append(.number(number))
    }
    return true
  }
}

/// A path whose value follows from a parameter's.
public struct SweepDependent: Sendable, Hashable {
  public let path: String
  /// Index of the parameter that it follows.
  public let parameter: Int
  public let formula: SweepFormula
  let line: Int
  let column: Int

  /// What it is at a value of that parameter, in the same unit; `nil` where the value is no number with at
  /// most one unit, or the formula has no value there.
  func override(at value: SweepValue) -> Override? {
    guard let parts = SweepRange.split(value.text), let number = formula.value(of: parts.number) else {
      return nil
    }
    return Override(
      path: path, value: PlainNumber.text(number) + parts.unit, line: line, column: column)
  }

  /// What refuses a point at which the formula has no value.
  var impossible: Override {
    Override(path: path, value: "(\(formula.text) has no value here)", line: line, column: column)
  }
}
