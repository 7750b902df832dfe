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
