import ContentAddressing

/// Reads a node as it is, and walks a DAG that the input describes: there hashes are right, and everything else may be a
/// lie.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    var input = Input(bytes: Array(UnsafeBufferPointer(start: data, count: size))[...])
    if input.byte() & 1 == 0 {
        checkNode(Array(input.bytes))
    } else {
        walk(&input)
    }
    return 0
}

private struct Input {
    var bytes: ArraySlice<UInt8>

    /// Zero at the end.
    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// Small, or as large as can be.
    mutating func number() -> UInt64 {
        let byte = UInt64(byte())
        return byte < 200 ? byte : UInt64(self.byte()) << ((byte - 200) % 57)
    }
}

private func checkNode(_ bytes: [UInt8]) {
    do {
        let node = try DAGNode(decoding: bytes)
        let sameNode = try DAGNode(decoding: node.encode())
        precondition(sameNode == node, "another node")
        let data = try UnixFSData(decoding: node.data)
        let sameData = try UnixFSData(decoding: data.encode())
        precondition(sameData == data, "another message")
    } catch {
        precondition(!"\(error)".isEmpty)
    }
}

/// What a walk may hold here; the test's own memory is little.
private let limits = {
    var limits = DAGLimits()
    limits.depth = 6
    limits.entries = 60
    limits.nodes = 80
    limits.nodeBytes = 64 << 10
    limits.pathBytes = 200
    limits.leaves = 120
    limits.bytes = 1 << 20
    return limits
}()

private func walk(_ input: inout Input) {
    let blocks = blocks(&input)
    guard let root = blocks.last else { return }
    var known: [CID: Block] = [:]
    for block in blocks { known[block.cid] = block }
    var walk = DAGWalk(root.cid, limits: limits)
    var supplied = 0
    do {
        while let cid = walk.next() {
            guard let block = known[cid] else { return }
            supplied += 1
            precondition(supplied <= limits.nodes, "more nodes than are allowed")
            try walk.supply(block)
        }
    } catch {
        precondition(!"\(error)".isEmpty)
        return
    }
    precondition(walk.isComplete, "nothing is wanted, and it is not complete")
    check(walk)
}

private func check(_ walk: DAGWalk) {
    let files = walk.finish()
    precondition(files.count + walk.folders.count <= limits.entries)
    var (leaves, bytes): (Int, UInt64) = (0, 0)
    var paths: Set<String> = []
    for file in files {
        precondition(paths.insert(file.path).inserted, "a path twice")
        precondition(file.path.utf8.count <= limits.pathBytes)
        let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
        precondition(file.path.isEmpty || parts.allSatisfy { !["", ".", ".."].contains($0) }, "a path that leaves")
        var offset: UInt64 = 0
        for leaf in file.leaves {
            precondition(leaf.offset == offset, "a gap, or bytes twice")
            precondition(leaf.size >= 0 && leaf.size <= Block.byteLimit)
            offset += UInt64(leaf.size)
        }
        precondition(offset == file.size, "a file that is not as large as its leaves")
        leaves += file.leaves.count
        bytes += file.size
    }
    precondition(leaves <= limits.leaves && bytes <= limits.bytes)
}

/// Blocks, of which each may link to those before it.
private func blocks(_ input: inout Input) -> [Block] {
    var blocks: [(block: Block, fileBytes: UInt64, totalSize: UInt64)] = []
    while !input.bytes.isEmpty, blocks.count < 64 {
        let shape = input.byte()
        if shape & 7 == 0 {
            let bytes = input.bytes(Int(input.byte()))
            blocks.append((Block(bytes, codec: .raw), UInt64(bytes.count), UInt64(bytes.count)))
            continue
        }
        let lies = shape & 8 != 0
        var node = DAGNode(links: [], data: [])
        var (sizes, fileBytes, below): ([UInt64], UInt64, UInt64) = ([], 0, 0)
        for _ in 0..<(blocks.isEmpty ? 0 : input.byte() % 12) {
            let child = blocks[blocks.count - 1 - Int(input.byte()) % blocks.count]
            let isFolder = shape & 7 == 1
            let name = isFolder ? String(decoding: input.bytes(Int(input.byte() % 6)), as: UTF8.self) : ""
            let totalSize = lies ? input.number() : child.totalSize
            node.links.append(DAGLink(child.block.cid, name: name, totalSize: totalSize))
            sizes.append(lies ? input.number() : child.fileBytes)
            fileBytes &+= child.fileBytes
            below &+= totalSize
        }
        var data = UnixFSData.directory
        if shape & 7 > 1 {
            data.kind = shape & 16 == 0 ? .file : .raw
            data.content = node.links.isEmpty || lies ? input.bytes(Int(input.byte())) : []
            data.blockSizes = sizes
            fileBytes &+= UInt64(data.content.count)
            data.fileSize = lies ? input.number() : fileBytes
        }
        node.data = data.encode()
        let block = Block(node.encode(), codec: .dagPB)
        blocks.append((block, fileBytes, below &+ UInt64(block.bytes.count)))
    }
    return blocks.map(\.block)
}
