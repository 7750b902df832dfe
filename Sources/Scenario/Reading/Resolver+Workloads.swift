import Catalog
import Foundation
import Kernel
import Quantities
import Statistics
import Workloads

extension Resolver {
  mutating func workload(_ member: Written.Member) -> InferenceWorkload? {
    let path = "workloads.\(member.key)"
    let value = member.value
    guard let model = model(value["model"], "\(path).model"), let traffic = traffic(value, path) else {
      return nil
    }
    let slo = value["slo"]
    func limit(_ key: String) -> Ticks? { quantity(slo?[key], .duration).map { Ticks(seconds: $0) } }
    var workload = InferenceWorkload(
      name: member.key, model: model, traffic: traffic, requests: integer(value["requests"]),
      objectives: ServiceObjectives(ttft: limit("ttft"), tpot: limit("tpot"), e2e: limit("e2e")),
      prefix: sharedPrefix(value, path), conversations: conversations(value, path))
    workload.adapters = adapterTraffic(value, path, traffic)
    workload.classes = classes(value["priorities"], "\(path).priorities")
    checkContext(workload, value, path)
    workload.traceUsers = integer(value["trace"]?["users"])
    workload.residency = residency(value, path)
    workload.dailyUse = min(1, (quantity(value["daily-use"], .duration) ?? 86_400) / 86_400)
    return workload
  }

  mutating func model(_ value: Written?, _ path: String) -> ModelShape? {
    guard let value, let shape = modelShape(value, path) else { return nil }
    for problem in shape.faults { fault(value, path, problem) }
    return shape.faults.isEmpty ? shape : nil
  }

  private mutating func modelShape(_ value: Written, _ path: String) -> ModelShape? {
    if let name = value.text { return catalog.model(name) }
    if let fileName = value["file"] {
      return named(fileName, "\(path).file", reading: "model") { resolver, bytes in
        do throws(ConfigFault) {
          return try HuggingFaceConfig.modelShape(from: bytes, name: fileName.text ?? "model")
        } catch {
          resolver.fault(fileName, "\(path).file", "\(error)")
          return nil
        }
      }
    }
    for key in ["layers", "hidden", "heads"] where value[key] == nil {
      fault(
        value, path, "the key '\(key)' is missing",
        help: "an inline shape gives layers, hidden and heads at least")
    }
    guard let layers = integer(value["layers"]), let hidden = integer(value["hidden"]),
      let heads = integer(value["heads"])
    else { return nil }
    let experts = value["experts"].map { experts in
      let width = integer(experts["intermediate"]) ?? 1
      let shared = integer(experts["shared"]) ?? 0
      return ModelShape.Experts(
        count: integer(experts["count"]) ?? 1, perToken: integer(experts["per-token"]) ?? 1,
        intermediate: width,
        shared: shared, sharedIntermediate: shared * width)
    }
    return ModelShape(
      name: "inline", layers: layers, hidden: hidden, heads: heads,
      keyValueHeads: integer(value["kv-heads"]) ?? heads,
      headSize: integer(value["head-size"]) ?? max(1, hidden / heads),
      intermediate: integer(value["intermediate"]) ?? 4 * hidden,
      vocabulary: integer(value["vocabulary"]) ?? 32_000, gated: value["gated"]?.text != "false",
      experts: experts)
  }

  private mutating func traffic(_ value: Written, _ path: String) -> Traffic? {
    if let written = value["trace"] {
      for key in ["arrivals", "prompt-tokens", "output-tokens"] {
        if let other = value[key] { fault(other, "\(path).\(key)", "a trace stands instead of '\(key)'") }
      }
      let trace = trace(written, "\(path).trace")
      checkTraceContent(value, path, trace)
      return trace.map(Traffic.trace)
    }
    var missing = false
    for key in ["arrivals", "prompt-tokens", "output-tokens"] where value[key] == nil {
      fault(value, path, "the key '\(key)' is missing", help: "give arrivals and both lengths, or a trace")
      missing = true
    }
    guard !missing, let arrivals = arrivals(value["arrivals"]!, "\(path).arrivals"),
      let prompt = length(value["prompt-tokens"]!, "\(path).prompt-tokens"),
      let output = length(value["output-tokens"]!, "\(path).output-tokens")
    else { return nil }
    return .generated(arrivals, promptTokens: prompt, outputTokens: output)
  }

  private mutating func trace(_ value: Written, _ path: String) -> Trace? {
    guard let name = value["file"], let format = value["format"]?.text.flatMap(TraceFormat.init) else {
      return nil
    }
    let (speed, limit) = (number(value["speed"]) ?? 1, integer(value["limit"]) ?? .max)
    let reading = "trace \(format.rawValue) \(speed) \(limit)"
    return named(name, "\(path).file", reading: reading) { resolver, bytes in
      switch TraceReader.read(bytes, format: format, speed: speed, limit: limit) {
      case .success(let trace): return trace
      case .failure(let failure):
        for one in failure.faults.prefix(20) {
          resolver.fault(name, "\(path).file", "\(name.text ?? ""), line \(one.line): \(one.message)")
        }
        return nil
      }
    }
  }

