import ArgumentParser
import Arweave
import Cryptography

/// `dna wallet …`.
struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Make and look at the wallets that pay for storage on Arweave.",
        subcommands: [New.self, Address.self])

    /// `dna wallet new FILE`.
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Make a wallet and print its address.",
            discussion: """
                The file is a JSON Web Key, not encrypted, that only you can read; it is never written over. Whoever has \
                it has its money. Send money to the address before you push.
                """)

        @Argument(help: "The new file.") var file: String

        func run() async throws {
            let wallet = Wallet(try RSAPSS.SigningKey(bits: Wallet.bits))
            try wallet.write(to: file)
            Console.output(wallet.address.description)
        }
    }

    /// `dna wallet address FILE`.
    struct Address: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "address", abstract: "Print a wallet's address.")

        @Argument(help: "A wallet's file.") var file: String

        func run() async throws { Console.output(try Wallet(path: file).address.description) }
    }
}
