/// The rule for names in a folder, made here or by others: what every file system takes, and nothing that leaves the
/// folder.
enum EntryName {
    static let byteLimit = 255

    static func isAllowed(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...byteLimit).contains(bytes.count) && name != "." && name != ".."
            && !bytes.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") }
    }
}
