import Glibc

/// What is in a folder on disk.
enum FolderListing {
    /// Names in the order of their bytes.
    static func names(in folder: String, hidden: Bool) throws(ImportError) -> [String] {
        guard let directory = opendir(folder) else { throw .unreadable(path: folder, reason: lastError()) }
        defer { closedir(directory) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(directory) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let shown = folder + "/" + String(decoding: bytes, as: UTF8.self)
            guard bytes != Array(".".utf8), bytes != Array("..".utf8) else { continue }
            if !hidden, bytes.first == UInt8(ascii: ".") { continue }
            guard let name = String(validating: bytes, as: UTF8.self), EntryName.isAllowed(name) else {
                throw .badName(path: shown)
            }
            guard names.count < DAGLimits.standard.entries else { throw .tooMany(path: folder) }
            names.append(name)
            errno = 0
        }
        guard errno == 0 else { throw .unreadable(path: folder, reason: lastError()) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether a path is a folder itself, not a link to one.
    static func isFolder(_ path: String) throws(ImportError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .unreadable(path: path, reason: lastError()) }
        return status.st_mode & S_IFMT == S_IFDIR
    }
}
