/// One column of a table: a growable buffer of trivial values, without bounds checks or reference counts.
///
/// It does not own its memory; the noncopyable table that holds it frees it.
struct Column<Element: BitwiseCopyable> {
  private(set) var base: UnsafeMutablePointer<Element>
  var count = 0
  private(set) var capacity: Int

  init(capacity: Int = 8) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  init(repeating value: Element, count: Int) {
    self.init(capacity: count)
    append(repeating: value, count: count)
  }

  @inline(__always) subscript(index: Int) -> Element {
    get { base[index] }
    nonmutating set { base[index] = newValue }
  }

  @inline(__always) subscript(index: UInt32) -> Element {
    get { base[Int(truncatingIfNeeded: index)] }
    nonmutating set { base[Int(truncatingIfNeeded: index)] = newValue }
  }

  @inline(__always) mutating func append(_ value: Element) {
    if count == capacity { reserve(capacity * 2) }
    base[count] = value
    count &+= 1
  }

  mutating func append(repeating value: Element, count more: Int) {
    reserve(count + more)
    for index in count..<(count + more) { base[index] = value }
    count += more
  }

  @inline(__always) mutating func removeLast() -> Element {
    count &-= 1
    return base[count]
  }

  /// Makes room for `wanted` elements; what `count` does not cover is kept too, up to the old capacity.
  @inline(never) mutating func reserve(_ wanted: Int) {
    if wanted <= capacity { return }
    let size = max(wanted, capacity * 2)
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: size)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity = size
  }

  func deallocate() { base.deallocate() }
}

/// Keys with an identity each, the smallest first; equal keys in order of identity.
///
/// A binary heap that may be filled at once. - Complexity: `push` and `replaceTop` O(log n), `heapify` O(n).
struct LevelHeap {
  struct Node: BitwiseCopyable {
    var level: Double
    var id: UInt32

    @inline(__always) func isBefore(_ other: Node) -> Bool {
      level < other.level || (level == other.level && id < other.id)
    }
  }

  var nodes = Column<Node>(capacity: 64)

  @inline(__always) var isEmpty: Bool { nodes.count == 0 }
  @inline(__always) var top: Node { nodes[0] }

  mutating func heapify() {
    var index = nodes.count / 2
    while index > 0 {
      index &-= 1
      siftDown(index, nodes[index])
    }
  }

  @inline(__always) mutating func popTop() {
    let last = nodes.removeLast()
    if nodes.count > 0 { siftDown(0, last) }
  }

  @inline(__always) mutating func replaceTop(level: Double) {
    siftDown(0, Node(level: level, id: nodes[0].id))
  }

  @inline(__always) private func siftDown(_ start: Int, _ node: Node) {
    var hole = start
    let count = nodes.count
    while true {
      var child = 2 &* hole &+ 1
      if child >= count { break }
      if child &+ 1 < count, nodes[child &+ 1].isBefore(nodes[child]) { child &+= 1 }
      if !nodes[child].isBefore(node) { break }
      nodes[hole] = nodes[child]
      hole = child
    }
    nodes[hole] = node
  }

  func deallocate() { nodes.deallocate() }
}
