import TestSupport

/// One exact answer of queueing theory: a system, its parameters, a quantity and its value.
struct QueueRow: Sendable {
  let system: String
  let parameters: String
  let quantity: String
  let value: Double

  /// The systems that the models of this folder simulate.
  static let systems = [
    "M/M/1", "M/M/c", "M/D/1", "M/G/1", "M/M/c/K", "M/M/1-PS", "M/G/1-PS", "M/M/c-PS",
    "M/M/1 2-prio preemptive-resume", "M/M/1 2-prio non-preemptive", "Closed MVA", "Machine repair",
  ]

  /// False for probabilities within 1e-4 of 0 or 1: a test cannot afford the customers to see so rare an
  /// event.
  var isTestable: Bool {
    let isProbability = quantity.hasPrefix("P") || quantity.hasPrefix("U") || quantity == "ErlangB"
    return !isProbability || (value > 1e-4 && value < 1 - 1e-4)
  }

  /// The number after `name=` in the parameters.
  func number(_ name: String) -> Double? {
    for part in parameters.split(separator: ";") where part.hasPrefix("\(name)=") {
      return Double(part.dropFirst(name.count + 1).prefix { $0.isNumber || $0 == "." })
    }
    return nil
  }

  /// What stands after the first `=` of the part that starts with `name`, up to the end of the line.
  func text(after name: String) -> String {
    guard let range = parameters.range(of: "\(name)=") else { return "" }
    return String(parameters[range.upperBound...])
  }

  /// The rows about queues in a table of `case, parameters, quantity, value, formula`.
  static func queues(in rows: [[String]]) -> [QueueRow] {
    rows.compactMap { cells in
      guard cells.count == 5, systems.contains(cells[0]), let value = Double(cells[3]) else { return nil }
      return QueueRow(system: cells[0], parameters: cells[1], quantity: cells[2], value: value)
    }
  }

  /// For checkouts without the shared table: a row or two of each system, by its formula.
  static let few = queues(
    in: SharedData.rows(
      in: """
        M/M/1,lambda=0.8;mu=1,Wq,4.0,rho/(mu-lam)
        M/M/1,lambda=0.8;mu=1,P_n_ge_10,0.1073741824,rho^10
        M/M/c,c=8;lambda=6.4;mu=1,ErlangC_Pwait,0.45764492544201613,B/(1-rho(1-B))
        M/M/c,c=8;lambda=6.4;mu=1,Wq,0.28602807840126008,C/(c*mu-lam)
        M/D/1,lambda=0.8;D=1,Wq,2.0,rho*D/(2(1-rho))
        M/G/1,lambda=0.7;S=uniform(0,2),Wq,1.5555555555555556,lam*E[S^2]/(2(1-rho))
        M/M/c/K,c=1;K=10;lambda=0.9;mu=1,P_block,0.050813731327412389,birth-death
        M/M/1-PS,lambda=0.5;mu=1,W_sojourn,2.0,E[S]/(1-rho)
        M/G/1-PS,lambda=0.5;mu=1,W|size=4,8.0,x/(1-rho)
        M/M/c-PS,c=8;lambda=6.4;mu=1,W_sojourn,1.2860280784012601,1/mu + C/(c mu - lam)
        M/M/1 2-prio preemptive-resume,lambda1=0.3;lambda2=0.5;mu1=1;mu2=1,W2_sojourn,7.1428571428571429,
        M/M/1 2-prio non-preemptive,lambda1=0.3;lambda2=0.5;mu1=1;mu2=1,Wq2,5.7142857142857143,
        Closed MVA,D=0.05/0.08/0.03;Z=1;N=10,X_throughput,7.8133323612315402,exact MVA
        Machine repair,N=8;MTBF=100;MTTR=5;1 crew,P(all up),0.62697965888325236,birth-death
        """))
}
