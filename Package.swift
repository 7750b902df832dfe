// swift-tools-version: 6.2
import PackageDescription

// One-way layers: a target may import only what stands above it in this list.
// `Tests/TidyTests` reads the sources and fails on an import that climbs back up.
let package = Package(
  name: "dryrack",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "dryrack", targets: ["Command"]),
    .executable(name: "fidelity", targets: ["Fidelity"]),
    .library(name: "DryRack", targets: ["DryRack"]),
    .library(name: "DryRackTesting", targets: ["DryRackTesting"]),
    // The slow, obvious versions of the fast algorithms: the bar in `Tests/` and `Benchmarks/`.
    .library(name: "DryRackOracles", targets: ["Oracles"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CGSL", pkgConfig: "gsl", providers: [.apt(["libgsl-dev"]), .brew(["gsl"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "CCatalogData", exclude: ["data"]),
    .target(name: "CScenarioTemplates"),

    .target(name: "Quantities"),
    .target(name: "Kernel"),
    .target(name: "Statistics", dependencies: ["Kernel", "CGSL"]),
    .target(name: "Catalog", dependencies: ["Quantities", "CCatalogData"]),
    .target(name: "Infrastructure", dependencies: ["Quantities", "Kernel", "Statistics", "Catalog"]),
    .target(
      name: "Workloads",
      dependencies: ["Quantities", "Kernel", "Statistics", "Catalog", "Infrastructure", "CZlib"]),
    .target(name: "Economics", dependencies: ["Quantities", "Catalog"]),
    .target(
      name: "Scenario",
      dependencies: [
        "Quantities", "Kernel", "Statistics", "Catalog", "Infrastructure", "Workloads", "Economics",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "World",
      dependencies: [
        "Quantities", "Kernel", "Statistics", "Catalog", "Infrastructure", "Workloads", "Economics",
        "Scenario",
      ]),
    .target(
      name: "Experiments",
      dependencies: [
        "Quantities", "Kernel", "Statistics", "Catalog", "Infrastructure", "Workloads", "Economics",
        "Scenario", "World",
      ]),
    .target(name: "Reports", dependencies: ["Statistics", "Scenario", "World", "Experiments"]),
    .target(
      name: "DryRack",
      dependencies: [
        "Quantities", "Kernel", "Statistics", "Catalog", "Infrastructure", "Workloads", "Economics",
        "Scenario", "World", "Experiments", "Reports",
      ]),
    .target(name: "DryRackTesting", dependencies: ["DryRack"]),
    .executableTarget(name: "Fidelity", dependencies: ["DryRack"]),
    .executableTarget(
      name: "Command",
      dependencies: [
        "DryRack", "CScenarioTemplates",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .target(
      name: "Oracles",
      dependencies: ["Kernel", "Quantities", "Statistics", "Economics", "Infrastructure", "Workloads"],
      path: "Tests/Oracles"),

    // What tests of several targets share; it imports nothing of the package.
    .target(name: "TestSupport", path: "Tests/Support"),

    .testTarget(name: "KernelTests", dependencies: ["Kernel", "Statistics", "Oracles", "TestSupport"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics", "CGSL"]),
    .testTarget(name: "CatalogTests", dependencies: ["Catalog", "Quantities"]),
    .testTarget(
      name: "InfrastructureTests",
      dependencies: [
        "Infrastructure", "Kernel", "Quantities", "Statistics", "Catalog", "Workloads", "Oracles",
        "TestSupport",
      ]),
    .testTarget(
      name: "WorkloadsTests",
      dependencies: ["Workloads", "Oracles", "Catalog", "Quantities", "Statistics", "CGSL", "TestSupport"]),
    .testTarget(name: "EconomicsTests", dependencies: ["Economics", "Quantities", "Oracles", "TestSupport"]),
    .testTarget(
      name: "ScenarioTests",
      dependencies: ["Scenario", "Kernel", "Quantities", "Infrastructure", "Workloads"]),
    .testTarget(name: "WorldTests", dependencies: ["DryRack", "Oracles", "TestSupport"]),
    .testTarget(
      name: "ExperimentsTests", dependencies: ["DryRack", "DryRackTesting", "Oracles", "TestSupport"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports"]),
    .testTarget(name: "CommandTests", dependencies: ["Command", "DryRack"]),
    .testTarget(name: "FuzzTests", dependencies: ["DryRack"]),
    .testTarget(name: "TidyTests"),
    .testTarget(name: "CapacityExampleTests", dependencies: ["DryRackTesting"]),
  ],
  swiftLanguageModes: [.v6]
)
