import Catalog
import Economics
import Quantities

/// Nodes that are leased.
extension Resolver {
  mutating func leased(
    _ value: Written, _ purchase: Written, _ path: String, in pool: Written, node: Node
  ) -> Payment? {
    let place = "\(path).purchase"
    refuseWriteOff(purchase, place)
    let buysNetwork = pool["fabric"] != nil && purchase["fabric"]?.text != "included"
    if let life = purchase["life"], !life.isNull, !buysNetwork {
      notes.append("\(place).life: leased nodes go back at the end of their term: it says nothing")
    }
    let years = 5.0
    let usual = years * Calendar.monthsPerYear * Calendar.secondsPerMonth
    let networkLife =
      buysNetwork
      ? life(purchase["life"], or: usual, "\(place).life", as: "5y", in: purchase) : Seconds(usual)
    guard let lease = lease(value, purchase, place, node: node), let networkLife else { return nil }
    let written = quantity(purchase["price"], .money).map { Money($0) }
    let price = written ?? node.price
    let hasSupport = (quantity(purchase["support"], .yearlyShare) ?? 0) > 0
    if let support = purchase["support"], hasSupport, price == nil {
      fault(
        support, "\(place).support", "a share of the price, and the catalogue knows none of '\(node.name)'",
        help: "give `price`")
      return nil
    }
    noteWhatPaymentsHold(value, purchase, place, hasSupport: hasSupport)
    return .lease(LeasedNodes(lease: lease, price: price, networkLife: networkLife))
  }

  private mutating func lease(_ value: Written, _ purchase: Written, _ path: String, node: Node) -> Lease? {
    guard
      let term = life(
        value["term"], or: 3 * Calendar.monthsPerYear * Calendar.secondsPerMonth, "\(path).lease.term",
        as: "3y", in: value)
    else { return nil }
    if let payment = quantity(value["payment"], .moneyPerMonth) {
      if let rate = value["rate"] {
        fault(
          rate, "\(path).lease.rate", "`payment` says what is paid", help: "give `payment` or `rate`")
      }
      return Lease(term: term, payment: Money(payment))
    }
    guard let price = price(purchase, path, node: node) else { return nil }
    let rate =
      quantity(value["rate"], .ratio) ?? standing(0.08, at: "\(path).lease.rate", as: "8%")
    return Lease(price: price, term: term, yearlyRate: rate, residual: residual(purchase, path))
  }

  /// What only an owner has.
  private mutating func refuseWriteOff(_ purchase: Written, _ path: String) {
    for (key, why) in [
      ("financing", "nodes are leased or bought on a loan, not both"),
      ("depreciation", "leased nodes are their lessor's, who writes them off"),
      ("refresh", "leased nodes go back at the end of their term, and the next ones come"),
    ] {
      guard let written = purchase[key], !written.isNull else { continue }
      fault(written, "\(path).\(key)", why, help: "leave `\(key)` out, or `lease`")
    }
  }

  /// Templates and designs that are extended bring keys along: what says nothing is told, not refused.
  private mutating func noteWhatPaymentsHold(
    _ value: Written, _ purchase: Written, _ path: String, hasSupport: Bool
  ) {
    if value["payment"] == nil { return }
    if let residual = purchase["residual"], !residual.isNull {
      notes.append("\(path).residual: `lease.payment` says what is paid: it says nothing")
    }
    if let price = purchase["price"], !price.isNull, !hasSupport {
      notes.append(
        "\(path).price: `lease.payment` says what is paid and no support goes by it: it says nothing")
    }
  }
}
