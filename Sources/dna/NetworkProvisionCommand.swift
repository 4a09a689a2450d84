import ArgumentParser
import DNAProtocol
import Foundation
import LocalNetwork

extension NetworkCommand {
    /// `dna network provision`.
    struct Provision: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "provision",
            abstract: "Found a network of separate services, with a folder for each.",
            discussion: """
                Writes FOLDER/network, which everybody may read; FOLDER/invitations, by which workers come onto the \
                roster; and FOLDER/administrator, FOLDER/signer-1 … with the secrets and the certificate of one party \
                each. Where a network has been founded already, certificates that are past two thirds of their life \
                are issued again, and nothing else changes.
                """)

        @Option(help: "Folder to write to.") var to: String
        @Option(help: "The network's name.") var name = "network"
        @Option(help: "How many operators.") var operators = 3
        @Option(help: "How many signers.") var signers = 4
        @Option(help: "How many signers make a signature; more than half.") var threshold = 3

        func validate() throws {
            guard (1...64).contains(operators) else { throw ValidationError("--operators must be 1 to 64") }
            guard (2...Genesis.maximumSigners).contains(signers) else {
                throw ValidationError("--signers must be 2 to \(Genesis.maximumSigners)")
            }
        }

        func run() async throws {
            let folders = ServiceFolders(path: to)
            let provisioning = Provisioning(folders: folders)
            if folders.isFounded {
                let renewed = try provisioning.renewCertificates()
                return Console.note(
                    "a network is there already; certificates issued again: \(renewed.isEmpty ? "none" : "")"
                        + renewed.joined(separator: ", "))
            }
            var options = Founding.Options()
            options.name = name
            options.operators = operators
            options.signers = signers
            options.threshold = threshold
            let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
            let genesis = try provisioning.found(options, createdAt: now)
            Console.output("network \(try genesis.networkID())")
        }
    }
}
