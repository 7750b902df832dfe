import DryRack

/// The page on how accurate the models of infrastructure are: a section for each.
enum InfrastructureReport {
  /// Tables that the sections read; a missing one leaves its section out, and the page says so.
  struct Tables {
    var fabric: [UInt8]?
    /// What the rows of `fabric` were measured on: `tools/measured-fabrics.csv`.
    var fabricSetups: [UInt8]?
    /// Answers of `tools/distil-fabric.py --cross-validate --rows`.
    var fabricLeftOut: [UInt8]?
    var training: [UInt8]?
    var storage: [UInt8]?
  }

  static func text(_ tables: Tables) -> String {
    var page = opening
    if let fabric = tables.fabric, let setups = tables.fabricSetups {
      page += FabricScore(fabric: fabric, setups: setups, leftOut: tables.fabricLeftOut).text()
      if tables.fabricLeftOut == nil {
        page += "\nThe columns of left-out campaigns are empty: `tools/distil-fabric.py` did not run.\n"
      }
    } else {
      page += "## Collectives\n\nNot judged: no table of collective benchmarks.\n"
    }
    page += "\n" + (tables.training.map { TrainingScore.section($0) } ?? absent("Training steps", "training runs"))
    page += "\n" + (tables.storage.map { StorageScore($0).text() } ?? absent("Storage", "storage results"))
    return page
  }

  private static func absent(_ title: String, _ what: String) -> String {
    "## \(title)\n\nNot judged: no table of \(what).\n"
  }

  private static let opening = """
    # How accurate: infrastructure

    Written by `make fidelity`: published measurements of collectives, training steps and storage beside what the \
    product's own models answer, with no coefficient set per row. How accurate served models are stands in \
    [fidelity.md](fidelity.md).

    Errors are relative. *Median* and *90th* are percentiles of their sizes, *bias* is the median error with its sign, \
    *n* counts the rows. A figure that was **left out** was predicted by coefficients that never saw its campaign (one \
    table, one benchmark round, one laboratory): read these. Figures with the shipped, fitted coefficients say how well \
    the form of a model can follow what was measured.


    """
}
