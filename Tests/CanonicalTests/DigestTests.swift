import Canonical
import Cryptography
import Testing

@Suite struct DigestTests {
    @Test func digestsContextLineFeedAndCanonicalForm() throws {
        let expected = SHA256.hash([UInt8]("dna/test/1\n{\"a\":1,\"b\":[]}".utf8))
        let value: JSONValue = .object(["b": .array([]), "a": .integer(1)])
        #expect(try Digest.of("dna/test/1", canonical: value).bytes == expected)
        #expect(try SHA256.hash(SigningInput.bytes("dna/test/1", canonical: value)) == expected)
        #expect(Digest.of("dna/test/1", []) != Digest.of("dna/test/2", []))
    }

    @Test func readsLowerCaseHexadecimalOfTheRightLengthOnly() {
        let hex = String(repeating: "0a", count: 32)
        #expect(Digest(hex: hex)?.hex == hex)
        #expect(Digest(hex: hex.uppercased()) == nil)
        #expect(Digest(hex: String(hex.dropLast(2))) == nil)
        #expect(Hexadecimal.decode("abc") == nil)
        #expect(Hexadecimal.decode("0g") == nil)
        #expect(Hexadecimal.decode("00ff10") == [0, 255, 16])
    }

    @Test func ordersAsByteStrings() throws {
        let small = try #require(Digest(bytes: [0, 255] + [UInt8](repeating: 255, count: 30)))
        let large = try #require(Digest(bytes: [1] + [UInt8](repeating: 0, count: 31)))
        #expect(small < large)
        #expect(!(large < small))
    }
}

@Suite struct MerkleTreeTests {
    // RFC 6962 test data of the certificate-transparency project: leaves and the roots of their prefixes.
    private static let leaves: [[UInt8]] = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ].map { Hexadecimal.decode($0)! }

    private static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test(arguments: 0...8)
    func hasTheRootsOfRFC6962(count: Int) {
        #expect(MerkleTree(leaves: Array(Self.leaves.prefix(count))).root.hex == Self.roots[count])
    }

    @Test(arguments: 1...20)
    func provesEachLeafAndNothingElse(count: Int) throws {
        let leaves = (0..<count).map { [UInt8(truncatingIfNeeded: $0), 7] }
        let tree = MerkleTree(leaves: leaves)
        for index in 0..<count {
            let proof = tree.proof(of: index)
            func verifies(_ leaf: [UInt8], _ index: Int, _ count: Int, _ proof: [Digest]) -> Bool {
                MerkleTree.verify(leaf: leaf, index: index, count: count, proof: proof, root: tree.root)
            }
            #expect(verifies(leaves[index], index, count, proof))
            #expect(!verifies([9, 9], index, count, proof))
            #expect(!verifies(leaves[index], count, count, proof))
            #expect(!verifies(leaves[index], -1, count, proof))
            #expect(!verifies(leaves[index], index, count, proof + [tree.root]))
            if count > 1 {
                #expect(!verifies(leaves[index], (index + 1) % count, count, proof))
                #expect(!verifies(leaves[index], index, count, Array(proof.dropLast())))
                let wrong = [Digest.ofRaw([1])] + proof.dropFirst()
                #expect(!verifies(leaves[index], index, count, wrong))
            }
        }
    }

    @Test func verifiesNoProofOfATreeTooLargeToBe() {
        let leaf: [UInt8] = [1]
        let root = MerkleTree.leafHash(leaf)
        #expect(MerkleTree.verify(leaf: leaf, index: 0, count: 1, proof: [], root: root))
        #expect(!MerkleTree.verify(leaf: leaf, index: 0, count: .max, proof: [], root: root))
        #expect(
            !MerkleTree.verify(
                leaf: leaf, index: .max - 1, count: .max, proof: Array(repeating: root, count: 63), root: root))
        #expect(!MerkleTree.verify(leaf: leaf, index: .min, count: .max, proof: [], root: root))
        #expect(!MerkleTree.verify(leaf: leaf, index: 0, count: .min, proof: [], root: root))
    }
}
