import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory that the system can back with large pages: it begins at a multiple of their size, and asks for them. With
/// small ones a virtual machine reads weights at half the speed, because every few kilobytes an address is translated
/// through two sets of tables.
package final class MemoryRegion: Sendable {
    // Whoever shares a region says how; it is unmapped once, in deinit.
    package nonisolated(unsafe) let base: UnsafeMutableRawPointer
    package let byteCount: Int

    private static let largePage = 1 << 21

    /// Private memory of zeros, the system's until it is written. Nil when the system gives none.
    package convenience init?(byteCount: Int) {
        self.init(byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)
    }

    /// The first bytes of an open file, to be read only. The processes that map it share its memory. Nil when the system
    /// refuses.
    package convenience init?(reading descriptor: Int32, byteCount: Int) {
        self.init(byteCount, PROT_READ, MAP_SHARED, descriptor)
    }

    private init?(_ byteCount: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard byteCount > 0, byteCount < Int.max - 2 * Self.largePage else { return nil }
        // Address space with room to move the beginning; what is not needed is given back.
        let length = (byteCount + page - 1) / page * page
        let reserved = length + Self.largePage
        let empty = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, reserved, PROT_NONE, empty, -1, 0), start != MAP_FAILED else { return nil }
        let head = -Int(bitPattern: start) & (Self.largePage - 1)
        let aligned = start + head
        if head > 0 { munmap(start, head) }
        if reserved > head + length { munmap(aligned + length, reserved - head - length) }
        guard let base = mmap(aligned, byteCount, protection, flags | MAP_FIXED, descriptor, 0), base != MAP_FAILED
        else {
            munmap(aligned, length)
            return nil
        }
        (self.base, self.byteCount) = (base, byteCount)
        #if os(Linux)
            // Only advice: a system without large pages refuses.
            if byteCount >= Self.largePage { madvise(base, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    deinit { munmap(base, byteCount) }

    /// Gives the system back what was allocated elsewhere and freed, where that is not done by itself.
    package static func releaseFreedMemory() { dna_release_freed_memory() }

    /// All of it.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }
}
