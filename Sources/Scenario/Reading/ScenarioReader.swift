import Catalog
import Foundation
import Kernel
import Quantities

/// A value given on the command line: `--set PATH=VALUE`, or by a parameter space. One that begins with `[`
/// or `{` is a list or a mapping as in the file.
public struct Override: Sendable, Hashable {
  public var path: String
  public var value: String
  /// Where the scenario's file says the value, from 1; 0 for one of the command line.
  public var line: Int
  public var column: Int
  public init(path: String, value: String, line: Int = 0, column: Int = 0) {
    self.path = path
    self.value = value
    self.line = line
    self.column = column
  }
}

/// Reads scenario files. Every mistake becomes a fault with its place; nothing stops the process.
public enum ScenarioReader {
  /// Reads and resolves a file; files it names are sought beside it.
  public static func read(path: String, overrides: [Override] = [], allowedFolders: [String] = []) -> Result<
    Scenario, FaultReport
  > {
    switch NamedFiles.contents(of: path, limit: WrittenReader.maximumBytes + 1) {
    case .failure(let failure):
      let fault = Fault(
        file: path, line: 0, column: 0, length: 1, path: "", message: failure.message, help: nil)
      return .failure(FaultReport(faults: [fault], text: "", file: path))
    case .success(let bytes):
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      return read(
        bytes: bytes, file: path, folder: folder, overrides: overrides, allowedFolders: allowedFolders)
    }
  }

  /// Reads and resolves a text.
  ///
  /// - Parameters:
  ///   - folder: where files it names are sought.
  ///   - appliesOverlays: false where `catalog` already holds what the scenario's overlays state, and more
  ///     that they must not hide.
  public static func read(
    bytes: [UInt8], file: String, folder: String, overrides: [Override] = [], allowedFolders: [String] = [],
    catalog: Catalog = .builtIn, appliesOverlays: Bool = true
  ) -> Result<Scenario, FaultReport> {
    switch WrittenReader.read(bytes, file: file) {
    case .failure(let report): return .failure(report)
    case .success((var written, let text)):
      let files = NamedFiles(folder: folder, allowed: allowedFolders)
      let read = resolve(
        &written, file: file, files: files, overrides: overrides, catalog: catalog,
        appliesOverlays: appliesOverlays)
      return read.mapError { FaultReport(faults: $0.faults, text: text, file: file) }
    }
  }

  /// Mistakes without the text they point into.
  struct Faults: Error {
    var faults: [Fault]
  }

  /// Resolves what was written after `overrides` have been put into it.
  static func resolve(
    _ written: inout Written, file: String, files: NamedFiles, overrides: [Override], catalog: Catalog,
    appliesOverlays: Bool
  ) -> Result<Scenario, Faults> {
    var checker = ShapeChecker(file: file)
    for override in overrides {
      if let fault = written.apply(override, file: file) { checker.faults.append(fault) }
    }
    checker.faults += SweepReading.faults(of: written, file: file)
    let asWritten = written
    var expansion: [Written.ExpansionFault] = []
    written = written.expanded(&expansion)
    for one in expansion { checker.fault(one.value, one.path, one.message, help: one.help) }
    checker.catalog = appliesOverlays ? checker.catalog(for: written, files: files, over: catalog) : catalog
    checker.exchange = Exchange(economics: written["economics"])
    checker.catalog = checker.converted(checker.catalog, for: written, files: files)
    checker.check(written, ScenarioShape.root, "")
    guard checker.faults.isEmpty else { return .failure(Faults(faults: checker.faults)) }
    var resolver = Resolver(
      file: file, files: files, catalog: checker.catalog, exchange: checker.exchange)
    var scenario = resolver.resolve(written)
    if scenario != nil { resolver.search(written, asWritten: asWritten, &scenario!) }
    guard resolver.faults.isEmpty, let scenario else { return .failure(Faults(faults: resolver.faults)) }
    return .success(scenario)
  }
}

