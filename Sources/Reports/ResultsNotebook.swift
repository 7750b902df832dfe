import Experiments

/// What is drawn from results: a notebook that needs pandas and Matplotlib alone, and a Vega-Lite spec.
public struct ResultsNotebook: Sendable {
  /// What lies where, seen from the folder of the notebook.
  public struct Places: Sendable {
    /// The tidy table.
    public var metrics: String
    /// Of a run's folder; `nil` where there is none.
    public var series: String?
    public var costs: String?

    public init(metrics: String, series: String? = nil, costs: String? = nil) {
      self.metrics = metrics
      self.series = series
      self.costs = costs
    }
  }

  /// Heading of the notebook.
  public var title: String
  public var places: Places
  public var set: ResultSet

  public init(title: String, places: Places, set: ResultSet) {
    self.title = title
    self.places = places
    self.set = set
  }

  /// Point columns whose values are several numbers, with their units, the one with most values first.
  var numericParameters: [String] {
    let counted = set.pointColumns.enumerated().compactMap { index, column -> (String, Int)? in
      let values = Set(set.rows.map { $0.point[index] }.filter { !$0.isEmpty })
      let isNumeric = values.allSatisfy { Self.leadingNumber($0) != nil }
      return isNumeric && values.count > 1 && column != "message_bytes" ? (column, values.count) : nil
    }
    return counted.enumerated().sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map(\.element.0)
  }

  /// `2` of `2/s`.
  static func leadingNumber(_ text: String) -> Double? {
    Double(text.prefix { "+-.0123456789".contains($0) })
  }

  /// The statistic of a latency that decides, with the metric it is of: that of services, else of training.
  var decider: (metric: String, statistic: String) {
    let isServing = set.rows.contains { $0.metric == "ttft_s" }
    let isTraining = set.rows.contains { $0.metric == "time_to_train_s" }
    return isServing || !isTraining ? ("ttft_s", "p99") : ("time_to_train_s", "mean")
  }

  /// The notebook's text.
  ///
  /// - Complexity: O(rows).
  public func notebook() -> String {
    let parameters = numericParameters
    let isSweep = set.pointColumns.contains { $0 != "message_bytes" }
    var notebook = Notebook()
    notebook.addText("question", NotebookText.question(title, isSweep: isSweep))
    notebook.addCode("load", NotebookText.load(places, parameter: parameters.first))
    notebook.addText("table-words", NotebookText.tableWords(isSweep: isSweep))
    notebook.addCode("table", NotebookText.table)
    if parameters.isEmpty {
      notebook.addText("latency-words", NotebookText.latencyWords)
      notebook.addCode("latency", NotebookText.latency)
    } else {
      notebook.addText("load-curves-words", NotebookText.curvesWords)
      notebook.addCode("load-curves", NotebookText.curves)
    }
    notebook.addText("frontier-words", NotebookText.frontierWords)
    notebook.addCode("frontier", NotebookText.frontier(decider.metric, decider.statistic))
    if places.costs != nil {
      notebook.addText("costs-words", NotebookText.costsWords)
      notebook.addCode("costs", NotebookText.costs)
    }
    if places.series != nil {
      notebook.addText("series-words", NotebookText.seriesWords)
      notebook.addCode("series", NotebookText.series)
    }
    return notebook.json()
  }
}
