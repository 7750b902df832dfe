import ArgumentParser
import DryRack

/// Which part of a sweep this process takes.
struct ShardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only the points whose number leaves I when divided by N. Taken from SLURM_ARRAY_TASK_ID or "
        + "JOB_COMPLETION_INDEX when they are set.", valueName: "i/n"))
  var shard: Argument?

  @Option(help: "How many shards there are, where only the number of this one is in the environment.")
  var shards: Int?

  @Option(
    help: ArgumentHelp("The environment variable that holds the shard's number, from 0.", valueName: "var"))
  var shardEnv: String?

  struct Argument: ExpressibleByArgument {
    var shard: Shard

    init?(argument: String) {
      let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let index = parts[0], let count = parts[1],
        let shard = Shard(index: index, count: count)
      else { return nil }
      self.shard = shard
    }
  }

  func validate() throws {
    if let shards, shards < 1 { throw ValidationError("--shards must be at least 1") }
    if shard != nil, shards != nil || shardEnv != nil {
      throw ValidationError("--shard I/N says it all; leave --shards and --shard-env out")
    }
  }

  /// Why the environment does not say which shard this is.
  struct Failure: Error {
    var message: String
  }

  /// The shard, and where it was found when nobody wrote it.
  func resolved(_ environment: [String: String]) throws(Failure) -> (shard: Shard, source: String?) {
    if let shard { return (shard.shard, nil) }
    func number(_ name: String) throws(Failure) -> Int {
      guard let text = environment[name], let value = Int(text), value >= 0 else {
        throw Failure(message: "\(name) is to hold the shard's number, and is '\(environment[name] ?? "")'")
      }
      return value
    }
    if let shardEnv {
      if environment[shardEnv] == nil { throw Failure(message: "there is no \(shardEnv) in the environment") }
      guard let shards else { throw Failure(message: "--shard-env needs --shards N") }
      return (try shard(try number(shardEnv), of: shards, shardEnv), shardEnv)
    }
    if environment["SLURM_ARRAY_TASK_ID"] != nil {
      let least = environment["SLURM_ARRAY_TASK_MIN"].flatMap { Int($0) } ?? 0
      let step = max(1, environment["SLURM_ARRAY_TASK_STEP"].flatMap { Int($0) } ?? 1)
      guard let count = shards ?? environment["SLURM_ARRAY_TASK_COUNT"].flatMap({ Int($0) }) else {
        throw Failure(message: "SLURM_ARRAY_TASK_ID is set, SLURM_ARRAY_TASK_COUNT is not: give --shards N")
      }
      let place = try number("SLURM_ARRAY_TASK_ID") - least
      guard place % step == 0 else {
        throw Failure(message: "SLURM_ARRAY_TASK_ID is no multiple of the step \(step) after \(least)")
      }
      return (try shard(place / step, of: count, "SLURM_ARRAY_TASK_ID"), "SLURM_ARRAY_TASK_ID")
    }
    if environment["JOB_COMPLETION_INDEX"] != nil {
      guard let shards else {
        throw Failure(message: "JOB_COMPLETION_INDEX is set: say how many shards there are with --shards N")
      }
      return (
        try shard(try number("JOB_COMPLETION_INDEX"), of: shards, "JOB_COMPLETION_INDEX"),
        "JOB_COMPLETION_INDEX"
      )
    }
    if shards != nil {
      throw Failure(
        message: "--shards alone does not say which one this is; give --shard I/N, or --shard-env VAR")
    }
    return (.whole, nil)
  }

  private func shard(_ index: Int, of count: Int, _ name: String) throws(Failure) -> Shard {
    guard let shard = Shard(index: index, count: count) else {
      throw Failure(message: "\(name) means shard \(index), and there are \(count), counted from 0")
    }
    return shard
  }
}
