import Experiments

extension RunResults {
  /// `junit.xml`: the scenario as a suite, a threshold on a design as a test case, so that a build
  /// server shows them. It carries no times: the file depends on the run alone.
  ///
  /// - Complexity: O(thresholds × designs).
  public func junitXML() -> String {
    let failures = verdicts.filter { !$0.holds }.count
    let errors = manifest.complete ? 0 : 1
    let counts =
      "tests=\"\(verdicts.count + errors)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"0\""
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites \(counts)>\n"
    text += "  <testsuite name=\"\(xml(manifest.scenario))\" \(counts)>\n    <properties>\n"
    let properties = [
      ("run_id", manifest.runID), ("scenario_hash", manifest.scenarioHash), ("seed", String(manifest.seed)),
      ("version", manifest.version), ("catalog_hash", manifest.catalogHash),
    ]
    for (name, value) in properties {
      text += "      <property name=\"\(name)\" value=\"\(xml(value))\"/>\n"
    }
    text += "    </properties>\n"
    for verdict in verdicts {
      let place = verdict.workload.isEmpty ? verdict.design : "\(verdict.design).\(verdict.workload)"
      text += "    <testcase name=\"\(xml(verdict.threshold.text))\" classname=\"\(xml(place))\""
      if verdict.holds {
        text += "/>\n"
      } else {
        let value = verdict.value.map { FileText.number($0) } ?? "unknown"
        text += ">\n      <failure message=\"\(xml("is \(value)"))\" type=\"threshold\"/>\n    </testcase>\n"
      }
    }
    if !manifest.complete {
      let reason = xml(manifest.stoppedBy ?? "stopped before its end")
      text += "    <testcase name=\"runs to its end\" classname=\"\(xml(manifest.scenario))\">\n"
      text += "      <error message=\"\(reason)\" type=\"limit\"/>\n    </testcase>\n"
    }
    return text + "  </testsuite>\n</testsuites>\n"
  }
}

/// Text as the content of an XML 1.0 attribute; characters that XML cannot hold become U+FFFD.
private func xml(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\n": result += "&#10;"
    case "\t": result += "&#9;"
    case "\r": result += "&#13;"
    case _ where scalar.value < 0x20: result += "\u{fffd}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
