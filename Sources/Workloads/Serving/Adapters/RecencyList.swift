/// Numbers 0 ..< size, some of them in the order of their last use, the longest unused first.
///
/// - Complexity: O(1) each.
struct RecencyList {
  private var following: [Int32]
  private var preceding: [Int32]
  private let end: Int32

  init(size: Int) {
    end = Int32(size)
    following = Array(repeating: -1, count: size + 1)
    preceding = following
    following[size] = end
    preceding[size] = end
  }

  func contains(_ number: Int) -> Bool { following[number] >= 0 }
  /// The longest unused; `nil` in an empty list.
  var first: Int? { following[Int(end)] == end ? nil : Int(following[Int(end)]) }
  /// The one used next after it.
  func next(_ number: Int) -> Int? { following[number] == end ? nil : Int(following[number]) }

  /// Makes it the last, whether it was in the list or not.
  mutating func touch(_ number: Int) {
    if contains(number) { remove(number) }
    let last = preceding[Int(end)]
    following[number] = end
    preceding[number] = last
    following[Int(last)] = Int32(number)
    preceding[Int(end)] = Int32(number)
  }

  mutating func remove(_ number: Int) {
    let (before, after) = (preceding[number], following[number])
    following[Int(before)] = after
    preceding[Int(after)] = before
    following[number] = -1
  }
}
