/// Lets one task at a time write, while others wait without a thread. A file system lets one write to a file at a time, and who
/// comes besides waits in the kernel, on a processor that has other blocks to hash.
actor DiskQueue {
    func run<R: Sendable>(_ body: @Sendable () throws -> R) rethrows -> R { try body() }
}