extension ShapeChecker {
  /// The catalogue with the scenario's overlays before it. Scenarios of a family with the same overlays share
  /// one.
  fileprivate mutating func catalog(
    for root: Written, files: NamedFiles, over base: Catalog
  ) -> Catalog {
    let names = (root["overlays"]?.items ?? []).map { $0.text ?? "" }
    if names.isEmpty { return base }
    let key = "catalogue:" + names.joined(separator: "\n")
    if let known = files.memory?.value(key, as: Catalog.self) { return known }
    let before = faults.count
    let overlays = overlays(of: root, files: files)
    let catalog = overlays.isEmpty ? base : base.overlaid(with: overlays)
    if faults.count == before { files.memory?.remember(catalog, as: key) }
    return catalog
  }

  /// The catalogue with its prices in the scenario's currency. Scenarios of a family share one.
  fileprivate func converted(_ catalog: Catalog, for root: Written, files: NamedFiles) -> Catalog {
    guard let dollar = exchange.rate(of: "USD"), dollar != catalog.dollar else { return catalog }
    let names = (root["overlays"]?.items ?? []).map { $0.text ?? "" }
    let key = "catalogue at \(dollar):" + names.joined(separator: "\n")
    if let known = files.memory?.value(key, as: Catalog.self) { return known }
    let converted = catalog.inCurrency(dollar: dollar)
    files.memory?.remember(converted, as: key)
    return converted
  }

  /// The facts of the overlays that a scenario names, in their order. They are read before anything else:
  /// names may come from them.
  mutating func overlays(of root: Written, files: NamedFiles) -> [OverlayFact] {
    var facts: [OverlayFact] = []
    for (index, item) in (root["overlays"]?.items ?? []).enumerated() {
      let path = "overlays[\(index)]"
      switch files.contents(of: item.text ?? "") {
      case .failure(let failure): fault(item, path, failure.message)
      case .success(let bytes):
        switch OverlayFile.read(bytes) {
        case .success(let read): facts += read
        case .failure(let failure):
          for row in failure.rows.prefix(20) {
            fault(item, path, "\(item.text ?? ""), row \(row.row): \(row.message)")
          }
        }
      }
    }
    return facts
  }
}

/// Files that a scenario names: beside it, or in folders that the caller allows.
package struct NamedFiles {
  let folder: String
  let allowed: [String]
  /// What the other scenarios of a family have read; `nil` for a scenario that stands alone.
  var memory: FileMemory?

  package struct Failure: Error {
    package var message: String
  }

  func contents(of name: String) -> Result<[UInt8], Failure> {
    let base = URL(fileURLWithPath: folder.isEmpty ? "." : folder).resolvingSymlinksInPath()
      .standardizedFileURL.path
    let joined = name.hasPrefix("/") ? name : base + "/" + name
    let place = URL(fileURLWithPath: joined).resolvingSymlinksInPath().standardizedFileURL.path
    let roots =
      [base] + allowed.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path }
    guard roots.contains(where: { place == $0 || place.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }) else {
      return .failure(
        Failure(message: "'\(name)' lies outside the scenario's folder; allow it with --allow-path DIR"))
    }
    return Self.contents(of: place, limit: 1 << 30)
  }

  package static func contents(of path: String, limit: Int) -> Result<[UInt8], Failure> {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return .failure(Failure(message: "there is no file '\(path)'"))
    }
    if isFolder.boolValue { return .failure(Failure(message: "'\(path)' is a folder, not a file")) }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      return .failure(Failure(message: "the file '\(path)' cannot be read: permission denied"))
    }
    do {
      guard let data = try handle.read(upToCount: limit), !data.isEmpty else {
        return .failure(Failure(message: "the file '\(path)' is empty"))
      }
      return .success([UInt8](data))
    } catch {
      return .failure(Failure(message: "the file '\(path)' cannot be read"))
    }
  }
}
