import Foundation

/// The results of all shards of a sweep, wherever they lie, in the order of the points.
///
/// Reading changes nothing, so that it may be done again and while shards still run.
public struct SweepMerge {
  public let manifest: SweepManifest
  /// Points without a result, in order.
  public private(set) var missing: [Int] = []
  /// Bytes of segments that are no whole record: what processes were killed in the middle of, or a disk has
  /// damaged.
  public private(set) var lostBytes = 0
  /// Segments that cannot be read at all.
  public private(set) var unreadable: [String] = []
  private var paths: [String] = []
  /// By the number of the point; an empty segment number for none.
  private var places: [Segment.Place]

  /// - Parameter folders: of shards; the results' file that a sweep was told to write stands for its folder.
  /// - Throws: where there is nothing to merge, or folders are of different sweeps, or two results of one
  ///   point differ.
  /// - Complexity: O(bytes); 16 bytes of memory a point.
  public init(folders: [String]) throws(SweepStore.Failure) {
    var found: [(folder: String, manifest: SweepManifest)] = []
    for folder in folders { found += try Self.parts(in: folder) }
    manifest = found[0].manifest
    for (folder, other) in found where other.identity != manifest.identity {
      throw SweepStore.Failure(
        description:
          "\(folder) and \(found[0].folder) hold results of different sweeps: the scenario, its files, "
          + "the parameter space, the catalogue or the version differ")
    }
    places = Array(repeating: .init(segment: -1, length: 0, offset: 0), count: manifest.points)
    for (folder, _) in found {
      for name in SweepStore.segments(in: folder) where !paths.contains("\(folder)/\(name)") {
        try read("\(folder)/\(name)")
      }
    }
    missing = places.indices.filter { places[$0].segment < 0 }
  }

  /// Folders of results: the one named, or those in it.
  private static func parts(
    in folder: String
  ) throws(SweepStore.Failure) -> [(folder: String, manifest: SweepManifest)] {
    let inner = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    let candidates = [folder, folder + SweepStore.suffix] + inner.map { "\(folder)/\($0)" }
    let found = candidates.compactMap { place in
      SweepStore.manifest(in: place).map { (folder: place, manifest: $0) }
    }
    if found.isEmpty {
      throw SweepStore.Failure(description: "\(folder) holds no results of a sweep")
    }
    return found
  }

  private mutating func read(_ path: String) throws(SweepStore.Failure) {
    let number = Int32(paths.count)
    paths.append(path)
    var doubles: [Segment.Entry] = []
    let read = Segment.read(path, number: number) { identity, entry in
      guard identity == manifest.identity, places.indices.contains(entry.index) else { return }
      if places[entry.index].segment < 0 {
        places[entry.index] = entry.place
      } else {
        doubles.append(entry)
      }
    }
    guard let read else { return unreadable.append(path) }
    lostBytes += read.lost
    for double in doubles {
      let first = places[double.index]
      let isSame =
        try SweepStore.payload(at: first, in: paths[Int(first.segment)])
        == SweepStore.payload(at: double.place, in: path)
      if !isSame {
        throw SweepStore.Failure(
          description:
            "two results of point \(double.index) differ, in \(paths[Int(first.segment)]) and \(path); "
            + "delete one of the files and resume")
      }
    }
  }

  /// The results that there are, in order of the points; what `emit` throws ends it.
  public func forEachResult(_ emit: (SweepPointResult) throws -> Void) throws {
    for place in places where place.segment >= 0 {
      let path = paths[Int(place.segment)]
      guard let result = SweepPointResult(encoded: try SweepStore.payload(at: place, in: path)) else {
        throw SweepStore.Failure(description: "a result in \(path) cannot be read back")
      }
      try emit(result)
    }
  }

  /// Numbers as ranges: `3, 17-25, 40 and 12 more`.
  public static func ranges(_ numbers: [Int], atMost most: Int = 10) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    let shown = ranges.prefix(most).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    let rest = ranges.dropFirst(most).reduce(0) { $0 + $1.count }
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
