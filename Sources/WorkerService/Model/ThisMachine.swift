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

/// The least limit of memory among a process's control groups, of version 2 or 1 (Linux, admin-guide/cgroup-v2 and
/// admin-guide/cgroup-v1/memory).
package struct MemoryLimit {
    /// Reads a file; nil when it is not there.
    package typealias Reader = (_ path: String) -> String?

    private static let mount = "/sys/fs/cgroup"

    static func ofThisProcess() -> Int? {
        find { path in FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// The least of the process's groups and those around them; nil for none.
    package static func find(_ read: Reader) -> Int? {
        let memberships = (read("/proc/self/cgroup") ?? "").split(separator: "\n").compactMap(Membership.init)
        let unified = memberships.first { $0.controllers.isEmpty }?.group ?? "/"
        let memory = memberships.first { $0.controllers.contains("memory") }?.group ?? "/"
        let limits = [
            least(of: unified, in: mount, file: "memory.max", read),
            least(of: memory, in: mount + "/memory", file: "memory.limit_in_bytes", read),
        ]
        return limits.compactMap(\.self).min()
    }

    /// Of a group and all around it, in one hierarchy.
    private static func least(of group: String, in hierarchy: String, file: String, _ read: Reader) -> Int? {
        var (group, least): (String, Int?) = (group, nil)
        while true {
            let path = "\(hierarchy)\(group == "/" ? "" : group)/\(file)"
            let limit = read(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
            if let limit { least = min(limit, least ?? .max) }
            guard group != "/" else { return least }
            group = (group as NSString).deletingLastPathComponent
        }
    }

    /// A line of `/proc/self/cgroup`: `0::/a/b`, or `5:cpu,memory:/a/b` in version 1.
    private struct Membership {
        let controllers: [Substring]
        let group: String

        init?(_ line: Substring) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2].hasPrefix("/") else { return nil }
            controllers = fields[1].split(separator: ",")
            group = String(fields[2])
        }
    }
}
