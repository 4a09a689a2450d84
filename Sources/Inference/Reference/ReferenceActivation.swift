/// A vector that enters matrix products: the floats, and 32 at a time quantized to 8 bits.
package struct ReferenceActivation {
    package struct Block {
        package var codes: [Int]
        package var scale: Float
    }

    package let floats: [Float]
    package let blocks: [Block]

    /// Nil when a value is not finite.
    package init?(_ x: [Float]) {
        guard x.allSatisfy(\.isFinite) else { return nil }
        floats = x
        blocks = stride(from: 0, to: x.count, by: 32).map { Self.quantize(x[$0..<$0 + 32]) }
    }

    private static func quantize(_ x: ArraySlice<Float>) -> Block {
        let largest = x.reduce(0) { max($0, $1.magnitude) }
        guard largest >= 0x1p-100 else { return Block(codes: Array(repeating: 0, count: 32), scale: 0) }
        let scale = largest / 127
        return Block(codes: x.map { Int(($0 / scale).rounded(.toNearestOrEven)) }, scale: scale)
    }
}
