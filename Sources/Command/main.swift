import Foundation

// The shell's own convention for an interrupted command. Result files are whole or absent, so nothing is
// left to clean up.
signal(SIGINT) { _ in _exit(CommandStatus.interrupted.rawValue) }
exit(await CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst())).execute().rawValue)
