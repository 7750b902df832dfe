import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// What one run of a job did to one store of its design.
public struct StoreVolume: Sendable, Hashable {
  public enum Purpose: Sendable, Hashable { case samples, checkpoints }

  /// Objects of one size that stayed for so long before they were replaced, or until the job ended.
  public struct Stay: Sendable, Hashable {
    public var count: Double
    /// Of each.
    public var bytes: Bytes
    public var span: Seconds
  }

  /// Index in the design's `storage`.
  public var store: Int
  public var purpose: Purpose
  public var bytesRead = Bytes.zero
  /// Requests that read, and that write.
  public var reads = 0.0
  public var bytesWritten = Bytes.zero
  public var writes = 0.0
  public var stays: [Stay] = []
  /// Whether what is read was paid for on its way to the job's site already (`stage-in`).
  public var isStaged = false

  public init(store: Int, purpose: Purpose) {
    self.store = store
    self.purpose = purpose
  }
}

extension CheckpointSettings {
  /// Requests that a checkpoint of a job on so many accelerators is written or read in.
  func parts(accelerators: Int) -> Double { Double(accelerators) * Double(streams) }
}

extension JobState {
  /// Counts a start that reads a checkpoint from afar: before the first one is safe there is none.
  mutating func countRestore(after what: World.Beginning, _ settings: CheckpointSettings) {
    guard settings.storage != nil, progress.checkpointsPersisted > 0 else { return }
    switch what {
    case .firstStart: break
    case .lostProgram: if settings.local == nil { restores += 1 }
    case .lostNode: restores += 1
    }
  }
}

extension JobModel {
  /// What it read and wrote until now, steps that were undone and read again included.
  ///
  /// - A read of samples is a request for a sample or, where `samples-per-file` says so, for a file. What a
  ///   cache answers asks nothing of the store. Data that is moved to the job's site first is read once.
  /// - Checkpoints go in a request for each of an accelerator's `streams`. They are taken to be evenly
  ///   spaced; broken-off ones are left out.
  func storeVolumes(_ progress: JobProgress, restores: Int64, design: Design) -> [StoreVolume] {
    var volumes: [StoreVolume] = []
    if let data = workload.data, let store = job.dataStorage, design.storage.indices.contains(store) {
      var volume = StoreVolume(store: store, purpose: .samples)
      var samples = data.samplesPerStep * Double(progress.step + progress.stepsUndone) * missedShare
      let place = design.use(ofStore: store)?.siteIndex
      if let stageIn = job.stageIn, let place, design.links[stageIn.link].from == place {
        samples = stageIn.bytes.value / max(1, data.bytesPerSample.value)
        volume.isStaged = true
      }
      volume.bytesRead = data.bytesPerSample * samples
      volume.reads = samples / (data.samplesPerFile ?? 1)
      volumes.append(volume)
    }
    let settings = job.checkpoints
    let count = progress.checkpointsPersisted
    if let store = settings.storage, count > 0 {
      var volume = StoreVolume(store: store, purpose: .checkpoints)
      let parts = settings.parts(accelerators: accelerators)
      volume.bytesWritten = job.checkpointBytes * Double(count)
      volume.writes = parts * Double(count)
      volume.bytesRead = job.checkpointBytes * Double(restores)
      volume.reads = parts * Double(restores)
      volume.stays = stays(of: count, kept: settings.kept, over: progress.time.total)
      volumes.append(volume)
    }
    return volumes
  }

  /// Each of `count` evenly spaced checkpoints stays until the `kept`-th after it is safe, or the job's end.
  private func stays(of count: Int64, kept: Int, over span: Ticks) -> [StoreVolume.Stay] {
    let between = span.seconds / Double(count)
    let kept = min(Int64(kept), count)
    let size = job.checkpointBytes
    var stays = (0..<kept).map {
      StoreVolume.Stay(count: 1, bytes: size, span: Seconds(Double($0) * between))
    }
    if count > kept {
      stays.append(
        StoreVolume.Stay(count: Double(count - kept), bytes: size, span: Seconds(Double(kept) * between)))
    }
    return stays
  }
}
