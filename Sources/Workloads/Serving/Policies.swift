import Kernel

/// How a replica forms its batches.
public enum Batching: Sendable, Hashable {
  /// vLLM-like: requests join and leave at every step, prompts are prefilled in chunks beside the decodes.
  case continuous
  /// A fixed batch: starts when `size` requests wait or the oldest has waited `timeout`; prompts are
  /// padded to
  /// the longest, and every slot is held until the longest answer ends.
  case fixed(size: Int, timeout: Ticks)
  /// Triton-like: starts when `size` requests wait or the oldest has waited `window`; nobody joins a
  /// running batch, but finished sequences leave it.
  case dynamicWindow(size: Int, window: Ticks)
}

/// In which order a continuous batch takes what waits. Ties go first come, first served.
public enum QueueOrder: String, Sendable, Hashable, CaseIterable {
  /// First come, first served; whoever is preempted goes first.
  case arrival = "fcfs"
  /// Lower ranks first, as vLLM's priority scheduling: when KV blocks run out, the running sequence of the
  /// highest rank that arrived last gives way.
  case priority
  /// Shorter prompts first: the one length that is known when a request arrives. Over a mean it waits least
  /// (Smith, "Various Optimizers for Single-Stage Production", 1956), at the expense of the longest.
  case shortestFirst = "shortest-first"
}

/// How requests are spread over replicas.
public enum RouterKind: String, Sendable, Hashable, CaseIterable {
  case roundRobin = "round-robin"
  /// Fewest requests queued or running; ties go to the lowest index.
  case leastLoaded = "least-loaded"
  /// The less loaded of two replicas drawn at random (Mitzenmacher, "The Power of Two Choices", 2001).
  case powerOfTwo = "power-of-two"
}
