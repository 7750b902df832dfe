import Kernel
import Statistics
import Workloads

/// A request as the oracle takes it.
public struct StepwiseRequest: Sendable {
  public var arrival: Ticks
  public var promptTokens: Int32
  public var outputTokens: Int32
  /// What its tokens are, once as the product takes it and once spelled out for the oracle.
  public var content: PromptContent?
  public var text: [StepwiseStretch]
  public init(
    arrival: Ticks, promptTokens: Int32, outputTokens: Int32, content: PromptContent? = nil,
    text: [StepwiseStretch] = []
  ) {
    self.arrival = arrival
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.content = content
    self.text = text
  }
}

/// What the oracle saw.
public struct StepwiseResult: Sendable {
  public var completions: [Completion] = []
  public var interTokenGaps = LogHistogram()
  public var steps = 0
  public var computedTokens = 0
  public var preemptions = 0
  public var busy: Int64 = 0
  /// Blocks that evictions wrote to each tier below, and those loaded from all of them.
  public var blocksWritten: [Int] = []
  public var blocksRead = 0
  public init() {}
}

/// The slow, obvious replica: every step visits every sequence, every sequence counts its own blocks.
///
/// It is written from the scheduler's rules alone and shares no code with `LeapingReplica`, so that the
/// two can
/// only agree by both being right.
public struct StepwiseEngine {
  private struct Sequence {
    var handle: UInt32
    var prompt: Int
    var output: Int
    var arrival: Ticks
    var generated = 0
    var target: Int
    var tokens = 0
    var blocks = 0
    var chunk = 0
    var prefilling = true
    var answered = false
    var scheduled = Ticks.never
    var firstToken = Ticks.never
    var lastToken = Ticks.never
    var preemptions: Int32 = 0
    // Only with a cache: the blocks themselves, how many have names, and whether the next one is a copy.
    var text = StepwiseText([])
    var own: [Int] = []
    var named = 0
    var isCopy = false
    var cachedTokens = 0
    /// When the blocks come that it loads from below.
    var ready: Ticks?
  }

  private let settings: ReplicaSettings
  private let model: any LatencyModel
  private var result = StepwiseResult()
  private var waiting: [Sequence] = []
  private var running: [Sequence] = []
  private var free: Int
  private var cache: StepwiseCache?
  private var links: StepwiseLinks?
  private var time = Ticks.zero
  private var fraction: Int64 = 0
  private var lastPassPreempted = false

  /// Runs requests sorted by arrival; in a closed loop (`respawn`), each finish sends the next request at
  /// once.
  ///
  /// - Parameter respawn: requests sent in all, the given ones included; `nil` for an open loop. The next
  ///   one
  ///   copies the lengths of the one that finished.
  public static func run(
    _ requests: [StepwiseRequest], settings: ReplicaSettings, model: any LatencyModel, respawn: Int? = nil
  ) -> StepwiseResult {
    var engine = StepwiseEngine(settings: settings, model: model)
    engine.drive(requests, respawn: respawn)
    engine.result.blocksWritten = engine.cache?.written ?? []
    return engine.result
  }

  private init(settings: ReplicaSettings, model: any LatencyModel) {
    self.settings = settings
    self.model = model
    free = settings.blocks
    if settings.cache != nil {
      cache = StepwiseCache(
        blockSize: settings.blockSize, blocks: settings.blocks, capacities: StepwiseLinks.capacities(settings)
      )
      links = StepwiseLinks(settings)
    }
  }

  private mutating func drive(_ requests: [StepwiseRequest], respawn: Int?) {
    var next = 0
    var sent = requests.count
    var isIdle = true
    while true {
      if isIdle {
        let head = waiting.first?.arrival ?? (next < requests.count ? requests[next].arrival : .never)
        if head == .never && running.isEmpty { return }
        if let loaded = running.compactMap(\.ready).min() {
          time = timeAfterLoad(loaded, requests, next)
        } else {
          time = wakeTime(head, requests, next)
        }
        fraction = 0
      }
      while next < requests.count && requests[next].arrival <= time {
        enqueue(requests[next], handle: UInt32(next))
        next += 1
      }
      let isDraining = next == requests.count && respawn == nil
      isIdle = !schedule(isDraining: isDraining)
      if isIdle { continue }
      let finished = executeStep()
      for sequence in finished {
        guard let respawn, sent < respawn else { continue }
        let again = StepwiseRequest(
          arrival: time, promptTokens: Int32(sequence.prompt), outputTokens: Int32(sequence.output),
          text: sequence.text.stretches)
        enqueue(again, handle: UInt32(sent))
        sent += 1
      }
    }
  }