  /// Requests a second, at most.
  private static let fastest = 1e7

  private mutating func arrivals(_ value: Written, _ path: String) -> ArrivalProcess? {
    func rate(_ key: String = "rate") -> PerSecond { PerSecond(quantity(value[key], .rate) ?? 0) }
    for key in ["rate", "mean"] {
      if let written = value[key], let rate = quantity(written, .rate), rate <= 0 || rate > Self.fastest {
        fault(written, "\(path).\(key)", "the rate must be positive and at most 10 million a second")
        return nil
      }
    }
    switch value["process"]?.text {
    case "poisson": return .poisson(rate: rate())
    case "gamma": return .gamma(rate: rate(), burstiness: number(value["burstiness"]) ?? 1)
    case "weibull": return .weibull(rate: rate(), shape: number(value["shape"]) ?? 1)
    case "constant": return .constant(rate: rate())
    case "closed-loop":
      let think = quantity(value["think-time"], .duration) ?? 0
      return .closedLoop(users: integer(value["users"]) ?? 1, thinkTime: Distribution(.constant(think)))
    case "burst": return .burst(count: integer(value["count"]) ?? 1)
    case "diurnal":
      let period = quantity(value["period"], .duration) ?? standing(86_400, at: "\(path).period", as: "1d")
      guard period > 0 else {
        fault(value, "\(path).period", "the period must be positive")
        return nil
      }
      return .diurnal(
        mean: rate("mean"), peakToMean: number(value["peak-to-mean"]) ?? 1, period: Seconds(period))
    default: return schedule(value["points"] ?? value, "\(path).points")
    }
  }

  private mutating func schedule(_ value: Written, _ path: String) -> ArrivalProcess? {
    var points: [ArrivalProcess.SchedulePoint] = []
    for (index, item) in (value.items ?? []).enumerated() {
      guard let pair = item.items, pair.count == 2, let time = quantity(pair[0], .duration),
        let rate = quantity(pair[1], .rate), time >= (points.last?.time.value ?? 0)
      else {
        fault(item, "\(path)[\(index)]", "expected [time, rate] in order of time", help: "such as [10m, 8/s]")
        return nil
      }
      if rate > Self.fastest {
        fault(pair[1], "\(path)[\(index)]", "the rate must be at most 10 million a second")
        return nil
      }
      points.append(.init(time: Seconds(time), rate: PerSecond(rate)))
    }
    guard points.contains(where: { $0.rate.value > 0 }) else {
      fault(value, path, "a schedule needs a point with a positive rate")
      return nil
    }
    return .schedule(points)
  }

  mutating func length(_ value: Written, _ path: String) -> Distribution? {
    var law: Distribution
    switch value["distribution"]?.text {
    case "constant": law = Distribution(.constant(number(value["value"]) ?? 1))
    case "uniform":
      let (from, to) = (number(value["from"]) ?? 1, number(value["to"]) ?? 1)
      if from > to {
        fault(value, path, "'from' lies above 'to'")
        return nil
      }
      law = Distribution(.uniform(from: from, to: to))
    case "lognormal": law = .lognormal(mean: number(value["mean"]) ?? 1, cv: number(value["cv"]) ?? 1)
    case "gamma": law = .gamma(mean: number(value["mean"]) ?? 1, cv: number(value["cv"]) ?? 1)
    default:
      guard let name = value["file"] else { return nil }
      let values = named(name, "\(path).file", reading: "lengths") { resolver, bytes in
        resolver.lengths(in: bytes, of: name, "\(path).file")
      }
      guard let values else { return nil }
      law = Distribution(.empirical(values))
    }
    law.minimum = number(value["min"])
    law.maximum = number(value["max"])
    if let minimum = law.minimum, let maximum = law.maximum, minimum > maximum {
      fault(value, path, "'min' lies above 'max'")
    }
    return law
  }

  /// Numbers of a file, blanks between them; `nil` where there are none or one cannot be a length.
  private mutating func lengths(in bytes: [UInt8], of name: Written, _ path: String) -> [Double]? {
    var values: [Double] = []
    var wrong: [String] = []
    for (index, line) in String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      for word in line.split(whereSeparator: \.isWhitespace) {
        if let value = Double(word), value >= 0, value <= 1e7 {
          values.append(value)
        } else {
          wrong.append("\(name.text ?? ""), line \(index + 1): '\(word.prefix(40))' is no length")
        }
      }
    }
    for message in wrong.prefix(20) {
      fault(name, path, message, help: "one length a line, from 0 to 10 million")
    }
    if values.isEmpty && wrong.isEmpty { fault(name, path, "the file has no lengths in it") }
    return values.isEmpty || !wrong.isEmpty ? nil : values
  }
}
