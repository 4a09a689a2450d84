import ArgumentParser
import Canonical
import Cryptography
import NodeState

/// `dna keys …`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "API keys of a gateway's clients, and keys of model constructors.",
        subcommands: [New.self, Author.self])

    /// `dna keys author`.
    struct Author: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "author",
            abstract: "Make the key that signs your model packages, sealed with a passphrase, and print its public key."
        )

        @Argument(help: "The key's new file.") var file: String
        @Option(help: "A file with the passphrase, closed to others (DNA_PASSPHRASE_FILE).") var passphraseFile: String?

        func run() async throws {
            let key = try KeyFile.createSigningKey(
                .author, path: file, passphrase: try AuthorKey.passphrase(passphraseFile))
            Console.output(key.publicKey.hex)
        }
    }

    /// `dna keys new`.
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Make an API key, and its entry for the gateway's file.",
            discussion: """
                Prints the key, for its holder, and then the entry for the list "keys" in the file that the gateway's \
                --api-keys names. The entry holds the key's SHA-256 only. The key is shown this once.
                """)

        @Option(help: "Whose key it is.") var name: String
        @Option(help: "Requests in a minute.") var requestsPerMinute: Int?
        @Option(help: "Questions that may be open at once.") var openRequests: Int?
        @Option(help: "The most tokens of one answer.") var maximumTokens: Int?
        @Option(help: "The largest committee.") var maximumCommittee: Int?

        func run() async throws {
            let key = "dna-" + Hexadecimal.encode(SystemRandom.bytes(count: 32))
            let digest = Hexadecimal.encode(SHA256.hash(Array(key.utf8)))
            var entry: [String: JSONValue] = ["name": .string(name), "sha256": .string(digest)]
            let limits = [
                ("requests_per_minute", requestsPerMinute), ("open_requests", openRequests),
                ("maximum_tokens", maximumTokens), ("maximum_committee", maximumCommittee),
            ]
            for case (let field, let limit?) in limits { entry[field] = .integer(Int64(limit)) }
            Console.output(key)
            Console.output(String(decoding: try CanonicalJSON.encode(JSONValue.object(entry)), as: UTF8.self))
        }
    }
}
