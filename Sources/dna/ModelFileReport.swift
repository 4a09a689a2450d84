import Canonical
import GGUF
import Inference

/// What `dna inspect` prints.
struct ModelFileReport: Encodable {
    struct Tensor: Encodable {
        let name: String
        let type: String
        /// The contiguous dimension first.
        let shape: [Int]
        let bytes: Int
    }

    struct Memory: Encodable {
        let weights: Int
        let per1000Positions: Int

        enum CodingKeys: String, CodingKey {
            case weights
            case per1000Positions = "per_1000_positions"
        }
    }

    let size: Int
    let parameters: Int
    let metadata: [String: JSONValue]
    /// In the order of the file.
    let tensors: [Tensor]
    let memory: Memory?
    let runs: Bool
    let refusal: String?

    init(_ file: GGUFFile) {
        let inspection = ModelInspection(file.header)
        size = file.size
        parameters = inspection.parameters
        metadata = file.header.metadata.mapValues(\.abbreviated)
        tensors = file.header.tensors.values.sorted { $0.bytes.lowerBound < $1.bytes.lowerBound }.map {
            Tensor(name: $0.name, type: $0.type.name, shape: $0.shape, bytes: $0.bytes.count)
        }
        memory = inspection.memory.map { Memory(weights: $0.weights, per1000Positions: 1000 * $0.position) }
        runs = inspection.refusal == nil
        refusal = inspection.refusal
    }

    /// For people.
    var text: String {
        let entries = metadata.sorted { $0.key < $1.key }.map { [$0.key, Self.line(of: $0.value)] }
        let rows = tensors.map { tensor in
            [tensor.name, tensor.type, tensor.shape.map(String.init).joined(separator: " x "), "\(tensor.bytes) bytes"]
        }
        var summary = [
            ["size", "\(size) bytes"], ["parameters", "\(parameters) in \(tensors.count) tensors"],
        ]
        if let memory {
            summary += [
                ["memory", "\(memory.weights) bytes of weights"],
                ["", "\(memory.per1000Positions) bytes of keys and values for each 1,000 positions"],
            ]
        }
        summary.append(["runs", refusal.map { "no: \($0)" } ?? "yes"])
        return [entries, rows, summary].map(Self.table).joined(separator: "\n\n")
    }

    /// Columns of equal width.
    private static func table(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }.joined()
        }
        return lines.map { $0.trimmingSuffix(" ") }.joined(separator: "\n")
    }

    /// A value as JSON on one line, cut where it is long.
    private static func line(of value: JSONValue) -> String {
        let bytes = (try? CanonicalJSON.encode(value)) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        return text.count > 100 ? text.prefix(97) + "..." : text
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        String(self[..<(lastIndex { $0 != character }.map(index(after:)) ?? startIndex)])
    }
}

extension GGUFValue {
    /// The value as JSON; of an array its length and first elements. A number that JSON has not is a string.
    fileprivate var abbreviated: JSONValue {
        switch self {
        case .unsigned(let value): Self.json(value)
        case .signed(let value): Self.json(value)
        case .float(let value): Self.json(value)
        case .double(let value): Self.json(value)
        case .boolean(let value): .bool(value)
        case .string(let value): .string(value)
        case .unsignedArray(let values): Self.json(values) { Self.json($0) }
        case .signedArray(let values): Self.json(values) { Self.json($0) }
        case .floatArray(let values): Self.json(values) { Self.json($0) }
        case .doubleArray(let values): Self.json(values) { Self.json($0) }
        case .booleanArray(let values): Self.json(values) { .bool($0) }
        case .stringArray(let values): Self.json(values) { .string($0) }
        }
    }

    private static func json<Element>(_ elements: [Element], _ element: (Element) -> JSONValue) -> JSONValue {
        .object(["count": .integer(Int64(elements.count)), "first": .array(elements.prefix(8).map(element))])
    }

    private static func json(_ value: some BinaryInteger) -> JSONValue {
        guard let integer = Int64(exactly: value), abs(integer) <= JSONValue.largestSafeInteger else {
            return .string("\(value)")
        }
        return .integer(integer)
    }

    /// The shortest number that is read back as the same.
    private static func json(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> JSONValue {
        guard value.isFinite, let number = Double(value.description) else { return .string(value.description) }
        return .number(number)
    }
}
