import Catalog
import Testing

@testable import Scenario

/// The hash that names a run.
@Suite("Identity of a scenario")
struct IdentityTests {
  static func digest(_ parts: [[UInt8]]) -> String {
    var hash = ContentHash()
    for part in parts { hash.absorb(part) }
    return hash.finish()
  }

  @Test("SHA-256 gives the digests of FIPS 180-4 and of its example messages")
  func vectors() {
    for (text, digest) in [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ] {
      #expect(Self.digest([Array(text.utf8)]) == digest)
    }
  }

  @Test("the digest does not depend on how the bytes come in")
  func pieces() {
    for length in 0...200 {
      let bytes = (0..<length).map { UInt8($0 * 7 % 251) }
      let whole = Self.digest([bytes])
      #expect(whole == Self.digest(bytes.map { [$0] }))
      #expect(whole == Self.digest([Array(bytes.prefix(length / 3)), Array(bytes.dropFirst(length / 3))]))
    }
  }

  static func hash(_ text: String, catalogue: String = "one") throws -> String {
    let (written, _) = try WrittenReader.read(Array(text.utf8), file: "test.yaml").get()
    var resolver = Resolver(
      file: "test.yaml", files: NamedFiles(folder: "/nowhere", allowed: []), catalog: .builtIn,
      catalogHash: catalogue)
    let scenario = resolver.resolve(written)
    return try #require(scenario).contentHash
  }

  @Test("values, their order and the catalogue count; comments and layout do not")
  func whatCounts() throws {
    let text = FaultTests.valid
    let hash = try Self.hash(text)
    #expect(try Self.hash("# a comment\n" + text.replacing(": test", with: ":   \"test\"")) == hash)
    #expect(try Self.hash(text.replacing("rate: 2/s", with: "rate: 3/s")) != hash)
    #expect(try Self.hash(text.replacing("name: test", with: "name: test\nseed: 1")) != hash)
    #expect(try Self.hash(text, catalogue: "two") != hash)
  }
}
