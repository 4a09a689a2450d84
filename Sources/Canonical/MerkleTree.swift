import Cryptography

/// The Merkle tree of RFC 6962, section 2.1, over SHA-256.
public struct MerkleTree: Sendable {
    /// levels[0] are the leaves' hashes; each further level is half as long, an odd last node moving up unchanged,
    /// which gives the same tree as RFC 6962's split at the largest power of two.
    private let levels: [[Digest]]

    /// Hashes all leaves.
    public init(leaves: [[UInt8]]) {
        self.init(leafHashes: leaves.map(Self.leafHash))
    }

    /// Builds on leaves that were hashed before with ``leafHash(_:)``.
    public init(leafHashes: [Digest]) {
        var levels = [leafHashes]
        while let level = levels.last, level.count > 1 {
            levels.append(Self.parents(of: level))
        }
        self.levels = levels
    }

    /// The number of leaves.
    public var count: Int { levels[0].count }

    /// The tree's root; for no leaves, SHA-256 of nothing.
    public var root: Digest { levels.last?.first ?? Digest.ofRaw([]) }

    /// The siblings from the leaf upwards (RFC 6962, 2.1.1).
    public func proof(of index: Int) -> [Digest] {
        precondition(levels[0].indices.contains(index), "no such leaf")
        var proof: [Digest] = []
        var position = index
        for level in levels.dropLast() {
            let sibling = position ^ 1
            if sibling < level.count { proof.append(level[sibling]) }
            position >>= 1
        }
        return proof
    }

    /// Whether `proof` shows that `leaf` is number `index` of the `count` leaves under `root`. A proof that is too
    /// long or too short is refused.
    public static func verify(leaf: [UInt8], index: Int, count: Int, proof: [Digest], root: Digest) -> Bool {
        guard index >= 0, index < count else { return false }
        var node = leafHash(leaf)
        var position = index
        var width = count
        var siblings = proof[...]
        while width > 1 {
            // The last node of an odd level has no sibling and moves up unchanged.
            if position ^ 1 < width {
                guard let sibling = siblings.popFirst() else { return false }
                node = position & 1 == 1 ? nodeHash(sibling, node) : nodeHash(node, sibling)
            }
            position >>= 1
            width = width / 2 + width % 2  // whatever `count` is, this cannot overflow
        }
        return siblings.isEmpty && node == root
    }

    /// SHA-256(0x00 ‖ leaf).
    public static func leafHash(_ leaf: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update([0x00])
        hash.update(leaf)
        return Digest(hash)
    }

    private static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        var hash = SHA256()
        hash.update([0x01] + left.bytes + right.bytes)
        return Digest(hash)
    }

    private static func parents(of level: [Digest]) -> [Digest] {
        stride(from: 0, to: level.count, by: 2).map { index in
            index + 1 < level.count ? nodeHash(level[index], level[index + 1]) : level[index]
        }
    }
}
