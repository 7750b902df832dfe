import Quantities

/// What changes over the day: emissions and prices of electricity.
extension Resolver {
  /// Emissions of a site's electricity by the hour; `nil` where nothing says.
  mutating func carbon(_ value: Written?, _ path: String) -> HourlyProfile? {
    guard let value, !value.isNull else { return nil }
    if let constant = quantity(value, .carbonIntensity) { return HourlyProfile(constant: constant) }
    let ways = ["grid", "profile", "file"].filter { value[$0] != nil }
    guard ways.count == 1 else {
      fault(
        value, path, "expected one of `grid`, `profile` and `file`",
        help: "such as { grid: germany } or 380 g/kWh")
      return nil
    }
    if let grid = value["grid"] {
      if let mean = catalog.carbonIntensity(ofGrid: grid.text ?? "") { return HourlyProfile(constant: mean) }
      fault(grid, "\(path).grid", "the catalogue's grid '\(grid.text ?? "")' states no `intensity`")
      return nil
    }
    if let profile = value["profile"] {
      return hours(profile, "\(path).profile") { $0.quantity($1, .carbonIntensity) }
    }
    guard let file = value["file"] else { return nil }
    return named(file, "\(path).file", reading: "hours") { resolver, bytes in
      resolver.hours(in: bytes, of: file, "\(path).file")
    }
  }

  /// Prices of energy by the hour; `nil` where one price holds all day.
  mutating func electricityByHour(_ site: Written, _ path: String) -> HourlyProfile? {
    guard let value = site["electricity-by-hour"], !value.isNull else { return nil }
    if let other = site["electricity"] {
      fault(
        other, "\(path).electricity", "the price of energy is one for all hours or one for each, not both")
      return nil
    }
    return hours(value, "\(path).electricity-by-hour") { $0.quantity($1, .moneyPerKilowattHour) }
  }

  /// Hours after midnight at which the run starts, 0..<24.
  mutating func startHour(_ value: Written?, _ path: String) -> Double {
    guard let value, let text = value.text else { return 0 }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part in
      part.count == 2 && part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
    }
    guard parts.count == 2, numbers.count == 2, numbers[0] < 24, numbers[1] < 60 else {
      fault(value, path, "expected a time of day, found '\(text.prefix(20))'", help: "such as 08:00 or 22:30")
      return 0
    }
    return Double(numbers[0]) + Double(numbers[1]) / 60
  }

  private mutating func hours(
    _ value: Written, _ path: String, _ number: (Resolver, Written) -> Double?
  ) -> HourlyProfile? {
    let items = value.items ?? []
    let numbers = items.compactMap { number(self, $0) }
    guard items.count == HourlyProfile.hours, numbers.count == items.count else {
      fault(
        value, path,
        "expected \(HourlyProfile.hours) values, one for each hour of the day; found \(items.count)")
      return nil
    }
    return HourlyProfile(numbers)
  }

  /// Hours of whole days, one number a line; a first line that is none is a header.
  private mutating func hours(in bytes: [UInt8], of name: Written, _ path: String) -> HourlyProfile? {
    var values: [Double] = []
    var wrong: [String] = []
    for (index, line) in String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      let word = line.filter { !$0.isWhitespace }
      if word.isEmpty { continue }
      if let value = Double(word), value >= 0, value <= 10_000 {
        values.append(value)
      } else if index > 0 {
        wrong.append("\(name.text ?? ""), line \(index + 1): '\(word.prefix(40))' is no emission in g/kWh")
      }
    }
    for message in wrong.prefix(20) { fault(name, path, message) }
    guard wrong.isEmpty else { return nil }
    guard !values.isEmpty, values.count % HourlyProfile.hours == 0 else {
      fault(
        name, path,
        "expected the hours of whole days, a multiple of \(HourlyProfile.hours) lines; found \(values.count)")
      return nil
    }
    let days = Double(values.count / HourlyProfile.hours)
    return HourlyProfile(
      (0..<HourlyProfile.hours).map { hour in
        stride(from: hour, to: values.count, by: HourlyProfile.hours).reduce(0) { $0 + values[$1] } / days
      })
  }
}
