/// The edge of what holds along one whole number: "how many replicas hold the objective?"
///
/// It is asked which number to try and told whether it holds. Where what holds is one end of the range, the
/// edge is found in about log₂(range) tries; the neighbours of the edge on both sides are tried as well, and
/// every answer is held against the assumption.
public struct MonotoneSearch: Sendable {
  /// What the answers so far say.
  public enum Finding: Sendable, Hashable {
    /// Holds from this number on upwards.
    case least(Int)
    /// Holds up to this number.
    case most(Int)
    /// Holds at both ends and wherever it was tried.
    case always
    /// Holds at neither end, nor wherever it was tried.
    case never
    /// Holds here and there: the numbers that contradict each other.
    case notMonotone([Int])
  }

  public let range: ClosedRange<Int>
  /// In order of the number.
  public private(set) var answers: [(number: Int, holds: Bool)] = []

  public init(_ range: ClosedRange<Int>) { self.range = range }

  /// What to try next: both ends, then the middle of the interval that holds the edge, then its neighbours.
  /// Empty when nothing is left.
  public var next: [Int] {
    let ends = [range.lowerBound, range.upperBound].filter { !isKnown($0) }
    if !ends.isEmpty { return range.lowerBound == range.upperBound ? [range.lowerBound] : ends }
    if let edge {
      if edge.above - edge.below > 1 { return [edge.below + (edge.above - edge.below) / 2] }
      // Both neighbours of the edge: one more that should hold, and one more that should not.
      return [edge.below - 1, edge.above + 1].filter { range.contains($0) && !isKnown($0) }
    }
    return []
  }

  public mutating func tell(_ number: Int, holds: Bool) {
    let place = answers.firstIndex { $0.number >= number } ?? answers.count
    if place < answers.count, answers[place].number == number {
      answers[place].holds = holds
    } else {
      answers.insert((number, holds), at: place)
    }
  }

  /// What was found; meaningful once `next` is empty.
  public var finding: Finding {
    let changes = zip(answers, answers.dropFirst()).filter { $0.holds != $1.holds }
    guard let first = answers.first else { return .never }
    switch changes.count {
    case 0: return first.holds ? .always : .never
    case 1: return first.holds ? .most(changes[0].0.number) : .least(changes[0].1.number)
    default: return .notMonotone(changes.map(\.1.number))
    }
  }

  /// The numbers that the finding rests on: both sides of each change, or both ends where there is none.
  public var deciding: [Int] {
    var numbers: [Int] = []
    for (one, other) in zip(answers, answers.dropFirst()) where one.holds != other.holds {
      numbers += numbers.last == one.number ? [other.number] : [one.number, other.number]
    }
    if !numbers.isEmpty { return numbers }
    return answers.count < 2 ? answers.map(\.number) : [answers[0].number, answers[answers.count - 1].number]
  }

  /// The narrowest known interval in which the answer changes, the first where there are several.
  private var edge: (below: Int, above: Int)? {
    zip(answers, answers.dropFirst()).first { $0.holds != $1.holds }.map { ($0.number, $1.number) }
  }

  private func isKnown(_ number: Int) -> Bool { answers.contains { $0.number == number } }
}
