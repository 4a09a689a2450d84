import DNAProtocol
import Glibc
import Inference
import Kernels

extension Manifest.Environment.Machine {
    /// The machine this process runs on.
    static func this() -> Self {
        let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
        let available = Manifest.Environment.InstructionSet.allCases.filter {
            InstructionSet(rawValue: $0.rawValue)?.isAvailable ?? false
        }
        return Self(memory: memory, instructionSets: Set(available), engine: EngineVersion(Engine.version))
    }
}
