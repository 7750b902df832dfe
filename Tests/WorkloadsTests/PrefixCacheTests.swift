import Kernel
import Oracles
import Testing
import Workloads

/// The prefix cache inside the leaping replica against the engine that keeps a record for every block.
@Suite struct PrefixCacheTests {
  typealias Load = LeapEqualsStepTests.Case

  /// A random load whose requests share prefixes in every way there is: groups, conversations of which
  /// several turns may run at once, and recorded blocks.
  static func randomLoad(_ seed: UInt64) -> Load {
    var load = LeapEqualsStepTests.randomCase(seed)
    load.settings.batching = .continuous
    share(&load, seed)
    return load
  }

  /// Makes the requests of a load begin alike, and its replica keep a cache.
  static func share(_ load: inout Load, _ seed: UInt64) {
    var stream = RandomStream(seed: seed, replication: 1, entity: "test", purpose: "prefixes")
    func draw(_ bound: Int) -> Int { Int(stream.below(UInt32(bound))) }
    shorten(&load, to: 300)
    let longest = load.requests.map { Int($0.promptTokens) }.max()!
    let groups = (0..<(1 + draw(3))).map { _ in draw(longest + 10) }
    if draw(3) == 0 {
      return record(&load, blockTokens: 1 + draw(20), draw)
    }
    load.settings.cache = CacheSettings()
    for index in load.requests.indices {
      let prompt = Int(load.requests[index].promptTokens)
      let group = draw(groups.count)
      var content = PromptContent(request: UInt32(index))
      var text: [StepwiseStretch] = []
      if draw(3) == 0 {
        // A conversation always follows the prefix of the same group.
        let session = group + groups.count * draw(2)
        let carried = draw(2) == 0 ? prompt : 1_000_000
        content.setShared(group: UInt32(group), tokens: Int32(groups[group]))
        content.setCarried(session: UInt32(session), tokens: Int32(carried))
        text.append(StepwiseStretch(name: UInt64(1000 + group), end: groups[group]))
        text.append(StepwiseStretch(name: UInt64(2000 + session), end: carried))
      } else if draw(4) > 0 {
        let shared = min(groups[group], prompt - draw(2))
        content.setShared(group: UInt32(group), tokens: Int32(shared))
        text.append(StepwiseStretch(name: UInt64(1000 + group), end: shared))
      }
      load.requests[index].content = content
      load.requests[index].text = text + [StepwiseStretch(name: UInt64(10_000 + index), end: .max)]
    }
  }

  /// The oracle visits every block of every sequence: long prompts are cut, and the KV cache with them.
  static func shorten(_ load: inout Load, to tokens: Int32) {
    guard load.requests.contains(where: { max($0.promptTokens, $0.outputTokens) > tokens }) else { return }
    for index in load.requests.indices {
      load.requests[index].promptTokens = min(tokens, 1 + load.requests[index].promptTokens / 16)
      load.requests[index].outputTokens = min(tokens, 1 + load.requests[index].outputTokens / 16)
    }
    let smallest = (2 * Int(tokens) + load.settings.blockSize) / load.settings.blockSize
    load.settings.blocks = max(smallest, load.settings.blocks / 16)
  }

  /// Recorded blocks whose names repeat under different predecessors, as no trace should but one may.
  static func record(_ load: inout Load, blockTokens: Int, _ draw: (Int) -> Int) {
    let chains = load.requests.map { request in
      (0..<draw(2 + Int(request.promptTokens) / blockTokens)).map { _ in UInt64(draw(5) / 4) }
    }
    let recorded = BlockChains(blockTokens: blockTokens, blocks: chains)
    load.settings.cache = CacheSettings(chains: recorded)
    for (index, chain) in chains.enumerated() {
      let prompt = load.requests[index].promptTokens
      load.requests[index].content = recorded.content(ofRequest: index, promptTokens: prompt)
      load.requests[index].text = chain.enumerated().map { place, name in
        StepwiseStretch(name: name, end: min(Int(prompt), (place + 1) * blockTokens))
      }
      load.requests[index].text.append(StepwiseStretch(name: UInt64(10_000 + index), end: .max))
    }
  }

  @Test(arguments: 0..<UInt64(12)) func leapingEqualsWalkingWithEveryBlockOnRecord(group: UInt64) {
    var (cached, preempted) = (0, 0)
    for seed in (group * 25)..<(group * 25 + 25) {
      let load = Self.randomLoad(seed)
      var settings = load.settings
      settings.verifiesLeaps = true
      let model = LeapEqualsStepTests.model
      let walked = StepwiseEngine.run(
        load.requests, settings: load.settings, model: model, respawn: load.respawn)
      let leapt = LeapingDriver.run(load.requests, settings: settings, model: model, respawn: load.respawn)
      cached += walked.completions.reduce(0) { $0 + Int($1.cachedTokens) }
      preempted += walked.preemptions
      #expect(walked.completions.count == load.respawn ?? load.requests.count)
      let difference = zip(leapt.completions, walked.completions).first { $0 != $1 }
      #expect(difference == nil, "seed \(seed), \(load.settings)")
      let sameGaps = leapt.interTokenGaps == walked.interTokenGaps
      #expect(sameGaps, "seed \(seed)")
      #expect(leapt.computedTokens == walked.computedTokens, "seed \(seed)")
      #expect(leapt.preemptions == walked.preemptions, "seed \(seed)")
      #expect(leapt.busy == walked.busy && leapt.steps == walked.steps, "seed \(seed)")
    }
    #expect(cached > 0 && preempted > 0, "the cases must reach hits and preemption")
  }
}
