import Infrastructure
import Testing

@Suite("Collectives")
struct CollectiveGroupTests {
  @Test("bus factors are those of nccl-tests")
  func busFactors() {
    #expect(CollectiveOperation.allReduce.busFactor(ranks: 8) == 1.75)
    #expect(CollectiveOperation.allGather.busFactor(ranks: 8) == 0.875)
    #expect(CollectiveOperation.broadcast.busFactor(ranks: 8) == 1)
    #expect(CollectiveOperation.allReduce.busFactor(ranks: 1) == 0)
  }

  @Test("a group inside one domain leaves none")
  func domains() {
    #expect(!CollectiveGroup(ranks: 8, ranksPerDomain: 8).crossesDomains)
    #expect(CollectiveGroup(ranks: 16, ranksPerDomain: 8).crossesDomains)
  }
}
