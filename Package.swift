// swift-tools-version:6.2
import PackageDescription

// Targets stand on floors and import only from strictly lower ones; `TidyTests` keeps it so.

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [arguments], swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOExtras", package: "swift-nio-extras"),
]
let http1: [Target.Dependency] = [
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
]
let vectors: [Resource] = [.copy("Vectors")]

let service: [Target.Dependency] = [
    "Canonical", "Cryptography", "DNAProtocol", "HTTPTransport", "ServiceKit", httpTypes, hummingbird, lifecycle,
    logging, metrics,
]

let package = Package(
    name: "dna-layer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 0: C
        system("CNGHTTP2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
        system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        system("CPQ", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
        .target(name: "CKernels", cSettings: [.treatAllWarnings(as: .error)]),

        // Floor 1: one owner for each C library
        library("Cryptography", ["COpenSSL", "CSodium"]),
        library("HTTP2", ["CNGHTTP2"]),
        library("Kernels", ["CKernels"]),
        library("Postgres", ["CPQ"]),
        library("TLS", ["COpenSSL"]),

        // Floor 2
        library("Canonical", ["Cryptography"]),
        library("ContentAddressing", ["Cryptography"]),
        library("GGUF", []),
        library("HTTPTransport", ["HTTP2", "TLS", httpTypes, logging] + nio + http1),
        library("Threshold", ["Cryptography"]),

        // Floor 3
        library("Arweave", ["Canonical", "Cryptography"]),
        library("DNAProtocol", ["Canonical", "ContentAddressing", "Cryptography"]),
        library("Inference", ["Canonical", "Cryptography", "GGUF", "Kernels", collections]),
        library("NodeState", ["Canonical", "Cryptography"]),

        // Floor 4
        library("Consensus", ["Canonical", "Cryptography", "DNAProtocol", "Threshold"]),
        library("CoordinatorStore", ["Canonical", "Cryptography", "DNAProtocol", "Postgres", logging]),
        library(
            "ModelPackages", ["Canonical", "ContentAddressing", "Cryptography", "DNAProtocol", "GGUF", "Inference"]),
        library(
            "ModelStorage",
            [
                "Arweave", "Canonical", "ContentAddressing", "Cryptography", "DNAProtocol", "HTTPTransport",
                "NodeState", httpTypes,
            ] + nio),
        library(
            "ServiceKit",
            ["Canonical", "HTTPTransport", "TLS", httpTypes, hummingbird, lifecycle, logging, metrics] + nio + http1),

        // Floor 5: the services, and what runs and tests them together
        library(
            "AggregatorService", service + ["Consensus", "CoordinatorStore", "NodeState", "Postgres", "Threshold"]),
        library("Administration", ["Consensus", "Cryptography", "DNAProtocol", "NodeState", "ServiceKit"]),
        library("GatewayService", service + ["CoordinatorStore", "Postgres"]),
        library("SignerService", service + ["Consensus", "NodeState", "TLS", "Threshold"] + nio),
        library(
            "WorkerService",
            service + [
                "Consensus", "ContentAddressing", "Inference", "Kernels", "ModelPackages", "ModelStorage", "NodeState",
            ]),
        library(
            "LocalNetwork",
            [
                "CoordinatorStore", "Cryptography", "DNAProtocol", "GGUF", "HTTPTransport", "Inference",
                "ModelPackages", "ModelStorage", "NodeState", "Postgres", "ServiceKit", "TLS", logging,
            ]),

        library(
            "ServiceArguments", ["HTTPTransport", "ModelStorage", "ServiceKit", "TLS", arguments, httpTypes, logging]),

        // Floor 6: what several test targets share
        library(
            "TestKit",
            [
                "Canonical", "Consensus", "CoordinatorStore", "Cryptography", "DNAProtocol", "LocalNetwork",
                "ModelPackages", "Postgres", "ServiceKit", hummingbird, logging,
            ] + nio),

        // Floor 6: all of the protocol in one thread, for tests and `simulate`
        library(
            "Simulation",
            [
                "AggregatorService", "Canonical", "Consensus", "Cryptography", "DNAProtocol", "NodeState",
                "SignerService", "Threshold", "WorkerService",
            ]),

        // Floor 7
        executable("simulate", ["Simulation"]),

        // Floor 6: options → service → run
        executable(
            "gateway",
            [
                "Cryptography", "GatewayService", "HTTPTransport", "Postgres", "ServiceArguments", "ServiceKit",
                lifecycle,
                logging,
            ]),
        executable(
            "inference-worker",
            [
                "Cryptography", "DNAProtocol", "HTTPTransport", "Inference", "Kernels", "ModelStorage",
                "ServiceArguments",
                "ServiceKit", "TLS", "WorkerService", lifecycle, logging,
            ]),
        executable(
            "consensus-aggregator",
            ["AggregatorService", "Cryptography", "Postgres", "ServiceArguments", "ServiceKit", lifecycle, logging]),
        executable("signer", ["Cryptography", "ServiceArguments", "ServiceKit", "SignerService", lifecycle, logging]),
        executable(
            "dna",
            [
                "Administration", "Arweave", "Canonical", "Consensus", "ContentAddressing", "CoordinatorStore",
                "Cryptography",
                "DNAProtocol", "GGUF", "HTTPTransport", "Inference", "Kernels", "LocalNetwork", "ModelPackages",
                "ModelStorage", "NodeState", "Postgres", "ServiceArguments", "ServiceKit", "TLS", "WorkerService",
                httpTypes, logging,
            ]),
        executable("http-benchmark-server", ["ServiceKit", hummingbird, lifecycle, logging] + nio),

        // Tests
        tests(
            "AggregatorServiceTests",
            service + [
                "Administration", "AggregatorService", "Consensus", "CoordinatorStore", "LocalNetwork", "NodeState",
                "Postgres", "SignerService", "TLS", "TestKit", "Threshold",
            ] + nio),
        tests("ArweaveTests", ["Arweave", "Canonical", "Cryptography"], resources: vectors),
        tests("CanonicalTests", ["Canonical", "Cryptography"]),
        tests(
            "ConsensusTests", ["Canonical", "Consensus", "Cryptography", "DNAProtocol", "TestKit"], resources: vectors),
        tests("ContentAddressingTests", ["ContentAddressing", "Cryptography"], resources: vectors),
        tests(
            "CoordinatorStoreTests",
            [
                "Canonical", "Consensus", "CoordinatorStore", "Cryptography", "DNAProtocol", "LocalNetwork",
                "Postgres", "TestKit",
            ]),
        tests("CryptographyTests", ["Cryptography"]),
        tests(
            "DNAProtocolTests", ["Canonical", "ContentAddressing", "Cryptography", "DNAProtocol", "TestKit"],
            resources: vectors),
        tests(
            "EndToEndTests",
            [
                "AggregatorService", "Canonical", "Consensus", "Cryptography", "DNAProtocol", "GatewayService",
                "HTTPTransport", "Inference", "LocalNetwork", "ModelPackages", "ModelStorage", "NodeState",
                "ServiceKit", "SignerService", "TestKit", "WorkerService", logging,
            ] + nio),
        tests("GGUFTests", ["GGUF"]),
        tests(
            "GatewayServiceTests",
            service + ["CoordinatorStore", "GatewayService", "LocalNetwork", "Postgres", "TestKit"] + nio),
        tests("HTTP2Tests", ["HTTP2"]),
        tests("HTTPTransportTests", ["HTTP2", "HTTPTransport", "TLS", httpTypes, logging] + nio),
        tests("InferenceTests", ["Canonical", "Cryptography", "GGUF", "Inference", "Kernels"], resources: vectors),
        tests("KernelsTests", ["Kernels"]),
        tests("LocalNetworkTests", ["Cryptography", "DNAProtocol", "LocalNetwork", "NodeState", "Postgres", "TLS"]),
        tests(
            "ModelPackagesTests",
            ["Canonical", "ContentAddressing", "Cryptography", "DNAProtocol", "ModelPackages", "TestKit"]),
        tests(
            "ModelStorageTests",
            [
                "Arweave", "Canonical", "ContentAddressing", "Cryptography", "DNAProtocol", "HTTPTransport",
                "ModelStorage", httpTypes, hummingbird,
            ] + nio + http1),
        tests("NodeStateTests", ["Canonical", "Cryptography", "NodeState"]),
        tests("PostgresTests", ["LocalNetwork", "Postgres", "TestKit"]),
        tests(
            "ServiceKitTests",
            [
                "HTTPTransport", "ServiceArguments", "ServiceKit", "TLS", "TestKit", httpTypes, hummingbird, lifecycle,
                logging, metrics,
            ] + nio),
        tests(
            "SignerServiceTests",
            service + ["Consensus", "NodeState", "SignerService", "TLS", "TestKit", "Threshold"] + nio),
        tests("TLSTests", ["TLS"]),
        tests("SimulationTests", ["Simulation", "TestKit"]),
        tests("ThresholdTests", ["Cryptography", "Threshold"], resources: vectors),
        tests("TidyTests", []),
        tests(
            "WorkerServiceTests",
            service + [
                "Consensus", "ContentAddressing", "Inference", "ModelPackages", "ModelStorage", "TestKit",
                "WorkerService",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
