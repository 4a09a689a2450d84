import Arweave
import Canonical
import Cryptography
import Foundation
import Testing

/// `Vectors/arweave.json`.
struct ArweaveVectors: Decodable {
    struct Tree: Decodable {
        struct Chunk: Decodable {
            let min: Int
            let max: Int
            let offset: Int
            let data_path: Encoded
        }

        let size: Int
        let sha256: String
        let data_root: DataRoot
        let bounds: [[Int]]
        let zero_length_last_leaf: Bool
        let chunks: [Chunk]?
        let first_chunk: Chunk?
        let last_chunk: Chunk?
    }

    struct Signed: Decodable {
        let signature_data_sha384: Encoded
        let tx: JSONValue
    }

    struct DataBundle: Decodable {
        struct Item: Decodable {
            let id: TransactionID
            let bytes: Encoded
            let signature_data: Encoded?
        }

        let item: Item
        let item_no_tags: Item
    }

    struct Key: Decodable {
        let n: Encoded
    }

    let data_roots: [Tree]
    let wallet: Key
    let address: WalletAddress
    let transactions: [Signed]
    let ans104: DataBundle

    static func load() throws -> ArweaveVectors {
        let url = try #require(Bundle.module.url(forResource: "Vectors/arweave", withExtension: "json"))
        return try CanonicalJSON.decode(ArweaveVectors.self, from: [UInt8](Data(contentsOf: url)))
    }
}

/// Base64url.
struct Encoded: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        bytes = try #require(Base64URL.decode(Array(text.utf8)))
    }
}

/// The vectors' data: splitmix64 of seed 1, little-endian words.
func vectorData(_ size: Int) -> [UInt8] {
    var (state, bytes): (UInt64, [UInt8]) = (1, [])
    bytes.reserveCapacity(size + 8)
    while bytes.count < size {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        word ^= word >> 31
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(size))
}
