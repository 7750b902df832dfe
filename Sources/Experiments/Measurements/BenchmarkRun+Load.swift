extension BenchmarkRun {
  /// Whether the time of sending is known of every request.
  var hasStarts: Bool { !recorded.isEmpty && recorded.allSatisfy { $0.start != nil } }

  /// What a client does that has a rate, a limit of requests in flight, both, or neither.
  ///
  /// - Parameter burstiness: `nil` for even spacing.
  mutating func setLoad(rate: Double?, burstiness: Double?, users: Int?) {
    switch (rate, users) {
    case (nil, nil): load = .burst
    case (nil, let users?): load = .closedLoop(users: users)
    case (let rate?, let users?) where isLimited(to: users):
      load = .closedLoop(users: users)
      notes.append(
        "\(users) requests were in flight nearly all the time: "
          + "the limit, not the rate of \(rate)/s, set the pace")
    case (let rate?, _):
      load = hasStarts ? .recorded : .open(rate: rate, burstiness: burstiness)
    }
  }

  /// Whether a limit of requests in flight held requests back: in the mean, four fifths of it were in flight
  /// (Little's law).
  private func isLimited(to users: Int) -> Bool {
    guard let throughput = value("throughput_rps"), let latency = value("e2e_s", "mean") else { return false }
    return throughput * latency >= 0.8 * Double(users)
  }
}

extension [RecordedRequest] {
  /// Sorted by start, stably; as they stand where a start is not known.
  var inOrderOfSending: [RecordedRequest] {
    guard allSatisfy({ $0.start != nil }) else { return self }
    return enumerated().sorted { ($0.element.start ?? 0, $0.offset) < ($1.element.start ?? 0, $1.offset) }
      .map(\.element)
  }
}
