import Quantities

/// Days as benchmark clients write them, as `YYYY-MM-DD`.
enum CivilDate {
  /// `20251031-142233`, and whatever else begins with eight digits.
  static func compact(_ text: String) -> String? {
    let digits = Array(text.utf8.prefix(8))
    guard digits.count == 8, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
    return valid("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))")
  }

  /// `2025-10-31T14:22:33Z`, and whatever else begins with such a day.
  static func leading(_ text: String) -> String? { valid(String(text.prefix(10))) }

  /// The day in UTC of a time in seconds since 1970.
  ///
  /// Days to the civil calendar after Hinnant, "chrono-compatible low-level date algorithms".
  static func day(secondsSince1970 seconds: Double) -> String? {
    guard seconds >= 946_684_800, seconds < 7_258_118_400 else { return nil }
    let days = Int(seconds / 86_400) + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(padded(month))-\(padded(day))"
  }

  private static func valid(_ text: String) -> String? { CalendarDay.isValid(text) ? text : nil }
}
