import Testing

/// The floors of `docs/architecture.md`: a target imports only from strictly lower ones.
@Suite struct FloorTests {
    static let floors: [[String]] = [
        ["CKernels", "CNGHTTP2", "COpenSSL", "CPQ", "CSodium"],
        ["Cryptography", "HTTP2", "Kernels", "Postgres", "TLS"],
        ["Canonical", "ContentAddressing", "GGUF", "HTTPTransport", "Threshold"],
        ["Arweave", "DNAProtocol", "Inference", "NodeState"],
        ["Consensus", "CoordinatorStore", "ModelPackages", "ModelStorage", "ServiceKit"],
        [
            "Administration", "AggregatorService", "GatewayService", "LocalNetwork", "ServiceArguments",
            "SignerService", "WorkerService",
        ],
        [
            "consensus-aggregator", "dna", "gateway", "http-benchmark-server", "inference-worker", "signer",
            "Simulation", "TestKit",
        ],
        ["simulate"],
    ]

    static let floorOf = Dictionary(
        uniqueKeysWithValues: floors.enumerated().flatMap { floor, names in names.map { ($0, floor) } })

    /// A C library has one owner.
    static let owners = [
        "CKernels": ["Kernels"], "CNGHTTP2": ["HTTP2"], "COpenSSL": ["Cryptography", "TLS"], "CPQ": ["Postgres"],
        "CSodium": ["Cryptography"],
    ]

    @Test func everyTargetStandsOnAFloor() throws {
        let targets = Set(try SourceTree("Sources").files.map(\.target))
        #expect(targets.count > 10)
        #expect(targets.subtracting(Self.floorOf.keys) == [])
    }

    @Test func importsGoDownwardsOnly() throws {
        for file in try SourceTree("Sources").files where file.path.hasSuffix(".swift") {
            let floor = try #require(Self.floorOf[file.target])
            for name in SourceTree.imports(of: file) {
                guard let imported = Self.floorOf[name] else { continue }
                #expect(imported < floor, "\(file.path) imports \(name)")
            }
        }
    }

    @Test func eachCLibraryHasOneImporter() throws {
        for file in try SourceTree("Sources").files where file.path.hasSuffix(".swift") {
            for name in SourceTree.imports(of: file) {
                guard let allowed = Self.owners[name] else { continue }
                #expect(allowed.contains(file.target), "\(file.path) imports \(name)")
            }
        }
    }

    /// No I/O, clock, logging or event loop in the pure targets.
    @Test func pureTargetsImportNothingFromOutside() throws {
        let pure = ["Canonical", "Consensus", "DNAProtocol", "Threshold"]
        for file in try SourceTree("Sources").files where pure.contains(file.target) {
            let foreign = SourceTree.imports(of: file).filter { Self.floorOf[$0] == nil && $0 != "Synchronization" }
            #expect(foreign == [], "\(file.path)")
        }
    }

    @Test func onlyItsExecutableImportsTheSimulation() throws {
        for file in try SourceTree("Sources").files where file.path.hasSuffix(".swift") && file.target != "simulate" {
            #expect(!SourceTree.imports(of: file).contains("Simulation"), "\(file.path)")
        }
    }

    /// Nothing a service runs may remember a signature or keep a secret in ordinary memory.
    @Test func onlyTheSimulationRehearses() throws {
        for file in try SourceTree("Sources").files where file.target != "Simulation" {
            #expect(!file.lines.contains { $0.contains("Rehearsal(") }, "\(file.path)")
        }
    }

    @Test func onlyTestsImportTheTestKit() throws {
        for file in try SourceTree("Sources").files where file.path.hasSuffix(".swift") {
            #expect(!SourceTree.imports(of: file).contains("TestKit"), "\(file.path)")
        }
    }
}
