import Quantities

/// A model served by somebody else and paid by the token.
public struct EndpointPreset: Sendable, Hashable {
  public var name: String
  public var provider: String
  /// The provider's own name of the model.
  public var model: String
  /// Per million prompt tokens.
  public var inputPricePerMillion: Money
  /// Per million generated tokens.
  public var outputPricePerMillion: Money
  /// Rate limit; `nil` when none is known.
  public var requestsPerMinute: Double?
  /// Rate limit over prompt and generated tokens; `nil` when none is known.
  public var tokensPerMinute: Double?
  /// TTFT of an empty prompt.
  public var ttftBaseSeconds: Double
  /// What each prompt token adds to TTFT.
  public var secondsPerInputToken: Double
  /// Rate of one answer after its first token.
  public var outputTokensPerSecond: Double
  /// Source of the prices, an identifier that `Catalog.source` knows.
  public var source: String
  /// The day the prices were read.
  public var date: String
}

extension Catalog {
  /// The endpoint of that name, or `nil`.
  /// - Complexity: constant, after the first use parsed the file.
  public func endpoint(_ name: String) -> EndpointPreset? {
    guard let entry = table(.endpoints).entry(name), let input = entry.fact("input-price"),
      let inputPrice = input.number, let outputPrice = entry.number("output-price"),
      let base = entry.number("ttft-base"), let slope = entry.number("ttft-per-input-token"),
      let rate = entry.number("output-rate")
    else { return nil }
    return EndpointPreset(
      name: name, provider: entry.text("provider") ?? "", model: entry.text("model") ?? "",
      inputPricePerMillion: Money(inputPrice), outputPricePerMillion: Money(outputPrice),
      requestsPerMinute: entry.number("requests-per-minute"),
      tokensPerMinute: entry.number("tokens-per-minute"),
      ttftBaseSeconds: base, secondsPerInputToken: slope, outputTokensPerSecond: rate, source: input.source,
      date: input.date)
  }
}

extension Catalog {
  /// The catalogue's model whose name the provider's own name of it holds, the longest one; `nil` when there
  /// is none.
  ///
  /// Case and punctuation do not count, and `p` stands for a point between digits, as in `kimi-k2p5`.
  /// - Complexity: O(models × length of their names).
  public func servedModel(of endpoint: EndpointPreset) -> String? {
    let provided = Self.plain(endpoint.model)
    // A distilled model bears the name of its teacher.
    if provided.contains("distill") { return nil }
    let found = names(of: .models).filter { provided.contains(Self.plain($0)) }
    return found.max { ($0.count, $1) < ($1.count, $0) }
  }

  private static func plain(_ name: String) -> String {
    let letters = Array(name.lowercased())
    var plain = ""
    for (index, letter) in letters.enumerated() where letter.isLetter || letter.isNumber {
      let isPoint =
        letter == "p" && index > 0 && index + 1 < letters.count && letters[index - 1].isNumber
        && letters[index + 1].isNumber
      if !isPoint { plain.append(letter) }
    }
    return plain
  }
}
