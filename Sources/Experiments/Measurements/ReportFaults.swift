import Scenario

/// Collects what is wrong with one file, with places, up to a number that a person would read.
struct ReportFaults {
  static let limit = 20

  let file: String
  private(set) var faults: [Fault] = []

  init(file: String) { self.file = file }

  mutating func add(_ node: ReportNode, _ message: String, help: String? = nil) {
    add(line: node.line, column: node.column, message, help: help)
  }

  mutating func add(line: Int, column: Int = 1, _ message: String, help: String? = nil) {
    guard faults.count < Self.limit else { return }
    faults.append(Fault(file: file, line: line, column: column, message: message, help: help))
  }

  // MARK: Members

  /// A number of at least 0; `nil` where there is none, with a fault where there is something else.
  mutating func number(_ node: ReportNode?, _ name: String) -> Double? {
    guard let value = node?[name] else { return nil }
    guard let number = value.number, number.isFinite, number >= 0 else {
      add(value, "'\(name)' is not a number of 0 or more")
      return nil
    }
    return number
  }

  /// A whole number of at least 1 and at most 10 million; 0 and less stand for none.
  mutating func count(_ node: ReportNode?, _ name: String) -> Int? {
    guard let value = node?[name], value.number.map({ $0 > 0 }) ?? true else { return nil }
    guard let number = value.number, let count = Int(exactly: number), count <= 10_000_000 else {
      // Clients without a limit write infinity.
      if value.number == .infinity { return nil }
      add(value, "'\(name)' is not a whole number of at most 10 million")
      return nil
    }
    return count
  }

  /// A rate a second; `nil` where there is none or no limit to it.
  mutating func rate(_ node: ReportNode?, _ name: String) -> Double? {
    guard let value = node?[name], value.number != .infinity else { return nil }
    guard let number = value.number, number > 0, number <= 1e7 else {
      add(value, "'\(name)' is not a rate of more than 0 and at most 10 million a second")
      return nil
    }
    return number
  }

  /// Mean length of prompts or answers.
  mutating func lengths(_ tokens: Double?, _ node: ReportNode) -> BenchmarkLengths? {
    guard let tokens, tokens > 0 else { return nil }
    guard tokens <= 1e7 else {
      add(node, "a mean length of \(tokens) tokens is more than 10 million")
      return nil
    }
    return .constant(max(1, tokens.rounded()))
  }

  /// Token counts of a request.
  mutating func request(
    _ node: ReportNode, start: Double?, prompt: Double?, output: Double?
  ) -> RecordedRequest? {
    guard let prompt, let output, (0...1e7).contains(prompt), (0...1e7).contains(output) else {
      add(node, "expected token counts from 0 to 10 million")
      return nil
    }
    return RecordedRequest(
      start: start, promptTokens: Int32(max(1, prompt)), outputTokens: Int32(max(1, output)))
  }
}