  /// When an engine that only loads goes on: when blocks come, or somebody arrives who may be admitted.
  private func timeAfterLoad(_ loaded: Ticks, _ requests: [StepwiseRequest], _ next: Int) -> Ticks {
    var start = loaded
    if next < requests.count { start = min(start, requests[next].arrival) }
    if let head = waiting.first, head.arrival >= time || lastPassPreempted { start = min(start, time) }
    return max(time, start) + Ticks(1)
  }

  /// When an idle engine starts: just after the arrival, or when a batch is full or its patience ends.
  private func wakeTime(_ head: Ticks, _ requests: [StepwiseRequest], _ next: Int) -> Ticks {
    let patience: Ticks
    let size: Int
    switch settings.batching {
    case .continuous: return max(time, head) + Ticks(1)
    case .fixed(let s, let p), .dynamicWindow(let s, let p): (size, patience) = (s, p)
    }
    let missing = size - waiting.count
    var start = head + patience
    if missing <= 0 {
      start = time
    } else if next + missing <= requests.count {
      start = min(start, requests[next + missing - 1].arrival)
    }
    if let last = requests.last?.arrival, next >= requests.count || last <= start { start = min(start, last) }
    return max(time, start) + Ticks(1)
  }

  private mutating func enqueue(_ request: StepwiseRequest, handle: UInt32) {
    var sequence = Sequence(
      handle: handle, prompt: Int(request.promptTokens), output: Int(request.outputTokens),
      arrival: request.arrival, target: Int(request.promptTokens))
    sequence.text = StepwiseText(request.text)
    waiting.append(sequence)
  }

  private func blocks(_ tokens: Int) -> Int { (tokens + settings.blockSize - 1) / settings.blockSize }

  /// Decides the step that starts now; false when there is nothing to run.
  private mutating func schedule(isDraining: Bool) -> Bool {
    var budget = settings.maximumBatchedTokens
    var preempted = false
    defer { lastPassPreempted = preempted }
    finishLoads()
    var index = 0
    while index < running.count {
      if running[index].ready != nil {
        running[index].chunk = 0
        index += 1
        continue
      }
      let wanted = running[index].prefilling ? min(running[index].target - running[index].tokens, budget) : 1
      let need = blocks(running[index].tokens + wanted) - running[index].blocks
      while need > free && running.count > index {
        preemptLast()
        preempted = true
      }
      if index == running.count { break }
      take(need, wanted, at: index)
      budget -= wanted
      index += 1
    }
    for index in running.indices where running[index].prefilling && running[index].ready == nil {
      nameFullBlocks(index)
    }
    if !preempted {
      switch settings.batching {
      case .continuous: admit(&budget)
      case .fixed(let size, let patience):
        admitBatch(size, patience, pads: true, isDraining: isDraining)
      case .dynamicWindow(let size, let patience):
        admitBatch(size, patience, pads: false, isDraining: isDraining)
      }
    }
    return running.contains { $0.ready == nil }
  }

  private mutating func take(_ need: Int, _ chunk: Int, at index: Int) {
    free -= need
    running[index].blocks += need
    if let taken = cache?.take(need) { running[index].own += taken }
    running[index].chunk = chunk
    if chunk > 0 && running[index].scheduled == .never { running[index].scheduled = time }
  }

  private mutating func preemptLast() {
    leave(running.count - 1)
    var victim = running.removeLast()
    if !victim.prefilling { victim.lastToken = time }
    victim.blocks = 0
    victim.tokens = 0
    victim.chunk = 0
    victim.prefilling = true
    victim.target = victim.prompt + victim.generated
    victim.preemptions += 1
    result.preemptions += 1
    waiting.insert(victim, at: 0)
  }

