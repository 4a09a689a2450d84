extension Manifest {
    /// What a machine must have to run the model.
    public struct Environment: Codable, Hashable, Sendable {
        /// Bytes of memory for the weights and the keys and values of one sequence of the whole context.
        public var memory: Int
        /// Bytes on disk: of all files of the package but the manifest.
        public var disk: Int
        /// The least instruction set with which the model is of use; the results are the same under any.
        public var instructionSet: InstructionSet
        /// The engines that run it.
        public var engine: EngineRange

        enum CodingKeys: String, CodingKey {
            case memory, disk, engine
            case instructionSet = "instruction_set"
        }

        /// Names what is needed.
        public init(
            memory: Int = 0, disk: Int = 0, instructionSet: InstructionSet = .portable,
            engine: EngineRange = EngineRange(minimum: EngineVersion((0, 1, 0)))
        ) {
            self.memory = memory
            self.disk = disk
            self.instructionSet = instructionSet
            self.engine = engine
        }

        /// Instruction sets a package may ask for, as the engine calls them.
        public enum InstructionSet: String, Codable, Hashable, Sendable, CaseIterable {
            /// Any machine.
            case portable
            /// AVX2 with FMA and F16C.
            case avx2
            /// AVX-512 with VNNI.
            case avx512
            /// NEON with dot products.
            case neon
        }

        /// Engines from a version on, and perhaps below another.
        public struct EngineRange: Codable, Hashable, Sendable {
            /// The first that runs it.
            public var minimum: EngineVersion
            /// The first that does not any more; nil for none.
            public var below: EngineVersion?

            /// Names both ends.
            public init(minimum: EngineVersion, below: EngineVersion? = nil) {
                self.minimum = minimum
                self.below = below
            }
        }

        /// A machine that is to run a model.
        public struct Machine: Hashable, Sendable {
            /// Bytes of memory.
            public var memory: Int
            /// What its processor runs.
            public var instructionSets: Set<InstructionSet>
            /// Its engine.
            public var engine: EngineVersion

            /// Describes a machine.
            public init(memory: Int, instructionSets: Set<InstructionSet>, engine: EngineVersion) {
                self.memory = memory
                self.instructionSets = instructionSets
                self.engine = engine
            }
        }

        func validate() throws(InvalidField) {
            try require((0..<1 << 53).contains(memory), "environment.memory", "must be 0 or more bytes")
            try require((0..<1 << 53).contains(disk), "environment.disk", "must be 0 or more bytes")
            if let below = engine.below {
                try require(below > engine.minimum, "environment.engine.below", "must be after the minimum")
            }
        }

        /// Throws ``InvalidField`` that names what `machine` lacks.
        public func check(_ machine: Machine) throws(InvalidField) {
            try require(
                machine.engine >= engine.minimum, "environment.engine.minimum",
                "is \(engine.minimum), this engine is \(machine.engine)")
            if let below = engine.below {
                try require(
                    machine.engine < below, "environment.engine.below", "is \(below), this engine is \(machine.engine)")
            }
            try require(
                machine.instructionSets.contains(instructionSet), "environment.instruction_set",
                "is \(instructionSet.rawValue), which this machine has not")
            try require(
                machine.memory >= memory, "environment.memory",
                "is \(memory) bytes, this machine has \(machine.memory)")
        }
    }
}

/// An engine's version: three numbers, written `1.2.3`.
public struct EngineVersion: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    private static let largest = 999_999
    private let numbers: [Int]

    /// A version of three numbers from 0 to 999,999.
    public init(_ version: (major: Int, minor: Int, patch: Int)) {
        numbers = [version.major, version.minor, version.patch]
        precondition(numbers.allSatisfy { (0...Self.largest).contains($0) }, "a version's numbers have six digits")
    }

    /// Reads the one text of a version; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count <= 20 else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard parts.count == 3, parts.allSatisfy({ (0...Self.largest).contains($0) }) else { return nil }
        numbers = parts
        guard description.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// `1.2.3`.
    public var description: String { numbers.map(String.init).joined(separator: ".") }

    /// Reads a JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let version = EngineVersion(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid version")
        }
        self = version
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Number by number.
    public static func < (left: Self, right: Self) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}
