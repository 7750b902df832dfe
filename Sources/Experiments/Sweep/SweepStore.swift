import Foundation
import Scenario

/// A folder that keeps the results of a sweep: each start of a process adds a segment of its own.
///
/// Several processes may work on one folder, each on another shard; a second one on the same shard is refused
/// while the first lives. Nothing that was written is ever changed, so that no moment is a bad one to be
/// killed.
public final class SweepStore {
  public let folder: String
  public let manifest: SweepManifest
  public let shard: Shard
  /// Results that earlier starts left.
  private(set) var known = KnownResults()
  /// Of the segments, by number.
  private(set) var paths: [String] = []
  private var lock: Int32 = -1
  private var descriptor: Int32 = -1
  private var own: Int32 = 0
  private var offset: Int64 = 0
  private var unsynced = false
  private var lastSync = ContinuousClock.now

  /// What a folder of results is called after the file they are for.
  public static let suffix = ".parts"

  /// Why a folder cannot be worked with, in a sentence for the user.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Opens the folder, making it when missing, and starts a segment.
  ///
  /// - Parameter resume: whether to go on where earlier starts were stopped. Without it their results are an
  ///   error: nobody loses hours of work to a forgotten option.
  public init(folder: String, manifest: SweepManifest, shard: Shard, resume: Bool) throws(Failure) {
    self.folder = folder
    self.manifest = manifest
    self.shard = shard
    do throws(AtomicFile.Failure) {
      try AtomicFile.makeFolder(folder)
    } catch {
      throw Failure(description: error.description)
    }
    try takeLock()
    let names = Self.segments(in: folder)
    if !resume, let left = names.first(where: { holdsResults($0) && !isOfOtherShard($0) }) {
      throw Failure(
        description:
          "\(folder) holds results of an earlier start (\(left)); add --resume to go on with them, or "
          + "delete the folder")
    }
    if resume { recall(names) }
    do throws(AtomicFile.Failure) {
      let place = "\(folder)/\(SweepManifest.fileName)"
      if Self.manifest(in: folder) != manifest { try AtomicFile.write(manifest.text, to: place) }
    } catch {
      throw Failure(description: error.description)
    }
    try startSegment(names)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if lock >= 0 { close(lock) }
  }

  /// What this shard's segments begin with.
  private var prefix: String { "shard-\(shard.index)-of-\(shard.count)-" }

