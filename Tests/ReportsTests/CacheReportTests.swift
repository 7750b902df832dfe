import Experiments
import Reports
import Testing

/// What reports say of prefix caches.
@Suite struct CacheReportTests {
  static func results() -> RunResults {
    var results = SampleRun.make()
    for (metric, statistic, value) in [
      ("prefix_hit_ratio", "value", 0.375), ("prefix_cache_queries", "value", 4000),
      ("prefix_cache_hits", "value", 1500), ("tier_hit_ratio", "cpu", 0.125),
    ] {
      results.rows.append(
        MetricRow(
          design: "onprem", workload: "chat", replication: nil, metric: metric, statistic: statistic,
          value: value, unit: "tokens"))
    }
    results.requests[0].cachedTokens = 96
    return results
  }

  @Test func openMetricsCarryTheNamesOfVLLM() {
    let text = Self.results().openMetrics()
    let labels = "design=\"onprem\",workload=\"chat\""
    #expect(text.contains("# TYPE vllm:prefix_cache_queries counter\n"))
    #expect(text.contains("vllm:prefix_cache_queries_total{\(labels)} 4000\n"))
    #expect(text.contains("vllm:prefix_cache_hits_total{\(labels)} 1500\n"))
    #expect(text.contains("dryrack_prefix_hit_ratio{\(labels)} 0.375\n"))
    #expect(text.contains("dryrack_tier_hit_ratio{\(labels),statistic=\"cpu\"} 0.125\n"))
  }

  /// The column stands between those of disaggregation and of adapters, and is empty where nothing is known.
  @Test func requestsCarryTheirCachedTokens() {
    let lines = Self.results().requestsCSV().split(separator: "\n")
    #expect(
      lines[0].hasSuffix(
        ",preemptions,decode_replica,kv_wait_s,kv_transfer_s,cached_tokens,adapter,adapter_wait_s"))
    #expect(lines[1].hasSuffix(",0,,,,96,,") && lines[2].hasSuffix(",0,,,,,,"))
    #expect(Self.results().requestsJSONLines().contains("\"cached_tokens\":96"))
  }

  @Test func theTableShowsWhatWasCached() {
    let text = Self.results().table(style: TextStyle(colours: false))
    #expect(text.contains("prompt tokens cached") && text.contains("in CPU memory"))
    #expect(!SampleRun.make().table(style: TextStyle(colours: false)).contains("cached"))
  }
}
