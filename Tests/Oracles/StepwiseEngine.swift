import Kernel
import Statistics
import Workloads

/// The slow, obvious replica: every step visits every sequence, every sequence counts its own blocks.
///
/// It is written from the scheduler's rules alone and shares no code with `LeapingReplica`, so that the
/// two can
/// only agree by both being right.
public struct StepwiseEngine {
  struct Sequence {
    var handle: UInt32
    /// In the order of arrival.
    var number: Int { Int(handle) }
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
    var remote: StepwiseRequest.Remote?
    var hold = Ticks.zero
    var priority: Int32 = 0
    /// When the KV entries from elsewhere are complete.
    var ready = Ticks.never
    /// Decodes, but its last token is not from the last decoding step: it came out elsewhere, or with the
    /// prompt in a step that left decodes out.
    var isFresh = false
    /// Cost of the steps since its last token that left it out.
    var stalled: Int64 = 0
    // Only with a cache: the blocks themselves, how many have names, and whether the next one is a copy.
    var text = StepwiseText([])
    var own: [Int] = []
    var named = 0
    var isCopy = false
    var cachedTokens = 0
    /// When the blocks come that it loads from below.
    var loaded: Ticks?
    /// −1 for none.
    var adapter = -1
    var adapterWait = Ticks.zero
  }

