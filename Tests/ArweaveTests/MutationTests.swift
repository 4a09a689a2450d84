import Arweave
import Cryptography
import Testing

/// Readers of what strangers write: whatever comes, they refuse it or read what it says.
@Suite struct MutationTests {
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    /// Changes, drops, doubles or inserts a few bytes.
    private func mutations(of original: [UInt8], count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = SplitMix(state: seed)
        return (0..<count).map { _ in
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.removeSubrange(place..<min(place + 5, bytes.count))
                case 2: bytes.insert(contentsOf: bytes[place..<min(place + 9, bytes.count)], at: place)
                default: bytes.insert(UInt8.random(in: 0x20..<0x7F, using: &generator), at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            return bytes
        }
    }

    @Test func noMutationOfATransactionVerifiesAsAnother() throws {
        let transaction = try testTransaction(of: [1, 2, 3])
        for bytes in mutations(of: transaction.json(), count: 3_000, seed: 1) {
            guard let read = try? Transaction(json: bytes) else { continue }
            if (try? read.verify(as: transaction.id)) != nil { #expect(read == transaction) }
        }
    }

    @Test func whatIsReadOfAMutatedManifestIsSound() throws {
        let id = TransactionID(bytes: [UInt8](repeating: 1, count: 32))!  // 32 bytes
        let manifest = try PathManifest(files: ["manifest.json": id, "weights/a.gguf": id], index: "manifest.json")
        var readable = 0
        for bytes in mutations(of: manifest.json(), count: 3_000, seed: 2) {
            guard let read = try? PathManifest(json: bytes) else { continue }
            readable += 1
            #expect(try PathManifest(json: read.json()) == read)
            for path in read.files.keys {
                #expect(!path.hasPrefix("/") && !path.split(separator: "/").contains(".."))
            }
        }
        #expect(readable > 0)
    }

    @Test func noMutationOfAProofProvesAnotherChunk() throws {
        let data = vectorData(1_048_577)
        let tree = try DataTree(of: data)
        for bytes in mutations(of: tree.path(1), count: 3_000, seed: 3) {
            let proven = ProvenChunk(path: bytes, root: tree.root, size: data.count, offset: 300_000)
            if let proven { #expect(proven.range == tree.plan.range(1) && bytes == tree.path(1)) }
        }
    }

    @Test func mutatedWalletsAreReadOrRefused() throws {
        let wallet = try testWallet.get()
        let text = try wallet.jwk().withUnsafeBytes { [UInt8]($0) }
        for bytes in mutations(of: text, count: 300, seed: 4) {
            let secret = bytes.withUnsafeBytes { SecretBytes(copying: $0) }
            if let read = try? Wallet(jwk: secret) { #expect(read.address == wallet.address) }
        }
    }
}
