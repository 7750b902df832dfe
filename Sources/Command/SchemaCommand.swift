import ArgumentParser

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of scenario files, for editors.",
    usage: "dryrack schema > scenario.schema.json")

  func run() throws {
    let schema = Layers.schema
    try Console.current.out(schema.hasSuffix("\n") ? schema : schema + "\n")
  }
}
