#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that are there whole or not at all: written beside their places, flushed to disk, then renamed.
///
/// What is no ordinary file, such as a pipe or a device, cannot be replaced: it is written to as it stands. A
/// symbolic link stays; what it points to is replaced.
public enum AtomicFile {
  /// Why a file could not be written, in a sentence for the user.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Replaces the file at `path` by `text`. The folder must exist.
  public static func write(_ text: String, to path: String) throws(Failure) {
    try writeTogether([(path, text)])
  }

  /// Replaces all of the files or, as long as the disk allows to write, none.
  ///
  /// All are written before the first is put in place. The last one stands for the set: it is taken away
  /// before and put in place after the others, so that where it stands, they do.
  public static func writeTogether(_ files: [(path: String, text: String)]) throws(Failure) {
    var prepared: [Prepared] = []
    do throws(Failure) {
      for file in files { prepared.append(try Prepared(file.text, for: file.path)) }
      if files.count > 1, let last = prepared.last, last.temporary != nil { unlink(last.path) }
      for file in prepared { try file.putInPlace() }
    } catch {
      for file in prepared { file.discard() }
      throw error
    }
    var folders: [String] = []
    for file in prepared where !folders.contains(folder(of: file.path)) {
      folders.append(folder(of: file.path))
    }
    for folder in folders { flush(folder) }
  }

  /// A text on its way to its place.
  private struct Prepared {
    /// Where it will stand.
    let path: String
    /// Where it stands till then; `nil` for what was written straight to its place.
    let temporary: String?

    init(_ text: String, for path: String) throws(Failure) {
      var status = stat()
      let exists = stat(path, &status) == 0
      let kind = status.st_mode & S_IFMT
      if exists && kind == S_IFDIR { throw Failure(description: "cannot write \(path): it is a folder") }
      if exists && kind != S_IFREG {
        self.path = path
        temporary = nil
        try AtomicFile.fill(path, with: text, flags: O_WRONLY, for: path)
        return
      }
      let place = exists ? AtomicFile.resolved(path) : path
      let beside = "\(place).\(getpid()).partial"
      self.path = place
      temporary = beside
      do throws(Failure) {
        try AtomicFile.fill(beside, with: text, flags: O_WRONLY | O_CREAT | O_TRUNC, for: path)
      } catch {
        unlink(beside)
        throw error
      }
    }

    func putInPlace() throws(Failure) {
      guard let temporary else { return }
      if rename(temporary, path) != 0 { throw AtomicFile.failure("cannot put \(path) in place") }
    }

    func discard() {
      if let temporary { unlink(temporary) }
    }
  }

  /// Writes all of a text into a file and flushes it to disk.
  ///
  /// - Parameter named: the path in the words of the user.
  private static func fill(
    _ path: String, with text: String, flags: Int32, for named: String
  ) throws(Failure) {
    let descriptor = open(path, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("cannot write \(named)") }
    var problem = Descriptor.write(text, to: descriptor)
    // Pipes and devices have nothing to flush.
    if problem == nil && fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS { problem = errno }
    // Some file systems tell only now that they are full.
    if close(descriptor) != 0 && problem == nil { problem = errno }
    if let problem { throw Failure(description: "cannot write \(named): \(Descriptor.words(for: problem))") }
  }

  /// A rename alone does not survive a crash (Pillai et al., "All File Systems Are Not Created Equal", OSDI
  /// 2014).
  static func flush(_ folder: String) {
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// What a path means once its symbolic links are followed.
  static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// Makes a folder and those above it.
  public static func makeFolder(_ path: String) throws(Failure) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/" + part
      if mkdir(made, 0o755) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS {
        throw failure("cannot make the folder \(made)")
      }
    }
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func failure(_ what: String) -> Failure {
    Failure(description: "\(what): \(Descriptor.words(for: errno))")
  }
}

/// Writing to what is open already.
public enum Descriptor {
  /// Writes all of a text.
  ///
  /// - Returns: the system's number of what went wrong; `nil` when all was written.
  public static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { write($0, to: descriptor) }
  }

  /// Writes all of the bytes.
  ///
  /// - Returns: the system's number of what went wrong; `nil` when all was written.
  public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBufferPointer { write($0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) -> Int32? {
    var offset = 0
    while offset < bytes.count {
      let count = writeOnce(descriptor, bytes, from: offset)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return count < 0 ? errno : EIO }
      offset += count
    }
    return nil
  }

  /// What an error number means.
  public static func words(for number: Int32) -> String { String(cString: strerror(number)) }
}

// Outside the type, where `write` means the system call.
private func writeOnce(_ descriptor: Int32, _ bytes: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
  write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
}
