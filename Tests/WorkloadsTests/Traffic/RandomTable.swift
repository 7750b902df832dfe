import Kernel
import Workloads

/// Tables of requests with everything that tables come with: odd numbers, quotes, cut lines, stray bytes.
enum RandomTable {
  static func make(_ seed: UInt64) -> ([UInt8], TraceFormat) {
    var stream = RandomStream(seed: seed, replication: 0, entity: "test", purpose: "tables")
    func draw(_ bound: Int) -> Int { Int(stream.below(UInt32(bound))) }
    func pick(_ list: [String]) -> String { list[draw(list.count)] }
    let format = [TraceFormat.azure, .burstgpt, .vidur][draw(3)]
    let header = [
      .azure: "TIMESTAMP,ContextTokens,GeneratedTokens",
      .burstgpt: "Timestamp,Request tokens,Response tokens",
      .vidur: "arrived_at,num_prefill_tokens,num_decode_tokens",
    ][format, default: ""]
    let isWild = draw(3) == 0
    func number() -> String {
      switch draw(isWild ? 12 : 4) {
      case 0: "\(draw(10)).\(draw(1_000_000))"
      case 1, 2: "\(draw(5_000))"
      case 3: "00\(draw(50)).50"
      default:
        pick([
          "", ".", "-", "1e3", "0x1p3", "+7", "nan", "inf", "1_000", "12.", ".5", "9999999999999999999999",
          "0.1234567890123456789", "1e-400", "１２", "10000000", "10000000.1", "5 5", "-0",
        ])
      }
    }
    func time() -> String {
      guard format == .azure else { return number() }
      let plain =
        "20\(10 + draw(30))-0\(1 + draw(9))-\(10 + draw(19)) 1\(draw(10)):\(10 + draw(50)):\(10 + draw(50))"
      switch draw(isWild ? 10 : 3) {
      case 0: return plain
      case 1, 2: return plain + ".\(draw(10_000_000))"
      default:
        return pick([
          plain + ".", plain + ".5Z", plain.replacing(" ", with: "T"), "2023-1-2 3:4:5",
          "2023-02-31 10:10:60",
          "2023-00-10 10:10:10", "1969-01-01 00:00:00", "2023-11-16  18:15:46", "2023-11-16 18:15:4６", "x",
          "",
          "2200-12-31 23:59:59.99999999", "2023-11-16 24:00:00", "2023--11-16 18:15:46", "2023-11-16 18:15",
        ])
      }
    }
    var text = header + pick(["\n", "\r\n"])
    for _ in 0..<draw(40) {
      let cells = [time(), number(), number()].map { draw(8) == 0 ? " \"\($0)\" " : $0 }
      text += cells.joined(separator: ",") + pick(["\n", "\n", "\r\n", ",extra\n", "\n\n"])
    }
    var bytes = Array(text.utf8)
    if isWild, !bytes.isEmpty {
      for _ in 0..<draw(6) { bytes[draw(bytes.count)] = UInt8(draw(256)) }
      if draw(2) == 0 { bytes.removeLast(min(bytes.count, draw(30))) }
    }
    return (bytes, format)
  }
}
