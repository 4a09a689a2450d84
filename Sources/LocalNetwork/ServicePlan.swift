import DNAProtocol
import Foundation
import Glibc

/// Which processes a local network has, with their arguments, ports and logs.
struct ServicePlan: Sendable {
    let signers: [ProcessSpecification]
    /// The aggregator, the workers and the gateway, in the order they start.
    let others: [ProcessSpecification]
    let signerOrigins: [String]
    let aggregatorOrigin: String
    let workerOrigins: [String]
    let gatewayOrigin: String

    init(
        folder: NetworkFolder, options: LocalNetwork.Options, genesis: Genesis, database: LocalDatabase
    ) throws {
        let count = genesis.signers.members.count
        let needed = count + options.workers + 2
        let ports = FreePorts.pick(needed)
        guard ports.count == needed else { throw LocalNetworkError("no free ports on loopback") }
        let origins = ports.map { "http://127.0.0.1:\($0)" }
        signerOrigins = Array(origins[..<count])
        workerOrigins = Array(origins[count..<count + options.workers])
        aggregatorOrigin = origins[count + options.workers]
        let loopback = options.host == "0.0.0.0" ? "127.0.0.1" : options.host
        let gatewayPort = options.port == 0 ? ports[needed - 1] : options.port
        gatewayOrigin = "http://\(loopback):\(gatewayPort)"

        let builder = Builder(folder: folder, options: options)
        let peers = signerOrigins.enumerated().map { "\($0.offset + 1)=\($0.element)" }.joined(separator: ",")
        signers = (0..<count).map { builder.signer($0 + 1, port: ports[$0], peers: peers) }
        let aggregator = builder.aggregator(port: ports[needed - 2], peers: peers, database: database)
        let origin = aggregatorOrigin
        let workers = (0..<options.workers).map {
            builder.worker($0 + 1, port: ports[count + $0], aggregator: origin)
        }
        others = [aggregator] + workers + [builder.gateway(port: gatewayPort, aggregator: origin, database: database)]
    }

    private struct Builder {
        let folder: NetworkFolder
        let options: LocalNetwork.Options

        private func make(
            _ name: String, _ executable: String, _ arguments: [String], environment: [String: String] = [:]
        ) -> ProcessSpecification {
            var inherited = ProcessInfo.processInfo.environment.filter {
                ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].contains($0.key)
            }
            inherited.merge(environment) { $1 }
            return ProcessSpecification(
                name: name, executable: options.executables + "/" + executable, arguments: arguments,
                environment: inherited, logFile: folder.log(name))
        }

        private func identity(_ port: Int) -> [String] {
            ["--genesis", folder.genesis, "--roster", folder.roster, "--host", "127.0.0.1", "--port", String(port)]
        }

        func signer(_ number: Int, port: Int, peers: String) -> ProcessSpecification {
            make(
                "signer-\(number)", "signer",
                identity(port) + [
                    "--identifier", String(number), "--state", folder.signerState(number),
                    "--passphrase-file", folder.passphrase, "--identity-key", folder.signerIdentityKey(number),
                    "--encryption-key", folder.signerEncryptionKey(number), "--peers", peers,
                ])
        }

        func aggregator(port: Int, peers: String, database: LocalDatabase) -> ProcessSpecification {
            make(
                "consensus-aggregator", "consensus-aggregator",
                identity(port) + ["--model", folder.model, "--signers", peers],
                // In the environment, because everybody on the machine can read another process's arguments.
                environment: ["DNA_DATABASE": database.aggregator])
        }

        func worker(_ number: Int, port: Int, aggregator: String) -> ProcessSpecification {
            // Workers that share a machine share its cores: more threads than cores would only wait for each other.
            let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            return make(
                "inference-worker-\(number)", "inference-worker",
                identity(port) + [
                    "--model", folder.model, "--node-key", folder.nodeKey(number),
                    "--passphrase-file", folder.passphrase, "--aggregator", aggregator,
                    "--state", folder.workerState(number), "--threads", String(max(1, cores / options.workers)),
                    "--cores", "none",
                ])
        }

        func gateway(port: Int, aggregator: String, database: LocalDatabase) -> ProcessSpecification {
            make(
                "gateway", "gateway",
                ["--aggregator", aggregator, "--host", options.host, "--port", String(port)],
                environment: ["DNA_DATABASE": database.gateway])
        }
    }
}