  let settings: ReplicaSettings
  let model: any LatencyModel
  var result = StepwiseResult()
  var waiting: [Sequence] = []
  var running: [Sequence] = []
  /// Hold blocks and wait for their KV entries.
  var receiving: [Sequence] = []
  /// Computed prompts, and when their blocks come back.
  var held: [(sequence: Sequence, until: Ticks)] = []
  var free: Int
  var cache: StepwiseCache?
  var links: StepwiseLinks?
  var adapters: StepwiseAdapters?
  var time = Ticks.zero
  private var lastStepStart = Ticks.zero
  private var fraction: Int64 = 0
  private var decodingSteps = 0
  /// Who arrived before it may join the step that starts now, and steps without prompts since it was set.
  private(set) var deadline = Ticks.zero
  private var unheard: Int64 = .max
  var leftOutAdmission = false

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
    adapters = settings.adapters.map(StepwiseAdapters.init)
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
        let start = wakeTime(requests, next)
        if start == .never { return }
        (time, fraction) = (start, 0)
        lastStepStart = time
        unheard = .max
      }
      while next < requests.count && requests[next].arrival <= time {
        enqueue(requests[next], handle: UInt32(next))
        next += 1
      }
      let isDraining = next == requests.count && respawn == nil
      takeInRemotePrompts()
      isIdle = !schedule(isDraining: isDraining)
      if isIdle { continue }
      let finished = executeStep()
      for sequence in finished {
        guard let respawn, sent < respawn else { continue }
        var again = StepwiseRequest(
          arrival: time, promptTokens: Int32(sequence.prompt), outputTokens: Int32(sequence.output),
          text: sequence.text.stretches)
        again.priority = sequence.priority
        again.adapter = sequence.adapter
        enqueue(again, handle: UInt32(sent))
        sent += 1
      }
    }
  }

  /// When an idle engine starts: just after the arrival, or when a batch is full or its patience ends.
  private func wakeTime(_ requests: [StepwiseRequest], _ next: Int) -> Ticks {
    let coming = next < requests.count ? requests[next].arrival : .never
    let head = waiting.first?.arrival ?? coming
    let loads = running.compactMap(\.loaded) + (adapters?.coming(at: time) ?? [])
    if !receiving.isEmpty || !held.isEmpty || !loads.isEmpty { return newsTime(coming, loads) }
    if head == .never { return .never }
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
      arrival: request.arrival, target: Int(request.promptTokens), remote: request.remote,
      hold: request.hold, priority: request.priority)
    sequence.text = StepwiseText(request.text)
    sequence.adapter = request.adapter
    waiting.append(sequence)
  }

  /// Tokens drafted for every decoder in a step, and how many a decoder gets in the step that comes: after g
  /// steps ⌊g·r⌋ in all.
  var drafted: Int { settings.speculation?.drafted ?? 0 }
  private var given: Int {
    let rate = Int(settings.speculation?.rate.tokensIn256Steps ?? 256)
    return (decodingSteps + 1) * rate / 256 - decodingSteps * rate / 256
  }

  /// Tokens that a sequence computes in the step that comes.
  private func share(_ sequence: Sequence) -> Int {
    sequence.prefilling || sequence.chunk == 0 ? sequence.chunk : drafted + 1
  }

  /// Tokens that a sequence takes from what prompts may have.
  private func toll(_ sequence: Sequence) -> Int {
    settings.prompts == .first && !sequence.prefilling ? 0 : share(sequence)
  }

  func blocks(_ tokens: Int) -> Int { (tokens + settings.blockSize - 1) / settings.blockSize }

  /// Decides the step that starts now; false when there is nothing to run.
  private mutating func schedule(isDraining: Bool) -> Bool {
    var budget = settings.maximumBatchedTokens
    var preempted = false
    lookAtArrivals()
    finishLoads()
    for index in running.indices { running[index].chunk = 0 }
    // Decodes come first: a sequence that joined from elsewhere may stand behind a prompt under way.
    for isPrompt in [false, true] {
      if serve(prompts: isPrompt, &budget) { preempted = true }
    }
    leftOutAdmission = preempted
    for index in running.indices where running[index].prefilling && running[index].loaded == nil {
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
    if settings.prompts == .first && running.contains(where: { $0.prefilling && $0.chunk > 0 }) {
      // Decodes keep the blocks that they were given and wait.
      for index in running.indices where !running[index].prefilling { running[index].chunk = 0 }
    }
    return running.contains { $0.loaded == nil }
  }

  /// Gives whoever runs its tokens and blocks, the youngest giving way; true when somebody had to.
  private mutating func serve(prompts: Bool, _ budget: inout Int) -> Bool {
    var preempted = false
    var index = 0
    while index < running.count {
      if running[index].prefilling != prompts || running[index].loaded != nil {
        index += 1
        continue
      }
      let left = running[index].target - running[index].tokens
      let wanted = running[index].prefilling ? min(left, budget) : given
      let need = max(0, blocks(running[index].tokens + wanted + drafted) - running[index].blocks)
      var isGone = false
      while need > free && !isGone {
        let victim = victim()
        // With priorities, what the victim was given of this step goes to others.
        if settings.order == .priority { budget += toll(running[victim]) }
        preempt(victim)
        preempted = true
        isGone = victim == index
        if victim < index { index -= 1 }
      }
      if isGone { continue }
      take(need, wanted, at: index)
      budget -= toll(running[index])
      index += 1
    }
    return preempted
  }

  mutating func take(_ need: Int, _ chunk: Int, at index: Int) {
    free -= need
    running[index].blocks += need
    if let taken = cache?.take(need) { running[index].own += taken }
    running[index].chunk = chunk
    if chunk > 0 && running[index].scheduled == .never { running[index].scheduled = time }
  }

  /// The youngest, or the latest arrival of those that matter least.
  private func victim() -> Int {
    if settings.order != .priority { return running.count - 1 }
    return running.indices.max {
      (running[$0].priority, running[$0].number) < (running[$1].priority, running[$1].number)
    }!
  }

  private mutating func preempt(_ index: Int) {
    var victim = running.remove(at: index)
    leave(victim)
    adapters?.touch(victim.adapter)
    victim.isFresh = false
    victim.stalled = 0
    victim.loaded = nil
    victim.own = []
    victim.named = 0
    victim.isCopy = false
    victim.blocks = 0
    victim.tokens = 0
    victim.chunk = 0
    victim.prefilling = true
    victim.target = victim.prompt + victim.generated
    victim.preemptions += 1
    result.preemptions += 1
    waiting.insert(victim, at: 0)
  }

  /// A scheduler that works ahead decided on this step when the last one started.
  private mutating func lookAtArrivals() {
    if unheard < settings.receiveInterval { return }
    deadline = settings.schedulesAhead ? lastStepStart : time
    unheard = 0
  }

  /// Whom the scheduler looks at next, among those that it knows of and did not pass over.
  private func head(passing passed: [UInt32]) -> Int? {
    if settings.order == .arrival {
      // Whoever was passed over stands in front.
      let next = passed.count
      return next < waiting.count && waiting[next].arrival < deadline ? next : nil
    }
    let known = waiting.indices.filter {
      waiting[$0].arrival < deadline && !passed.contains(waiting[$0].handle)
    }
    switch settings.order {
    case .arrival: return nil
    case .priority:
      return known.min {
        (waiting[$0].priority, waiting[$0].number) < (waiting[$1].priority, waiting[$1].number)
      }
    case .shortestFirst:
      return known.min {
        (waiting[$0].prompt, waiting[$0].number) < (waiting[$1].prompt, waiting[$1].number)
      }
    }
  }

  private mutating func admit(_ budget: inout Int) {
    var passed: [UInt32] = []
    while let position = head(passing: passed), budget > 0,
      running.count + receiving.count < settings.maximumSequences
    {
      let head = waiting[position]
      if !hasAdapter(head) {
        passed.append(head.handle)
        continue
      }
      if head.remote != nil {
        if reserve(head) { continue } else { return }
      }
      let found = cache?.match(&waiting[position].text, limit: (head.target - 1) / settings.blockSize) ?? []
      let cached = found.count * settings.blockSize
      let chunk = min(head.target - cached, budget)
      let isBesideOthers = running.contains { $0.prefilling && $0.chunk > 0 }
      if settings.prompts == .whole && isBesideOthers && chunk < head.target - cached { return }
      let need = blocks((settings.takesWholePrompts ? head.target : cached + chunk) + drafted) - found.count
      if need + (cache?.idle(found) ?? 0) > free { return }
      running.append(waiting.remove(at: position))
      useAdapter(running.count - 1)
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
    let cost = stepCost() + adapterCost()
    lastStepStart = time
    let isDecoding = running.contains { !$0.prefilling && $0.chunk > 0 }
    for index in running.indices where !running[index].prefilling && !running[index].answered {
      if running[index].isFresh { continue }
      if running[index].chunk > 0 {
        result.interTokenGaps.record(cost + running[index].stalled)
        running[index].stalled = 0
      } else {
        running[index].stalled += cost
      }
    }
    let hasPrompts = running.contains { $0.prefilling && $0.chunk > 0 }
    unheard = hasPrompts ? .max : unheard + 1
    result.busy += cost
    let given = given
    result.steps += 1
    decodingSteps += isDecoding || settings.prompts != .first ? 1 : 0
    fraction += cost
    time += Ticks(fraction / fineTicksPerTick)
    fraction %= fineTicksPerTick
    var finished: [StepwiseRequestEcho] = []
    for index in running.indices {
      running[index].tokens += running[index].chunk
      result.computedTokens += share(running[index])
      if running[index].prefilling && running[index].tokens < running[index].target { continue }
      if !running[index].prefilling && running[index].chunk == 0 { continue }
      emitTokens(index, given)
      if running[index].generated == running[index].output && !running[index].answered {
        finished.append(finish(index))
      }
    }
    let holdsSlots = if case .fixed = settings.batching { true } else { false }
    if !holdsSlots || running.allSatisfy(\.answered) {
      for sequence in running where sequence.answered {
        adapters?.touch(sequence.adapter)
        if settings.isPrefillOnly {
          held.append((sequence, time + sequence.hold))
        } else {
          leave(sequence)
        }
      }
      running.removeAll(where: \.answered)
    }
    return finished
  }

  private mutating func emitTokens(_ index: Int, _ given: Int) {
    if running[index].answered { return }
    let count =
      running[index].prefilling ? 1 : min(given, running[index].output - running[index].generated)
    running[index].generated += count
    // Tokens that are checked together come out together.
    result.interTokenGaps.record(0, count: Int64(count - 1))
    if running[index].firstToken == .never {
      running[index].firstToken = time
    } else if running[index].prefilling || running[index].isFresh {
      let gap = (time - running[index].lastToken).count * fineTicksPerTick
      result.interTokenGaps.record(gap)
    }
    running[index].isFresh = settings.prompts == .first && running[index].prefilling
    running[index].prefilling = false
    running[index].lastToken = time
  }

  private mutating func finish(_ index: Int) -> StepwiseRequestEcho {
    running[index].answered = true
    let sequence = running[index]
    result.completions.append(
      Completion(
        handle: sequence.handle, promptTokens: Int32(sequence.prompt), outputTokens: Int32(sequence.output),
        preemptions: sequence.preemptions, arrival: sequence.arrival, scheduled: sequence.scheduled,
        firstToken: sequence.firstToken, lastToken: time, cachedTokens: Int32(sequence.cachedTokens),
        adapterWait: sequence.adapterWait))
    return StepwiseRequestEcho(
      prompt: sequence.prompt, output: sequence.output, text: sequence.text, priority: sequence.priority,
      adapter: sequence.adapter)
  }

  private func stepCost() -> Int64 {
    let decoders = running.filter { !$0.prefilling && $0.chunk > 0 }
    let context = decoders.reduce(0) { $0 + $1.tokens + drafted + 1 }
    let prompts = running.filter { $0.prefilling && $0.chunk > 0 }
    if prompts.isEmpty {
      let line = model.decodeLine(sequences: decoders.count, context: context)
      return line.base.total + line.slope * Int64(context)
    }
    return model.stepCost(
      StepShape(
        decodeSequences: decoders.count, decodeContext: context, prefillSequences: prompts.count,
        prefillTokens: prompts.reduce(0) { $0 + $1.chunk },
        sampledSequences: decoders.count + prompts.filter { $0.tokens + $0.chunk == $0.target }.count,
        attentionProducts: prompts.reduce(0) { $0 + $1.chunk * $1.tokens + $1.chunk * ($1.chunk + 1) / 2 },
        prefixTokens: prompts.reduce(0) { $0 + $1.tokens },
        largestChunk: prompts.map(\.chunk).max()!, longestPrefix: prompts.map(\.tokens).max()!)
    ).total
  }
}

/// The lengths of a finished request, for the closed loop.
struct StepwiseRequestEcho {
  var prompt: Int
  var output: Int
  var text: StepwiseText
  var priority: Int32
  var adapter: Int
}
