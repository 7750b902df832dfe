import Foundation

Interruption.install()
// Writing to a reader that went away is an error to be handled, not the end of the process.
signal(SIGPIPE, SIG_IGN)
exit(await CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst())).execute().rawValue)
