import Foundation

Interruption.install()
exit(await CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst())).execute().rawValue)
