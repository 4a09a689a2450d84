import DNAProtocol
import Foundation
import Glibc
import Inference
import Kernels

extension Manifest.Environment.Machine {
    /// The machine this process runs on.
    static func this() -> Self {
        let available = Manifest.Environment.InstructionSet.allCases.filter {
            InstructionSet(rawValue: $0.rawValue)?.isAvailable ?? false
        }
        return Self(
            memory: .machineMemory, instructionSets: Set(available), engine: EngineVersion(Engine.version))
    }
}

extension Int {
    /// Bytes of memory of this machine, or of the control group that this process is confined to.
    static var machineMemory: Int {
        let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return Swift.min(physical, MemoryLimit.ofThisProcess() ?? .max)
    }
}

/// The least limit of memory among a process's control groups, version 2 (Linux, admin-guide/cgroup-v2).
package struct MemoryLimit {
    /// Reads a file; nil when it is not there.
    package typealias Reader = (_ path: String) -> String?

    private static let mount = "/sys/fs/cgroup"

    static func ofThisProcess() -> Int? {
        find { path in FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// The least of the process's group and those around it; nil for none. `0::/a/b` names the group.
    package static func find(_ read: Reader) -> Int? {
        let groups = read("/proc/self/cgroup")?.split(separator: "\n") ?? []
        var group = groups.first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) } ?? "/"
        var least: Int?
        while true {
            let path = "\(mount)\(group == "/" ? "" : group)/memory.max"
            let limit = read(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
            if let limit { least = min(limit, least ?? .max) }
            guard group != "/" else { return least }
            group = (group as NSString).deletingLastPathComponent
        }
    }
}
