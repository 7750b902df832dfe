import Synchronization

/// What the scenarios of a family have read from the files they name: each file is read and decoded once,
/// whatever the number of scenarios, and all of them see the same content should it change meanwhile.
///
/// Only what could be decoded is kept. Any task may ask.
final class FileMemory: Sendable {
  private let entries = Mutex<[String: any Sendable]>([:])

  /// What was remembered under a key; `nil` when nothing was, or something of another type.
  func value<Value: Sendable>(_ key: String, as type: Value.Type) -> Value? {
    entries.withLock { $0[key] } as? Value
  }

  func remember(_ value: some Sendable, as key: String) {
    entries.withLock { $0[key] = value }
  }
}

/// A decoded file with the identity of its bytes.
private struct NamedContent<Content: Sendable>: Sendable {
  var identity: String
  var content: Content
}

extension Resolver {
  /// What a file that the scenario names holds. Its content becomes part of the scenario's identity.
  ///
  /// - Parameters:
  ///   - reading: how it is read, with all that bears on the outcome; files read in the same way are
  ///     decoded once in a family of scenarios.
  ///   - decode: reads the bytes; it notes faults itself where it gives nothing.
  mutating func named<Content: Sendable>(
    _ value: Written, _ path: String, reading: String,
    decode: (inout Resolver, [UInt8]) -> Content?
  ) -> Content? {
    let key = "\(reading):\(value.text ?? "")"
    if let known = files.memory?.value(key, as: NamedContent<Content>.self) {
      hash.absorb(known.identity.utf8)
      return known.content
    }
    switch files.contents(of: value.text ?? "") {
    case .failure(let failure):
      fault(value, path, failure.message)
      return nil
    case .success(let bytes):
      var digest = ContentHash()
      digest.absorb(bytes)
      let identity = "f\(bytes.count):\(digest.finish())"
      hash.absorb(identity.utf8)
      guard let content = decode(&self, bytes) else { return nil }
      files.memory?.remember(NamedContent(identity: identity, content: content), as: key)
      return content
    }
  }
}
