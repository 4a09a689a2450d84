import Glibc

/// Gives a file or folder on disk its identifier.
///
/// Links to files are read as the files; links to folders are refused. Names that begin with a dot are left out, as
/// `ipfs add` does, unless ``includesHidden`` is set.
public struct Importer: Sendable {
    /// How files become blocks.
    public let profile: ImportProfile
    /// Whether names that begin with a dot are taken as well.
    public var includesHidden = false
    /// How many pieces are hashed at once.
    public var workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    /// Told how many more bytes have been hashed, from any thread.
    public var progress: @Sendable (Int) -> Void = { _ in }

    /// An importer under a profile.
    public init(_ profile: ImportProfile = .unixfsV1_2025) {
        self.profile = profile
    }

    private struct Result {
        var files: [ImportedFile] = []
        var directories: [Block] = []
        var entries = 0
    }

    /// Reads everything once. Throws ``ImportError``.
    public func add(_ path: String) async throws -> ImportedDAG {
        var result = Result()
        // The argument itself may be a link to a folder.
        var status = stat()
        guard stat(path, &status) == 0 else { throw ImportError.unreadable(path: path, reason: lastError()) }
        let root =
            status.st_mode & S_IFMT == S_IFDIR
            ? try await addFolder(path, "", 0, &result) : try await addFile(path, "", &result)
        return ImportedDAG(profile: profile, root: root, files: result.files, directories: result.directories)
    }

    /// Bytes of all files under a path, before any is read.
    public func size(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw ImportError.unreadable(path: path, reason: lastError()) }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try FileSource(path).size }
        var entries = 0
        return try size(ofFolder: path, 0, &entries)
    }

    private func size(ofFolder folder: String, _ depth: Int, _ entries: inout Int) throws -> Int {
        guard depth <= DAGLimits.standard.depth else { throw ImportError.tooMany(path: folder) }
        var total = 0
        for name in try FolderListing.names(in: folder, hidden: includesHidden) {
            entries += 1
            guard entries <= DAGLimits.standard.entries else { throw ImportError.tooMany(path: folder) }
            let path = folder + "/" + name
            total +=
                try FolderListing.isFolder(path)
                ? try size(ofFolder: path, depth + 1, &entries) : try FileSource(path).size
        }
        return total
    }

    private func addFile(_ location: String, _ path: String, _ result: inout Result) async throws -> TreeLink {
        let source = try FileSource(location)
        let hashing = LeafHashing(profile: profile, workers: workers, progress: progress)
        let leaves = try await hashing.leaves(of: source)
        var tree = FileTree(profile)
        for leaf in leaves { tree.append(leaf) }
        let root = tree.finish()
        result.files.append(
            ImportedFile(path: path, source: source, leaves: leaves.map(\.cid), nodes: tree.nodes, root: root))
        return root
    }

    private func addFolder(
        _ location: String, _ path: String, _ depth: Int, _ result: inout Result
    ) async throws -> TreeLink {
        guard depth <= DAGLimits.standard.depth else { throw ImportError.tooMany(path: location) }
        var links: [DAGLink] = []
        var fileBytes: UInt64 = 0
        for name in try FolderListing.names(in: location, hidden: includesHidden) {
            result.entries += 1
            guard result.entries <= DAGLimits.standard.entries else { throw ImportError.tooMany(path: location) }
            let inside = location + "/" + name
            let below = path.isEmpty ? name : path + "/" + name
            let link =
                try FolderListing.isFolder(inside)
                ? try await addFolder(inside, below, depth + 1, &result) : try await addFile(inside, below, &result)
            links.append(DAGLink(link.cid, name: name, totalSize: link.totalSize))
            fileBytes += link.fileBytes
        }
        let block = Block(
            DAGNode(links: links, data: UnixFSData.directory.encode()).encode(), codec: .dagPB,
            version: profile.version)
        guard block.bytes.count <= ImportedDAG.directoryByteLimit else {
            throw ImportError.directoryTooLarge(path: location)
        }
        result.directories.append(block)
        let total = links.reduce(UInt64(block.bytes.count)) { $0 + $1.totalSize }
        return TreeLink(block.cid, fileBytes: fileBytes, totalSize: total)
    }
}
