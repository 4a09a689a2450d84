import Cryptography
import DNAProtocol
import Foundation
import Glibc

/// Which processes a local network has, with their arguments, ports and logs.
struct ServicePlan: Sendable {
    let signers: [ProcessSpecification]
    /// The aggregators, who lets workers in, and the gateway.
    let coordinators: [ProcessSpecification]
    let workers: [ProcessSpecification]
    let signerOrigins: [String]
    let aggregatorOrigins: [String]
    let workerOrigins: [String]
    let gatewayOrigin: String
    private let builder: Builder

    init(
        folder: NetworkFolder, options: LocalNetwork.Options, model: LocalNetwork.Served, genesis: Genesis,
        database: LocalDatabase
    ) throws {
        let count = genesis.signers.members.count
        let needed = count + options.workers + options.aggregators + 1
        var ports = FreePorts.pick(needed)
        guard ports.count == needed else { throw LocalNetworkError("no free ports on loopback") }
        func take(_ count: Int) -> [Int] {
            defer { ports.removeFirst(count) }
            return Array(ports.prefix(count))
        }
        func origins(_ ports: [Int]) -> [String] { ports.map { "https://127.0.0.1:\($0)" } }
        let (signerPorts, workerPorts) = (take(count), take(options.workers))
        let aggregatorPorts = take(options.aggregators)
        signerOrigins = origins(signerPorts)
        workerOrigins = origins(workerPorts)
        aggregatorOrigins = origins(aggregatorPorts)
        let loopback = options.host == "0.0.0.0" ? "127.0.0.1" : options.host
        let gatewayPort = options.port == 0 ? ports[0] : options.port
        gatewayOrigin = "http://\(loopback):\(gatewayPort)"

        builder = Builder(folder: folder, options: options, modelAddress: model.address)
        let peers = signerOrigins.enumerated().map { "\($0.offset + 1)=\($0.element)" }.joined(separator: ",")
        let builder = builder
        signers = signerPorts.enumerated().map { builder.signer($0.offset + 1, port: $0.element, peers: peers) }
        let aggregators = aggregatorPorts.enumerated().map {
            builder.aggregator($0.offset + 1, port: $0.element, peers: peers, database: database)
        }
        let aggregatorOrigins = aggregatorOrigins
        let invitations = try Founding(folder: folder).invitations()
        workers = workerPorts.enumerated().map {
            builder.worker($0.offset + 1, port: $0.element, aggregators: aggregatorOrigins, invitations: invitations)
        }
        let gateway = builder.gateway(port: gatewayPort, aggregators: aggregatorOrigins, database: database)
        coordinators = aggregators + [builder.administrator(["nodes", "approve", "--watch"]), gateway]
    }

    /// Where the services will be.
    var addresses: ServiceAddresses {
        ServiceAddresses(gateway: gatewayOrigin, aggregators: aggregatorOrigins, signers: signerOrigins)
    }

    /// Takes these nodes off the roster.
    func retiring(_ nodes: [Ed25519.PublicKey]) -> ProcessSpecification {
        builder.administrator(["nodes", "retire"] + nodes.map(\.hex))
    }

    /// Says that the network serves the model, by a short name, unless it was said before.
    func registering(_ alias: String) -> ProcessSpecification { builder.registration(alias) }

    private struct Builder {
        let folder: NetworkFolder
        let options: LocalNetwork.Options
        let modelAddress: String

        /// What a service takes from this process's environment: the system's variables, those of sanitizers, and the
        /// settings that a local network leaves to whoever starts it.
        private static let inherited: Set<String> = [
            "PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD", "TSAN_OPTIONS", "ASAN_OPTIONS",
            "DNA_COMMIT_TIMEOUT", "DNA_VOTE_TIMEOUT",
            "DNA_LEASE_SECONDS", "DNA_REQUEST_TIMEOUT", "DNA_REQUEST_LIFETIME",
        ]
        /// Where workers find packages and keep them, and administrators find a model that they register.
        private static let storage: Set<String> = [
            "DNA_CACHE", "XDG_CACHE_HOME", "DNA_MODEL_CACHE", "DNA_MODEL_CACHE_LIMIT", "DNA_IPFS_GATEWAY",
            "DNA_ARWEAVE_NODE", "DNA_IPFS_GATEWAY_AUTHORIZATION", "DNA_ARWEAVE_AUTHORIZATION",
        ]

