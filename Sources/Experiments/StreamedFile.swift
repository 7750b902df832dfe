import Foundation

/// A file that is written bit by bit under another name, `PATH.partial`, and put in place when it is whole:
/// what stands at its path is never half a result, and what was written so far can be looked at.
///
/// What is no ordinary file, such as a pipe or a device, is written to as it stands.
public final class StreamedFile {
  /// Where it is being written.
  public let partialPath: String
  private let path: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferBytes = 1 << 16

  /// Begins anew what an earlier attempt may have left. The folder must exist.
  public init(_ path: String) throws(AtomicFile.Failure) {
    var status = stat()
    let exists = stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists && kind == S_IFDIR {
      throw AtomicFile.Failure(description: "cannot write \(path): it is a folder")
    }
    let isSpecial = exists && kind != S_IFREG
    self.path = exists && !isSpecial ? AtomicFile.resolved(path) : path
    partialPath = isSpecial ? path : self.path + ".partial"
    descriptor = open(
      partialPath, (isSpecial ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC) | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw AtomicFile.failure("cannot write \(partialPath)") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  public func write(_ text: String) throws(AtomicFile.Failure) {
    buffer += text.utf8
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Hands on to the system what was written.
  public func flush() throws(AtomicFile.Failure) {
    if let problem = Descriptor.write(buffer, to: descriptor) {
      throw AtomicFile.Failure(
        description: "cannot write \(partialPath): \(Descriptor.words(for: problem))")
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Puts the whole file in place; it survives a crash of the machine from then on.
  public func finish() throws(AtomicFile.Failure) {
    try flush()
    if fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS {
      throw AtomicFile.failure("cannot write \(partialPath)")
    }
    let closed = close(descriptor)
    descriptor = -1
    if closed != 0 { throw AtomicFile.failure("cannot write \(partialPath)") }
    if partialPath == path { return }
    if rename(partialPath, path) != 0 { throw AtomicFile.failure("cannot put \(path) in place") }
    AtomicFile.flush(AtomicFile.folder(of: path))
  }
}
