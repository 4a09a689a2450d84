import Foundation

/// The repository's Swift and C sources, read as text.
struct SourceTree {
    struct File {
        /// From the repository's root.
        let path: String
        let lines: [Substring]
        /// The folder below `Sources` or `Tests`: the target.
        var target: String { String(path.split(separator: "/")[1]) }
    }

    let root: URL
    let files: [File]

    init(_ folder: String) throws {
        root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let base = root.appending(path: folder)
        let keys = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        var files: [File] = []
        while let url = keys?.nextObject() as? URL {
            guard ["swift", "c", "h"].contains(url.pathExtension) else { continue }
            let text = try String(contentsOf: url, encoding: .utf8)
            let path = folder + url.path.dropFirst(base.path.count)
            files.append(File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
        }
        self.files = files
    }

    private static let modifiers: Set<Substring> = ["public", "package", "internal", "private", "@preconcurrency"]
    private static let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "var"]

    /// The modules a Swift file imports.
    static func imports(of file: File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 2, place + 1 < words.count,
                words[..<place].allSatisfy(modifiers.contains)
            else { return nil }
            // `import struct Foundation.Data` names a kind first.
            let name = kinds.contains(words[place + 1]) ? words.dropFirst(place + 2).first : words[place + 1]
            return name.map { String($0.prefix { $0 != "." }) }
        }
    }
}
