/// In which order a rule fills the nodes.
extension ClusterState {
  /// Nodes in the order in which a rule fills them; those beyond what the job takes may be missing.
  func order(for request: JobRequest, by rule: PlacementRule) -> [Int] {
    let nodes = (0..<nodeCount).filter { room(on: $0, request) >= max(request.perNode, 1) }
    switch rule {
    case .firstFit: return nodes
    // Shares go where devices are partly used first: no network is between them.
    case .packed where request.milli < 1000: return sortedByRoom(nodes, request, roomiestFirst: false)
    case .packed:
      var left = request.accelerators
      var order: [Int] = []
      fill(nodes, request, &left, &order)
      return order
    case .spread: return sortedByRoom(nodes, request, roomiestFirst: true)
    case .topology: return topologyOrder(nodes, request)
    }
  }

  /// Devices of a node that the job could take.
  func usable(_ node: Int, _ request: JobRequest) -> Int {
    let room = room(on: node, request)
    return request.perNode > 1 ? room / request.perNode * request.perNode : room
  }

  /// By room, then by number; a share goes where the devices are partly used first.
  private func sortedByRoom(_ nodes: [Int], _ request: JobRequest, roomiestFirst: Bool) -> [Int] {
    if request.milli < 1000 {
      return nodes.map { (key: roomiestFirst ? -Int(freeOfNode[$0]) : Int(freeOfNode[$0]), node: $0) }
        .sorted { ($0.key, $0.node) < ($1.key, $1.node) }.map(\.node)
    }
    // Few distinct counts of whole devices: counted, not compared.
    let most = nodes.reduce(0) { max($0, Int(wholeFree[$1])) }
    var starts = [Int](repeating: 0, count: most + 1)
    for node in nodes { starts[Int(wholeFree[node])] += 1 }
    var sum = 0
    for step in 0...most {
      let room = roomiestFirst ? most - step : step
      let count = starts[room]
      starts[room] = sum
      sum += count
    }
    var sorted = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      let room = Int(wholeFree[node])
      sorted[starts[room]] = node
      starts[room] += 1
    }
    return sorted
  }

  /// A node that holds the whole job if there is one: the fullest of them, in the fullest pod. Else the pod
  /// that holds it on the fewest nodes, the smallest of those; where none does, the roomiest pods in turn,
  /// the fewest that can hold it. Within a pod as `fill`.
  private func topologyOrder(_ nodes: [Int], _ request: JobRequest) -> [Int] {
    var own = [[Int]](repeating: [], count: podCount)
    var roomOfPod = [Int](repeating: 0, count: podCount)
    for node in nodes {
      roomOfPod[Int(podOfNode[node])] += usable(node, request)
      own[Int(podOfNode[node])].append(node)
    }
    let whole = nodes.filter { usable($0, request) >= request.accelerators }
    if let node = whole.min(by: { one, other in
      let (a, b) = (Int(podOfNode[one]), Int(podOfNode[other]))
      return (usable(one, request), roomOfPod[a], one) < (usable(other, request), roomOfPod[b], other)
    }) {
      return [node]
    }
    var pods = (0..<podCount).filter { roomOfPod[$0] > 0 }
    pods.sort { (roomOfPod[$1], $0) < (roomOfPod[$0], $1) }
    var left = request.accelerators
    var order: [Int] = []
    while left > 0, !pods.isEmpty {
      let holding = pods.indices.filter { roomOfPod[pods[$0]] >= left }
      let place = holding.min { one, other in
        let (a, b) = (pods[one], pods[other])
        return (nodesNeeded(own[a], left, request), roomOfPod[a], a)
          < (nodesNeeded(own[b], left, request), roomOfPod[b], b)
      }
      fill(own[pods.remove(at: place ?? 0)], request, &left, &order)
    }
    return order
  }

  private func nodesNeeded(_ nodes: [Int], _ count: Int, _ request: JobRequest) -> Int {
    var left = count
    var order: [Int] = []
    fill(nodes, request, &left, &order)
    return order.count
  }

  /// Adds the fewest of some nodes that hold what is left of a job: the roomiest, and for the rest the
  /// fullest that holds it.
  private func fill(_ nodes: [Int], _ request: JobRequest, _ left: inout Int, _ order: inout [Int]) {
    let open = sortedByRoom(nodes, request, roomiestFirst: true)
    for place in open.indices where left > 0 {
      let own = usable(open[place], request)
      guard own >= left else {
        order.append(open[place])
        left -= own
        continue
      }
      // Rooms fall along the list: the last that is enough is the tightest, and the first as tight is it.
      var last = place
      while last + 1 < open.count, usable(open[last + 1], request) >= left { last += 1 }
      let tightest = usable(open[last], request)
      let chosen = open[place...last].first { usable($0, request) == tightest } ?? open[last]
      order.append(chosen)
      left = 0
    }
  }
}
