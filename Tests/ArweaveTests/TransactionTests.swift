import Arweave
import Canonical
import Cryptography
import Testing

/// Making a key takes longer than everything that is done with it.
let testWallet = Result { Wallet(try RSAPSS.SigningKey(bits: 2_048)) }

func testTransaction(
    of data: [UInt8], tags: [TransactionTag] = [TransactionTag("Content-Type", "application/octet-stream")]
) throws -> Transaction {
    let wallet = try testWallet.get()
    return try TransactionBody(
        storing: DataTree(of: data).root, size: data.count, tags: tags, reward: Winston(1_000),
        anchor: [UInt8](repeating: 7, count: 48), owner: wallet.publicKey
    ).signed(by: wallet)
}

@Suite struct TransactionTests {
    @Test func referenceTransactionsVerify() throws {
        let vectors = try ArweaveVectors.load()
        #expect(WalletAddress(owner: vectors.wallet.n.bytes) == vectors.address)
        #expect(vectors.transactions.count == 2)
        for vector in vectors.transactions {
            let text = try CanonicalJSON.encode(vector.tx)
            let transaction = try Transaction(json: text)
            #expect(transaction.body.signatureData == vector.signature_data_sha384.bytes)
            #expect(transaction.body.owner == vectors.wallet.n.bytes)
            #expect(transaction.address == vectors.address)
            #expect(transaction.tag("Content-Type") == "application/octet-stream")
            #expect(throws: Never.self) { try transaction.verify(as: transaction.id) }
            let root = try #require(transaction.body.dataRoot)
            #expect(try DataTree(of: vectorData(transaction.body.dataSize)).root == root)
        }
    }

    @Test func theJSONIsTheReferences() throws {
        for vector in try ArweaveVectors.load().transactions {
            guard case .object(var members) = vector.tx else { return #expect(Bool(false)) }
            members["data_tree"] = .array([])
            let transaction = try Transaction(json: CanonicalJSON.encode(vector.tx))
            #expect(transaction.json() == (try CanonicalJSON.encode(.object(members))))
        }
    }

    /// ANS-104 items are signed over a deep hash of other fields.
    @Test func deepHashesOfReferenceItemsAreTheReferences() throws {
        let vectors = try ArweaveVectors.load().ans104
        for item in [vectors.item, vectors.item_no_tags] {
            let bytes = item.bytes.bytes
            let signature = Array(bytes[2..<514])
            let owner = Array(bytes[514..<1_026])
            var position = 1_026
            func optional() -> [UInt8] {
                defer { position += bytes[position] == 1 ? 33 : 1 }
                return bytes[position] == 1 ? Array(bytes[position + 1..<position + 33]) : []
            }
            let (target, anchor) = (optional(), optional())
            let tagBytes = bytes[position + 8..<position + 16].reversed().reduce(0) { $0 << 8 | Int($1) }
            let tags = Array(bytes[position + 16..<position + 16 + tagBytes])
            let digest = DeepHash.list([
                .text("dataitem"), .text("1"), .text("1"), .blob(owner), .blob(target), .blob(anchor), .blob(tags),
                .blob(Array(bytes[(position + 16 + tagBytes)...])),
            ]).digest
            if let expected = item.signature_data { #expect(digest == expected.bytes) }
            #expect(TransactionID(bytes: SHA256.hash(signature)) == item.id)
            #expect(try RSAPSS.PublicKey(modulus: owner).verifies(signature, of: digest))
        }
    }

    @Test func whatIsSignedIsReadBackAndVerifies() throws {
        let data = vectorData(300_000)
        let transaction = try testTransaction(of: data)
        let copy = try Transaction(json: transaction.json(data: data))
        #expect(copy == transaction)
        #expect(throws: Never.self) { try copy.verify(as: transaction.id) }
        #expect(copy.body.dataSize == 300_000)
        #expect(copy.body.reward == Winston(1_000))
    }

    @Test func anyAlteredFieldFails() throws {
        let transaction = try testTransaction(of: [1, 2, 3])
        let text = String(decoding: transaction.json(), as: UTF8.self)
        let alterations = [
            (#""reward":"1000""#, #""reward":"1001""#), (#""data_size":"3""#, #""data_size":"4""#),
            (#""quantity":"0""#, #""quantity":"1""#), (#""last_tx":"Bw"#, #""last_tx":"Aw"#),
            (#""name":"Q29"#, #""name":"Q28"#),
        ]
        for (original, altered) in alterations {
            let changed = text.replacing(original, with: altered)
            #expect(changed != text)
            let copy = try Transaction(json: Array(changed.utf8))
            #expect(throws: ArweaveError.wrongSignature(transaction.id)) { try copy.verify(as: transaction.id) }
        }
        let other = try testTransaction(of: [1, 2])
        #expect(throws: ArweaveError.otherTransaction(expected: transaction.id, actual: other.id)) {
            try other.verify(as: transaction.id)
        }
        let relabelled = text.replacing(transaction.id.description, with: other.id.description)
        #expect(throws: ArweaveError.otherTransaction(expected: other.id, actual: transaction.id)) {
            try Transaction(json: Array(relabelled.utf8))
        }
    }

    @Test(arguments: [
        (#""format":2"#, #""format":1"#), (#""reward":"1000""#, #""reward":"01000""#),
        (#""reward":"1000""#, #""reward":1000"#), (#""quantity":"0""#, #""quantity":"-1""#),
        (#""data_size":"3""#, #""data_size":"99999999999999999999""#), (#""target":"""#, #""target":"AAAA""#),
        (#""last_tx":"Bw"#, #""last_tx":"B="#), (#""data_root":""#, #""data_root":"AAAA"#),
        (#""format":2,"#, ""),
    ])
    func malformedTransactionsAreRefused(original: String, altered: String) throws {
        let text = String(decoding: try testTransaction(of: [1, 2, 3]).json(), as: UTF8.self)
        let changed = text.replacing(original, with: altered)
        #expect(changed != text)
        #expect {
            try Transaction(json: Array(changed.utf8))
        } throws: { error in
            if case .malformedTransaction? = error as? ArweaveError { true } else { false }
        }
    }

    @Test func tagsBeyondTheLimitAreRefused() throws {
        let limit = [TransactionTag("n", String(repeating: "v", count: TransactionTag.byteLimit - 1))]
        #expect(throws: Never.self) { try testTransaction(of: [1], tags: limit) }
        #expect(throws: ArweaveError.tagsTooLarge(bytes: 2_050, limit: 2_048)) {
            try testTransaction(of: [1], tags: limit + [TransactionTag("a", "b")])
        }
    }

    @Test func amountsAreReadAndWrittenAsDigits() throws {
        #expect(Winston("0") == .zero)
        #expect(Winston("66000000000000000000000")?.description == "66000000000000000000000")
        #expect(Winston("66000000000000000000000")?.inAR == "66000000000.000000000000 AR")
        #expect(Winston(123_456_789).inAR == "0.000123456789 AR")
        #expect(Winston(1) + Winston(2) == Winston(3))
        #expect(Winston(2) < Winston(10))
        for text in ["", "00", "01", "+1", "-1", "1.0", " 1", "1e3", String(repeating: "9", count: 31)] {
            #expect(Winston(text) == nil)
        }
    }
}