        private static var storageEnvironment: [String: String] {
            ProcessInfo.processInfo.environment.filter { storage.contains($0.key) }
        }

        private func make(
            _ name: String, _ executable: String, _ arguments: [String], environment: [String: String] = [:]
        ) -> ProcessSpecification {
            var inherited = ProcessInfo.processInfo.environment.filter { Self.inherited.contains($0.key) }
            inherited.merge(environment) { $1 }
            return ProcessSpecification(
                name: name, executable: options.executables + "/" + executable,
                arguments: arguments,
                environment: inherited, logFile: folder.log(name))
        }

        private func identity(_ name: String, _ port: Int) -> [String] {
            [
                "--genesis", folder.genesis, "--roster", folder.roster, "--host", "127.0.0.1", "--port", String(port),
            ] + certificate(name)
        }

        private func certificate(_ name: String) -> [String] {
            ["--certificate", folder.certificate(of: name), "--authority", folder.authority]
        }

        private func privateKey(_ name: String) -> [String] { ["--private-key", folder.privateKey(of: name)] }

        func signer(_ number: Int, port: Int, peers: String) -> ProcessSpecification {
            let name = "signer-\(number)"
            return make(
                name, "signer",
                identity(name, port) + privateKey(name) + [
                    "--identifier", String(number), "--state", folder.signerState(number),
                    "--passphrase-file", folder.passphrase, "--identity-key", folder.signerIdentityKey(number),
                    "--encryption-key", folder.signerEncryptionKey(number), "--peers", peers,
                ])
        }

        func aggregator(_ number: Int, port: Int, peers: String, database: LocalDatabase) -> ProcessSpecification {
            let name = "consensus-aggregator-\(number)"
            return make(
                name, "consensus-aggregator",
                identity(name, port) + privateKey(name) + [
                    "--model", folder.modelListing, "--signers", peers, "--replica-name", name,
                ],
                // In the environment, because everybody on the machine can read another process's arguments.
                environment: ["DNA_DATABASE": database.aggregator])
        }

        func worker(
            _ number: Int, port: Int, aggregators: [String], invitations: [String]
        ) -> ProcessSpecification {
            // Workers that share a machine share its cores: more threads than cores would only wait for each other.
            let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            let name = "inference-worker-\(number)"
            let model = ["--model", modelAddress] + options.storage
            // The certificate is over the node's key.
            return make(
                name, "inference-worker",
                identity(name, port) + model + [
                    "--node-key", folder.nodeKey(number),
                    "--passphrase-file", folder.passphrase, "--state", folder.workerState(number), "--threads",
                    String(max(1, cores / options.workers)),
                    "--cores", "none", "--shared-weights", folder.sharedWeights,
                ] + aggregators.flatMap { ["--aggregator", $0] }
                    + some(of: invitations, for: number).flatMap { ["--invitation", $0] },
                environment: Self.storageEnvironment)
        }

        /// As many invitations as a node may show, beginning elsewhere for each worker.
        private func some(of invitations: [String], for number: Int) -> ArraySlice<String> {
            guard !invitations.isEmpty else { return [] }
            let start = (number - 1) % invitations.count
            return (invitations[start...] + invitations[..<start]).prefix(JoinRequest.Body.maximumInvitations)
        }

        /// A command of the network's administrator.
        func administrator(_ command: [String]) -> ProcessSpecification {
            make("administrator", "dna", command + ["--state", folder.path])
        }

        func registration(_ alias: String) -> ProcessSpecification {
            // A folder is of this machine alone.
            let address = options.modelAddress.flatMap { $0.contains("://") ? $0 : nil }
            let sources = address.map { ["--source", $0] } ?? []
            return administrator(
                ["model", "register", folder.modelListing, "--alias", alias, "--unless-registered"] + sources)
        }

        func gateway(port: Int, aggregators: [String], database: LocalDatabase) -> ProcessSpecification {
            make(
                "gateway", "gateway",
                ["--host", options.host, "--port", String(port), "--operations-port", "0"] + certificate("gateway")
                    + privateKey("gateway")
                    + aggregators.flatMap { ["--aggregator", $0] },
                environment: ["DNA_DATABASE": database.gateway])
        }
    }
}
