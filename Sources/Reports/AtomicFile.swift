#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that is there whole or not at all: written beside its place, flushed to disk, then renamed.
public enum AtomicFile {
  /// Why a file could not be written, in a sentence for the user.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Replaces the file at `path` by `text`. The folder must exist.
  ///
  /// The folder itself is flushed too: a rename alone does not survive a crash (Pillai et al., "All File
  /// Systems Are Not Created Equal", OSDI 2014).
  public static func write(_ text: String, to path: String) throws(Failure) {
    let folder = AtomicFile.folder(of: path)
    let temporary = "\(path).\(getpid()).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("cannot write \(path)") }
    var text = text
    let written = text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = writeOnce(descriptor, bytes, from: offset)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return false }
        offset += count
      }
      return fsync(descriptor) == 0
    }
    let problem = written ? nil : failure("cannot write \(path)")
    close(descriptor)
    if let problem {
      unlink(temporary)
      throw problem
    }
    guard rename(temporary, path) == 0 else {
      let problem = failure("cannot put \(path) in place")
      unlink(temporary)
      throw problem
    }
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
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

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ what: String) -> Failure {
    Failure(description: "\(what): \(String(cString: strerror(errno)))")
  }
}

// Outside the type, where `write` means the system call.
private func writeOnce(_ descriptor: Int32, _ bytes: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
  write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
}
