// swift-tools-version: 6.2
import PackageDescription

// Its own package, so that neither users nor tests of dryrack resolve or build what only measuring needs.
let package = Package(
  name: "dryrack-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "dryrack", path: "..")],
  targets: [
    .target(name: "CQueue", cxxSettings: [.unsafeFlags(["-O2"])]),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CQueue", .product(name: "DryRack", package: "dryrack"),
        .product(name: "DryRackOracles", package: "dryrack"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
