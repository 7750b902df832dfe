/// Measured times [s] by two counts: a grid over every row's and every column's count, straight lines
/// between them, and never less for more of either.
///
/// A row that lacks a column takes it from its own straight lines; one that was measured at a single column
/// takes the shape of the nearest row that was not. Falls are repaired along both counts at once
/// (`NeverFalling`).
struct MeasuredSurface {
  struct Point {
    var row: Int
    var column: Int
    var time: Double
  }

  let rows: [Int]
  let columns: [Int]
  /// Row by row.
  let times: [Double]

  /// - Parameter points: in any order, at least one; of several at one place the first counts.
  /// - Complexity: O(points · log points + rows · columns).
  init(_ points: [Point]) {
    precondition(!points.isEmpty, "a surface has a point")
    var lists: [[Point]] = []
    for point in points.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
      if lists.last?.last?.row != point.row {
        lists.append([point])
      } else if lists[lists.count - 1].last?.column != point.column {
        lists[lists.count - 1].append(point)
      }
    }
    rows = lists.map { $0[0].row }
    columns = Self.distinct(points.map(\.column).sorted())
    var times: [Double] = []
    times.reserveCapacity(rows.count * columns.count)
    for (index, list) in lists.enumerated() {
      let own = Line(knots: list.map(\.column), values: list.map(\.time))
      if list.count == 1, let shape = Self.nearestShape(to: index, in: lists) {
        let scale = list[0].time / max(1e-12, shape.value(list[0].column))
        times += columns.map { shape.value($0) * scale }
      } else {
        times += columns.map(own.value)
      }
    }
    self.times = NeverFalling.repaired(times, shape: [rows.count, columns.count])
  }

  /// The nearest row measured at more than one column; the one before of two as near.
  private static func nearestShape(to index: Int, in lists: [[Point]]) -> Line? {
    for distance in 1..<max(2, lists.count) {
      for other in [index - distance, index + distance]
      where lists.indices.contains(other) && lists[other].count > 1 {
        return Line(knots: lists[other].map(\.column), values: lists[other].map(\.time))
      }
    }
    return nil
  }

  /// - Complexity: O(columns + log rows).
  func time(_ row: Int, _ column: Int) -> Double {
    func at(_ index: Int) -> Double {
      let values = times[index * columns.count..<(index + 1) * columns.count]
      return Line(knots: columns, values: Array(values)).value(column)
    }
    let high = max(1, min(rows.count - 1, rows.firstIndex(atLeast: row)))
    if rows.count == 1 || row <= rows[0] { return at(0) }
    return Line(knots: [rows[high - 1], rows[high]], values: [at(high - 1), at(high)]).value(row)
  }

  static func distinct(_ sorted: [Int]) -> [Int] {
    var result: [Int] = []
    for value in sorted where value != result.last { result.append(value) }
    return result
  }

  /// Straight lines between knots; flat before the first and beyond the last.
  static func clamped(_ knots: [Int], _ values: [Double], _ at: Int) -> Double {
    Line(knots: knots, values: values).value(min(at, knots[knots.count - 1]))
  }

  /// Straight lines between knots; flat before the first; beyond the last along the last line where it rises.
  private struct Line {
    var knots: [Int]
    var values: [Double]

    func value(_ at: Int) -> Double {
      let last = knots.count - 1
      if at <= knots[0] || last == 0 { return values[0] }
      let high = min(last, knots.firstIndex(atLeast: at))
      let (a, b) = (values[high - 1], values[high])
      let part = Double(at - knots[high - 1]) / Double(knots[high] - knots[high - 1])
      return at > knots[high] ? b + max(0, b - a) * (part - 1) : a + (b - a) * part
    }
  }
}

/// A measured surface in fine ticks, for pricing steps.
struct TabulatedSurface: Sendable {
  /// One straight line of a row: `start.cost` at `start.at`, then `slope` for each unit up to and with
  /// `limit`.
  struct Line {
    var at: Int
    var cost: Int64
    var slope: Int64
    var limit: Int64
  }

  /// 33 µs for a KV entry, a hundred times what the slowest memory takes: with it the cost of any context
  /// stays in range.
  private static let steepest: Int64 = 1 << 27

  let rows: [Int]
  let columns: [Int]
  private let values: [Int64]

  static let nothing = TabulatedSurface(rows: [], columns: [], times: [])
  var isEmpty: Bool { rows.isEmpty }

  /// - Parameter times: row by row [s]; they never fall.
  init(rows: [Int], columns: [Int], times: [Double]) {
    self.rows = rows
    self.columns = columns
    values = times.map(FineTicks.rounded)
  }

  /// The straight line through a total `sum` that `count` members share evenly, where `row` of them set the
  /// row: columns are shares, so the line's places are `count` times theirs.
  func line(row: Int, sum: Int, count: Int) -> Line {
    if isEmpty { return Line(at: 0, cost: 0, slope: 0, limit: .max) }
    let members = min(max(1, count), 1 << 30)
    let reached = columns.firstIndex(atLeast: sum / members + 1) - 1
    if reached < 0 {
      return Line(at: 0, cost: value(row, column: 0), slope: 0, limit: Int64(columns[0]) * Int64(members) - 1)
    }
    let last = columns.count - 1
    if last == 0 { return Line(at: columns[0] * members, cost: value(row, column: 0), slope: 0, limit: .max) }
    let left = min(reached, last - 1)
    let (from, to) = (value(row, column: left), value(row, column: left + 1))
    let span = Int64(columns[left + 1] - columns[left]) * Int64(members)
    let slope = min(Self.steepest, max(0, to - from) / span)
    if reached == last {
      return Line(at: columns[last] * members, cost: to, slope: slope, limit: .max)
    }
    return Line(
      at: columns[left] * members, cost: from, slope: slope,
      limit: Int64(columns[left + 1]) * Int64(members) - 1)
  }

  /// - Complexity: O(log rows + log columns).
  func cost(row: Int, sum: Int, count: Int) -> Int64 {
    let line = line(row: row, sum: sum, count: count)
    return line.cost + FineTicks.product(line.slope, Int64(max(0, sum - line.at)))
  }

  /// The first row's below it; beyond the last, in proportion to the row.
  private func value(_ row: Int, column: Int) -> Int64 {
    let width = columns.count
    let last = rows.count - 1
    if row >= rows[last] { return FineTicks.scaled(values[last * width + column], row, rows[last]) }
    let high = rows.firstIndex(atLeast: row)
    if high == 0 || rows[high] == row { return values[high * width + column] }
    return FineTicks.between(
      values[(high - 1) * width + column], values[high * width + column], row - rows[high - 1],
      of: rows[high] - rows[high - 1])
  }
}
