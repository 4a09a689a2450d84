/// What is reported while a package is fetched, from any thread.
public enum PackageEvent: Hashable, Sendable {
    /// What there is to do is known: bytes in all, and how many are there from before.
    case planned(bytes: Int, present: Int)
    /// Bytes that came and were checked as far as they can be one by one.
    case received(Int)
    /// A server that is not asked again.
    case banned(server: String, reason: String)
    /// A question that is asked again.
    case retrying(reason: String)
    /// Another process has the package in its hands; so many bytes of it are on the disk.
    case waiting(present: Int)
    /// The whole is read and compared with its id.
    case checking
    /// Another package was removed to make room.
    case removed(id: String)
}