  /// Segments of a folder, in order of name.
  static func segments(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasSuffix(".segment") }.sorted()
  }

  /// The manifest of a folder; `nil` without one.
  static func manifest(in folder: String) -> SweepManifest? {
    (try? String(contentsOfFile: "\(folder)/\(SweepManifest.fileName)", encoding: .utf8))
      .flatMap { SweepManifest(text: $0) }
  }

  private func holdsResults(_ name: String) -> Bool {
    let size = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
    return (size ?? 0) > Segment.headerBytes
  }

  /// Whether a segment is what another shard of this very sweep writes beside this one.
  private func isOfOtherShard(_ name: String) -> Bool {
    !name.hasPrefix(prefix) && name.contains("-of-\(shard.count)-")
      && Segment.identity(of: "\(folder)/\(name)") == manifest.identity
  }

  private func takeLock() throws(Failure) {
    let path = "\(folder)/\(prefix)lock"
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else {
      throw Failure(description: "cannot write \(path): \(Descriptor.words(for: errno))")
    }
    // File systems without locks must do: segments of their own keep processes apart even so.
    if flock(lock, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw Failure(
        description:
          "another process works on shard \(shard.index)/\(shard.count) in \(folder); wait for it, or "
          + "stop it")
    }
  }

  private func recall(_ names: [String]) {
    for name in names {
      let number = Int32(paths.count)
      let path = "\(folder)/\(name)"
      paths.append(path)
      _ = Segment.read(path, number: number) { identity, entry in
        known.add(entry, isOfThisSweep: identity == manifest.identity)
      }
    }
  }

  /// Opens the first segment that nobody has opened yet.
  private func startSegment(_ names: [String]) throws(Failure) {
    let numbers = names.filter { $0.hasPrefix(prefix) }.compactMap {
      Int($0.dropFirst(prefix.count).prefix { $0.isNumber })
    }
    var number = (numbers.max() ?? 0) + 1
    var path = ""
    repeat {
      path = "\(folder)/\(prefix)\(number).segment"
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      number += 1
    } while descriptor < 0 && errno == EEXIST
    guard descriptor >= 0 else { throw failure(path) }
    own = Int32(paths.count)
    paths.append(path)
    try write(Segment.header(identity: manifest.identity))
    try sync()
    AtomicFile.flush(folder)
  }

  /// Adds a result. It outlives this process at once, and the machine after the next `sync`, which comes
  /// within a second of results.
  func append(index: Int, key: SweepKey, payload: [UInt8]) throws(Failure) -> Segment.Place {
    let place = Segment.Place(
      segment: own, length: UInt32(payload.count), offset: offset + Int64(Segment.recordHeaderBytes))
    try write(Segment.record(index: index, key: key, payload: payload))
    if lastSync.duration(to: .now) > .seconds(1) { try sync() }
    return place
  }

  private func write(_ bytes: [UInt8]) throws(Failure) {
    if let problem = Descriptor.write(bytes, to: descriptor) {
      throw Failure(description: "cannot write \(paths[Int(own)]): \(Descriptor.words(for: problem))")
    }
    offset += Int64(bytes.count)
    unsynced = true
  }

  /// Flushes what was written to disk.
  func sync() throws(Failure) {
    lastSync = .now
    guard unsynced else { return }
    unsynced = false
    if fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS { throw failure(paths[Int(own)]) }
  }

  /// The payload at a place.
  func payload(at place: Segment.Place) throws(Failure) -> [UInt8] {
    try Self.payload(at: place, in: paths[Int(place.segment)])
  }

  static func payload(at place: Segment.Place, in path: String) throws(Failure) -> [UInt8] {
    let handle = open(path, O_RDONLY | O_CLOEXEC)
    defer { if handle >= 0 { close(handle) } }
    var bytes = [UInt8](repeating: 0, count: Int(place.length))
    var filled = 0
    while handle >= 0, filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(handle, $0.baseAddress! + filled, $0.count - filled, off_t(place.offset) + off_t(filled))
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      filled += count
    }
    guard handle >= 0, filled == bytes.count else {
      throw Failure(description: "cannot read \(path) again; was it changed meanwhile?")
    }
    return bytes
  }

  /// Removes the folder's files of this kind, and the folder when nothing else is in it: the results have
  /// arrived elsewhere.
  ///
  /// What another sweep has left there, or a process that still lives writes there, stays, and the folder
  /// with it.
  ///
  /// - Returns: why they stay, in words; `nil` when they are gone.
  @discardableResult
  public func removeFiles() -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasSuffix("-lock") && !name.hasPrefix(prefix) {
      let other = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC)
      defer { if other >= 0 { close(other) } }
      if other >= 0, flock(other, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        return "another process writes there"
      }
    }
    let isForeign = names.contains { name in
      name.hasSuffix(".segment") && holdsResults(name)
        && Segment.identity(of: "\(folder)/\(name)") != manifest.identity
    }
    if isForeign {
      return
        "it holds results of another sweep, such as of the scenario before it was changed, or of other flags"
    }
    Self.removeFiles(of: folder)
    return nil
  }

  /// The same for a folder that other processes filled.
  public static func removeFiles(of folder: String) {
    // The manifest first: without it nobody takes what is left for results.
    unlink("\(folder)/\(SweepManifest.fileName)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names
    where name.hasPrefix("shard-") && (name.hasSuffix(".segment") || name.hasSuffix("-lock")) {
      unlink("\(folder)/\(name)")
    }
    rmdir(folder)
  }

  private func failure(_ path: String) -> Failure {
    Failure(description: "cannot write \(path): \(Descriptor.words(for: errno))")
  }
}
