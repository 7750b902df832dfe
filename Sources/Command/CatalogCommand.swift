import ArgumentParser
import DryRack

struct CatalogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalog",
    abstract: "Show what the catalogue knows, each number with its source and date.",
    usage: """
      dryrack catalog
      dryrack catalog accelerators
      dryrack catalog accelerators h100-sxm
      dryrack catalog models --format json
      """)

  @Argument(help: "Such as accelerators, nodes, models, engines, prices.") var kind: String?
  @Argument(help: "One name of that kind.") var name: String?
  @Option(help: "How to print: table, json or csv.") var format = OutputFormat.table

  func run() throws {
    let console = Console.current
    let entries: [CatalogueEntry]
    entries = Layers.catalogue()
    let listing = CatalogueListing(entries: entries)
    switch listing.select(kind: kind, name: name) {
    case .failure(let problem): throw console.fail(problem.message)
    case .success(let selected):
      switch format {
      case .json: try console.out(CatalogueListing.json(selected))
      case .csv: try console.out(CatalogueListing.csv(selected))
      case .table: try console.out(listing.table(selected, kind: kind, name: name))
      }
    }
  }
}
