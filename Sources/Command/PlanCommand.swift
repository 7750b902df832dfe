import ArgumentParser
import DryRack

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what would run, with every default and price; simulates nothing.",
    usage: """
      dryrack plan chat.yaml
      dryrack plan chat.yaml --set designs.onprem.services.chat.replicas=2
      dryrack plan chat.yaml --format json
      """)

  @Argument(help: "The scenario file.") var scenario: String
  @OptionGroup var options: ScenarioOptions
  @Option(help: "How to print: table or json.") var format = OutputFormat.table
  @Flag(help: "No colours.") var noColor = false

  func validate() throws {
    if format == .csv { throw ValidationError("--format takes table or json here") }
  }

  func run() throws {
    let console = Console.current
    let scenario = try ScenarioLoad.one(self.scenario, options: options, json: format == .json)
    let plan = RunPlan(scenario, designs: options.design)
    switch format {
    case .json: try console.out(plan.json)
    default: try console.out(plan.text(style: TextStyle(colours: console.coloursAllowed(noColor: noColor))))
    }
  }
}
