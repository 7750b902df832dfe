/// How a continuous batch takes prompts beside sequences that decode.
public enum PromptScheduling: String, Sendable, Hashable, CaseIterable {
  /// Prompts fill what the decodes leave of a step's tokens, in chunks where they are longer (Agrawal et al.,
  /// "Sarathi-Serve", OSDI 2024), as in vLLM's v1 engine.
  case chunked
  /// Prompts run beside decodes, but join a step of other prompts only if all of them fits; one that is
  /// longer than a whole step is cut. TensorRT-LLM without chunked context.
  case whole
  /// Whoever waits goes before those who decode: steps of prompts alone, up to a step's tokens, as long as
  /// there are any (Yu et al., "Orca", OSDI 2022). SGLang without mixed chunks.
  case first
}
