import Catalog
import Quantities
import Workloads

/// How a deployment drafts tokens and checks them.
public struct Speculation: Sendable {
  /// Where drafts come from.
  public enum Draft: Sendable {
    /// A smaller model beside the large one, in the same format on the same accelerators.
    case model(ModelShape)
    /// Each drafted token takes this share of a decoding step, 0...1.
    case share(Double)
  }
  public var settings: SpeculationSettings
  public var draft: Draft

  public init(settings: SpeculationSettings, draft: Draft) {
    self.settings = settings
    self.draft = draft
  }

  /// The model that drafts, where one does.
  public var draftModel: ModelShape? {
    if case .model(let shape) = draft { shape } else { nil }
  }
}

/// What is paid once before a service runs, such as the training of a smaller model.
public struct OneOffCost: Sendable, Hashable {
  public var name: String
  public var cost: Money
  /// Accelerator-hours, where it was given as those; else 0.
  public var acceleratorHours: Double

  public init(name: String, cost: Money, acceleratorHours: Double = 0) {
    self.name = name
    self.cost = cost
    self.acceleratorHours = acceleratorHours
  }
}
