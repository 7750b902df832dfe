import Experiments

/// What a sweep comes to in a few lines, counted as its points go by.
public struct SweepTally: Sendable {
  private var designs: [(name: String, points: Int, held: Int)] = []
  /// Points whose runs ended early by themselves.
  public private(set) var cutShort = 0
  private var points = 0
  /// Whether every threshold held on every design at every point.
  public private(set) var allHold = true
  /// Notes by their words without numbers, with the first one as it was.
  private var notes: [(shape: String, first: String, points: Int)] = []
  private static let mostNotes = 12

  public init() {}

  public mutating func take(_ result: SweepPointResult) {
    points += 1
    if result.stoppedBy != nil { cutShort += 1 }
    for verdict in result.verdicts {
      let place: Int
      if let known = designs.firstIndex(where: { $0.name == verdict.design }) {
        place = known
      } else {
        place = designs.count
        designs.append((verdict.design, 0, 0))
      }
      designs[place].points += 1
      if verdict.held == verdict.judged { designs[place].held += 1 } else { allHold = false }
    }
    for note in result.notes {
      let shape = note.filter { !$0.isNumber && $0 != "." }
      if let place = notes.firstIndex(where: { $0.shape == shape }) {
        notes[place].points += 1
      } else if notes.count < Self.mostNotes {
        notes.append((shape, note, 1))
      }
    }
  }

  /// How many points of each design hold every threshold.
  public func text(scenario: String, total: Int) -> String {
    var text = "\(TextStyle.printable(scenario)): \(points) of \(total) points\n"
    let width = designs.map(\.name.count).max() ?? 0
    for design in designs {
      let name = design.name + String(repeating: " ", count: width - design.name.count)
      text +=
        "  \(TextStyle.printable(name))  every threshold holds at \(design.held) of \(design.points) points\n"
    }
    return text
  }

  /// Warnings about the runs, each kind once.
  public var noteText: String {
    var text = ""
    for note in notes {
      let others = note.points > 1 ? " (and the like at \(note.points - 1) more)" : ""
      text += "note: \(TextStyle.printable(note.first))\(others)\n"
    }
    if cutShort > 0 {
      text += "note: the runs of \(cutShort) points ended early; their figures are partial\n"
    }
    return text
  }
}