  private mutating func admit(_ budget: inout Int) {
    while let head = waiting.first, budget > 0, running.count < settings.maximumSequences,
      head.arrival < time
    {
      let found = cache?.match(&waiting[0].text, limit: (head.target - 1) / settings.blockSize) ?? []
      let cached = found.count * settings.blockSize
      let chunk = min(head.target - cached, budget)
      let need = blocks(cached + chunk) - found.count
      if need + (cache?.idle(found) ?? 0) > free { return }
      running.append(waiting.removeFirst())
      use(found, at: running.count - 1)
      if load(running.count - 1) { continue }
      take(need, chunk, at: running.count - 1)
      nameFullBlocks(running.count - 1)
      budget -= chunk
    }
  }

  private mutating func admitBatch(
    _ size: Int, _ patience: Ticks, pads: Bool, isDraining: Bool
  ) {
    guard running.isEmpty, let oldest = waiting.first else { return }
    guard waiting.count >= size || isDraining || time > oldest.arrival + patience else { return }
    var reserved = 0
    while let head = waiting.first, running.count < min(size, settings.maximumSequences), head.arrival < time
    {
      let members = running + [head]
      if pads {
        let (prompt, output) = (members.map(\.target).max()!, members.map(\.output).max()!)
        reserved = members.count * blocks(prompt + output)
      } else {
        reserved += blocks(head.target + head.output)
      }
      if reserved > settings.blocks && !running.isEmpty { break }
      running.append(waiting.removeFirst())
    }
    if pads {
      let longest = running.map(\.target).max()!
      for index in running.indices { running[index].target = longest }
    }
    for index in running.indices {
      take(blocks(running[index].target), running[index].target, at: index)
    }
  }

  /// Runs the step; returns whoever got its last token, in running order.
  private mutating func executeStep() -> [StepwiseRequestEcho] {
    let cost = stepCost()
    for sequence in running where !sequence.prefilling && !sequence.answered {
      result.interTokenGaps.record(cost)
    }
    result.busy += cost
    result.steps += 1
    fraction += cost
    time += Ticks(fraction / fineTicksPerTick)
    fraction %= fineTicksPerTick
    var finished: [StepwiseRequestEcho] = []
    for index in running.indices {
      running[index].tokens += running[index].chunk
      result.computedTokens += running[index].chunk
      if running[index].prefilling && running[index].tokens < running[index].target { continue }
      emitToken(index)
      if running[index].generated == running[index].output && !running[index].answered {
        finished.append(finish(index))
      }
    }
    let holdsSlots = if case .fixed = settings.batching { true } else { false }
    if !holdsSlots || running.allSatisfy(\.answered) {
      for index in running.indices where running[index].answered { leave(index) }
      running.removeAll(where: \.answered)
    }
    return finished
  }

  private mutating func emitToken(_ index: Int) {
    if running[index].answered { return }
    running[index].generated += 1
    if running[index].firstToken == .never {
      running[index].firstToken = time
    } else if running[index].prefilling {
      let gap = (time - running[index].lastToken).count * fineTicksPerTick
      result.interTokenGaps.record(gap)
    }
    running[index].prefilling = false
  }

  private mutating func finish(_ index: Int) -> StepwiseRequestEcho {
    running[index].answered = true
    let sequence = running[index]
    result.completions.append(
      Completion(
        handle: sequence.handle, promptTokens: Int32(sequence.prompt), outputTokens: Int32(sequence.output),
        preemptions: sequence.preemptions, arrival: sequence.arrival, scheduled: sequence.scheduled,
        firstToken: sequence.firstToken, lastToken: time, cachedTokens: Int32(sequence.cachedTokens)))
    return StepwiseRequestEcho(prompt: sequence.prompt, output: sequence.output, text: sequence.text)
  }

  // MARK: Cache

  /// An admitted sequence holds the blocks that are there and starts behind them.
  private mutating func use(_ found: [Int], at index: Int) {
    if running[index].preemptions == 0 {
      running[index].cachedTokens = found.count * settings.blockSize
    }
    cache?.hold(found)
    running[index].own = found
    running[index].blocks = found.count
    running[index].named = found.count
    running[index].tokens = found.count * settings.blockSize
    if let cache { free = cache.free }
  }

