import Arweave
import Cryptography
import Foundation
import Testing

private func secret(_ text: String) -> SecretBytes {
    Array(text.utf8).withUnsafeBytes { SecretBytes(copying: $0) }
}

private func text(of wallet: Wallet) throws -> String {
    try wallet.jwk().withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

@Suite struct WalletTests {
    @Test func aWalletComesBackFromItsFile() throws {
        let wallet = try testWallet.get()
        let path = NSTemporaryDirectory() + "wallet-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try wallet.write(to: path)
        #expect(try Wallet(path: path).address == wallet.address)
        // A file may hold money.
        #expect(throws: ArweaveError.self) { try wallet.write(to: path) }
        #expect(chmod(path, 0o644) == 0)
        #expect(throws: ArweaveError.looseWallet(path: path)) { try Wallet(path: path) }
    }

    @Test func membersThatOtherToolsWriteAreSkipped() throws {
        let wallet = try testWallet.get()
        let more = "{ \"ext\" : true,\n\t\"key_ops\":[\"sign\", \"verify\"], \"alg\":\"PS256\", \"kid\":\"\", "
        let written = try text(of: wallet).replacing("{", with: more)
        #expect(try Wallet(jwk: secret(written)).address == wallet.address)
    }

    @Test(arguments: [
        (#""kty":"RSA""#, #""kty":"EC""#), (#""kty":"RSA","#, ""), (#""e":"AQAB""#, #""e":"Aw""#),
        (#""e":"AQAB""#, #""e":"AQA=""#), (#""e":"AQAB","#, ""), (#""d":""#, #""x":""#), (#""d":""#, #""d":"\u0041"#),
        (#"{"#, "[{"), (#""}"#, #""},"#), (#""}"#, #"","kty":"RSA"}"#), (#""}"#, #"""#), (#""n":""#, #""n":"AAAB"#),
        (#""qi":""#, #""qi":null,"x":""#),
    ])
    func whatIsNoWalletIsRefused(original: String, altered: String) throws {
        let written = try text(of: testWallet.get())
        let changed = written.replacing(original, with: altered)
        #expect(changed != written)
        #expect {
            try Wallet(jwk: secret(changed))
        } throws: { error in
            guard case .malformedWallet? = error as? ArweaveError else { return false }
            // Whatever is wrong, nothing of the key is said.
            return !"\(error)".contains(written.dropFirst(200).prefix(20))
        }
    }

    @Test func neitherTruncationNorEmptinessCrashes() throws {
        let written = try text(of: testWallet.get())
        for count in stride(from: 0, to: written.count - 2, by: 7) {
            #expect(throws: ArweaveError.self) { try Wallet(jwk: secret(String(written.prefix(count)))) }
        }
    }
}
