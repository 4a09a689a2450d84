/// The sizes that all layers of a packed model share.
struct PackedSizes {
    let heads: HeadSizes
    /// Length of a network's inner vector.
    let feedForward: Int
    /// Networks of a layer, if a router chooses among them.
    let experts: Int?
    /// Networks that a row passes in a layer.
    let networksPerRow: Int

    /// Query heads, of those that share a key/value head, that attention treats together.
    var headsInItem: Int {
        (1...Workspace.queriesInTile).last { heads.group.isMultiple(of: $0) } ?? 1
    }

    /// Throws when layers differ.
    init(_ layers: [Layer<PackedTensors>]) throws(ModelError) {
        let sizes = layers.map(Self.init)
        guard let first = sizes.first, sizes.allSatisfy({ $0.equals(first) }) else {
            throw .unsupportedFeature("layers of different sizes")
        }
        guard first.networksPerRow * first.feedForward <= Self.innerLimit else {
            throw .unsupportedFeature(
                "\(first.networksPerRow) experts of inner length \(first.feedForward) for each position")
        }
        self = first
    }

    /// Inner elements of a position in all its networks; every row of a batch takes 13 bytes for each.
    private static let innerLimit = 1 << 19

    private init(_ layer: Layer<PackedTensors>) {
        heads = layer.attention.heads
        switch layer.feedForward.network {
        case .gated(let network): (feedForward, experts, networksPerRow) = (network.length, nil, 1)
        case .experts(let all):
            (feedForward, experts, networksPerRow) = (all.networks[0].length, all.networks.count, all.used)
        }
    }

    private func equals(_ other: Self) -> Bool {
        heads == other.heads && feedForward == other.feedForward && experts == other.experts
            && networksPerRow == other.networksPerRow
    }
}