  /// Names what the step fills; blocks after a copy stay without names.
  private mutating func nameFullBlocks(_ index: Int) {
    if cache == nil || running[index].isCopy { return }
    let full = (running[index].tokens + running[index].chunk) / settings.blockSize
    var sequence = running[index]
    sequence.isCopy = !cache!.name(sequence.own, &sequence.text, from: &sequence.named, to: full)
    running[index] = sequence
  }

  /// A sequence gives its blocks back, having named those that its answer filled.
  private mutating func leave(_ index: Int) {
    free += running[index].blocks
    guard cache != nil else { return }
    running[index].chunk = 0
    if running[index].ready == nil { nameFullBlocks(index) }
    running[index].ready = nil
    cache!.leave(running[index].own, named: running[index].named)
    running[index].own = []
    running[index].named = 0
    running[index].isCopy = false
    free = cache!.free
  }

  // MARK: Tiers below

  /// Sequences whose blocks have come name them and go to the end of the line.
  private mutating func finishLoads() {
    for sequence in running where sequence.ready.map({ $0 < time }) == true {
      let place = running.firstIndex { $0.handle == sequence.handle }!
      var loaded = running.remove(at: place)
      loaded.ready = nil
      running.append(loaded)
      nameFullBlocks(running.count - 1)
    }
  }

  /// Loads as many of the blocks below as bring the first token soonest, if they fit.
  private mutating func load(_ index: Int) -> Bool {
    guard var links, var cache, !links.isEmpty else { return false }
    var sequence = running[index]
    let first = sequence.own.count
    var keys: [UInt64] = []
    var places: [Int] = []
    while first + keys.count < (sequence.target - 1) / settings.blockSize {
      let key = sequence.text.key(ofBlock: first + keys.count, size: settings.blockSize)
      guard let tier = cache.tier(of: key) else { break }
      keys.append(key)
      places.append(tier)
    }
    let count = links.blocksToLoad(places, now: time) { loaded in
      computeCost(sequence, from: (first + loaded) * settings.blockSize)
    }
    guard count > 0, count <= free else { return false }
    for block in (0..<count).reversed() { cache.store(keys[block], in: places[block]) }
    sequence.ready = links.load(Array(places[..<count]), now: time)
    sequence.chunk = 0
    sequence.tokens = (first + count) * settings.blockSize
    if sequence.preemptions == 0 { sequence.cachedTokens = sequence.tokens }
    if sequence.scheduled == .never { sequence.scheduled = time }
    (self.links, self.cache, running[index]) = (links, cache, sequence)
    take(count, 0, at: index)
    result.blocksRead += count
    return true
  }

  private func computeCost(_ sequence: Sequence, from start: Int) -> Int64 {
    let decoders = running.filter { !$0.prefilling }
    let chunk = sequence.target - start
    return model.stepCost(
      StepShape(
        decodeSequences: decoders.count, decodeContext: decoders.reduce(0) { $0 + $1.tokens + 1 },
        prefillSequences: 1, prefillTokens: chunk, sampledSequences: decoders.count + 1,
        attentionProducts: chunk * start + chunk * (chunk + 1) / 2, prefixTokens: start, largestChunk: chunk)
    ).total
  }

  private func stepCost() -> Int64 {
    let decoders = running.filter { !$0.prefilling }
    let context = decoders.reduce(0) { $0 + $1.tokens + 1 }
    let prompts = running.filter { $0.prefilling && $0.chunk > 0 }
    if prompts.isEmpty {
      let line = model.decodeLine(sequences: decoders.count)
      return line.base.total + line.slope * Int64(context)
    }
    return model.stepCost(
      StepShape(
        decodeSequences: decoders.count, decodeContext: context, prefillSequences: prompts.count,
        prefillTokens: prompts.reduce(0) { $0 + $1.chunk },
        sampledSequences: decoders.count + prompts.filter { $0.tokens + $0.chunk == $0.target }.count,
        attentionProducts: prompts.reduce(0) { $0 + $1.chunk * $1.tokens + $1.chunk * ($1.chunk + 1) / 2 },
        prefixTokens: prompts.reduce(0) { $0 + $1.tokens },
        largestChunk: prompts.map(\.chunk).max()!)
    ).total
  }
}

/// The lengths of a finished request, for the closed loop.
struct StepwiseRequestEcho {
  var prompt: Int
  var output: Int
  var text: StepwiseText
}
