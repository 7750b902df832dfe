import Catalog
import Foundation

/// The scenarios that one file gives under different values: what a sweep, a search or a sensitivity study
/// evaluates.
///
/// The text is read once, and each file it names (traces, kernel tables, model configurations, overlays) is
/// read and decoded once for all members and shared by them, so that making a member costs about as much as
/// checking its keys. A value of this type may be used by many tasks at the same time.
public struct ScenarioFamily: Sendable {
  /// The file, as its faults name it.
  public let file: String
  /// What was written, the overrides of the whole family in it.
  let written: Written
  private let text: String
  private let files: NamedFiles

  /// Reads a file; files it names are sought beside it and in `allowedFolders`.
  ///
  /// - Parameters:
  ///   - overrides: hold for every member.
  /// - Throws: the faults of the text itself and of `overrides`' paths, all at once. Whether the values make
  ///   sense only a member shows.
  public init(path: String, overrides: [Override] = [], allowedFolders: [String] = []) throws(FaultReport) {
    let bytes: [UInt8]
    switch NamedFiles.contents(of: path, limit: WrittenReader.maximumBytes + 1) {
    case .success(let read): bytes = read
    case .failure(let failure):
      let fault = Fault(file: path, line: 0, column: 0, message: failure.message)
      throw FaultReport(faults: [fault], text: "", file: path)
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try self.init(
      bytes: bytes, file: path, folder: folder, overrides: overrides, allowedFolders: allowedFolders)
  }

  /// Reads a text whose files are sought in `folder`.
  public init(
    bytes: [UInt8], file: String, folder: String, overrides: [Override] = [], allowedFolders: [String] = []
  ) throws(FaultReport) {
    self.file = file
    files = NamedFiles(folder: folder, allowed: allowedFolders, memory: FileMemory())
    let read = try WrittenReader.read(bytes, file: file).get()
    var written = read.0
    text = read.1
    let faults = overrides.compactMap { written.apply($0, file: file) }
    guard faults.isEmpty else { throw FaultReport(faults: faults, text: text, file: file) }
    self.written = written
  }

  /// The member of the family with these values, put in over those of the whole family in the order given.
  ///
  /// It is the scenario that `ScenarioReader` gives for the file with all these overrides, hash included.
  ///
  /// - Complexity: O(values of the scenario); files are read by the first member that names them.
  public func scenario(at point: [Override] = []) -> Result<Scenario, FaultReport> {
    var member = written
    return ScenarioReader.resolve(
      &member, file: file, files: files, overrides: point, catalog: .builtIn, appliesOverlays: true
    ).mapError { report($0.faults) }
  }

  /// Faults with the text they point into.
  func report(_ faults: [Fault]) -> FaultReport { FaultReport(faults: faults, text: text, file: file) }
}
