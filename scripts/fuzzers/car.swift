import ContentAddressing

/// Reads an archive in pieces and as a whole, which must give the same blocks and the same end.
///
/// The first byte chooses: the rest is an archive as it is, or describes blocks, from which one is made. Then a hash is
/// right, and one bit of it all may be wrong.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    var input = Array(UnsafeBufferPointer(start: data, count: size))[...]
    let choice = input.popFirst() ?? 0
    let step = Int(input.popFirst() ?? 0) + 1
    if choice & 1 == 0 {
        check(Array(input), step: step, expected: nil)
    } else {
        let flip = choice & 2 == 0 ? nil : Int(input.popFirst() ?? 0) << 8 | Int(input.popFirst() ?? 0)
        let (archive, blocks) = archive(&input)
        if let flip {
            var wrong = archive
            wrong[flip / 8 % wrong.count] ^= 1 << UInt8(flip % 8)
            check(wrong, step: step, expected: nil)
        } else {
            check(archive, step: step, expected: blocks)
        }
    }
    return 0
}

/// An archive of blocks; each begins with its length and what it is.
private func archive(_ input: inout ArraySlice<UInt8>) -> (bytes: [UInt8], blocks: [Block]) {
    var blocks: [Block] = []
    while let count = input.popFirst() {
        let kind = input.popFirst() ?? 0
        let bytes = Array(input.prefix(Int(count)))
        input = input.dropFirst(Int(count))
        blocks.append(
            kind & 1 == 0
                ? Block(bytes, codec: .raw) : Block(bytes, codec: .dagPB, version: kind & 2 == 0 ? .v1 : .v0))
    }
    let roots = blocks.prefix(3).map(\.cid)
    return (CARWriter.header(roots: roots) + blocks.flatMap { CARWriter.section($0) }, blocks)
}

private struct Reading: Equatable {
    var blocks: [Block] = []
    var roots: [CID]?
    var failure: CARError?
}

private func check(_ archive: [UInt8], step: Int, expected: [Block]?) {
    let whole = read(archive, step: max(1, archive.count))
    let pieces = read(archive, step: step)
    precondition(whole == pieces, "what is read depends on how it comes")
    for block in whole.blocks {
        precondition(block.bytes.withUnsafeBytes { block.cid.names($0) }, "wrong bytes")
        precondition(block.bytes.count <= Block.byteLimit, "too large")
    }
    if let failure = whole.failure {
        precondition(!failure.description.isEmpty)
    } else {
        let roots = whole.roots ?? []
        let again = CARWriter.header(roots: roots) + whole.blocks.flatMap { CARWriter.section($0) }
        precondition(read(again, step: again.count) == whole, "what is written is not what was read")
    }
    if let expected { precondition(whole.failure == nil && whole.blocks == expected, "a right archive is refused") }
}

private func read(_ archive: [UInt8], step: Int) -> Reading {
    var (reader, reading) = (CARReader(), Reading())
    do throws(CARError) {
        for start in stride(from: 0, to: archive.count, by: step) {
            reader.receive(archive[start..<min(archive.count, start + step)])
            while let block = try reader.next() { reading.blocks.append(block) }
        }
        reading.roots = reader.roots
        try reader.finish()
    } catch {
        reading.roots = reader.roots
        reading.failure = error
    }
    return reading
}
