/// The nearest known name to a mistyped one.
enum Suggestion {
  /// The closest of `names` within a third of the length of what was typed, at least two edits.
  ///
  /// - Complexity: O(names × length²).
  static func nearest<Names: Sequence<String>>(to typed: String, among names: Names) -> String? {
    let limit = max(2, typed.count / 3)
    var best: (name: String, distance: Int)?
    for name in names {
      let distance = distance(Array(typed.lowercased()), Array(name.lowercased()))
      if distance <= limit && distance < name.count && distance < best?.distance ?? .max {
        best = (name, distance)
      }
    }
    return best?.name
  }

  /// Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string
  /// alignment).
  static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var previous: [Int] = []
    var current = Array(0...right.count)
    for row in 1..<(left.count + 1) {
      var next = [row] + Array(repeating: 0, count: right.count)
      for column in 1..<(right.count + 1) {
        let same = left[row - 1] == right[column - 1]
        next[column] = min(current[column] + 1, next[column - 1] + 1, current[column - 1] + (same ? 0 : 1))
        if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
          next[column] = min(next[column], previous[column - 2] + 1)
        }
      }
      previous = current
      current = next
    }
    return current[right.count]
  }
}
