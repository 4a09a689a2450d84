import GGUF

/// The metadata of a family, `ARCHITECTURE.KEY`, typed and with ranges; remembers what was asked for.
///
/// A key that nobody asked for would be a feature that is silently left out, so a file that has one is refused.
final class ModelMetadata {
    let architecture: String
    private let values: [String: GGUFValue]
    private var known: Set<String>

    /// Keys that change no result.
    private static let harmless = [
        "vocab_size", "tensor_data_layout", "rope.scaling.finetuned", "expert_shared_count",
    ]

    init(_ header: GGUFHeader) throws(ModelError) {
        let key = "general.architecture"
        guard let text = header.metadata[key]?.text else { throw .missingMetadata(key) }
        architecture = text
        values = header.metadata
        known = Set((Self.harmless + ["attention.causal"]).map { text + "." + $0 })
        guard values[text + ".attention.causal"]?.flag != false else {
            throw .unsupportedFeature("attention to later positions ('\(text).attention.causal')")
        }
    }

    /// Refuses what was not understood.
    func finish() throws(ModelError) {
        let unknown = values.keys.filter { $0.hasPrefix(architecture + ".") && !known.contains($0) }
        guard let key = unknown.min() else { return }
        throw .unsupportedFeature("the metadata '\(key)'")
    }

    /// The name in the file, and the value if there is one.
    private func look(up key: String) -> (name: String, value: GGUFValue?) {
        let name = architecture + "." + key
        known.insert(name)
        return (name, values[name])
    }

    /// A text; nil when there is none.
    func text(_ key: String) throws(ModelError) -> String? {
        let (name, value) = look(up: key)
        guard let value else { return nil }
        guard let text = value.text else { throw .missingMetadata(name) }
        return text
    }

    func size(
        _ key: String, _ range: ClosedRange<Int>, default fallback: Int? = nil, multipleOf unit: Int = 1
    ) throws(ModelError) -> Int {
        let (name, value) = look(up: key)
        if value != nil, value?.integer == nil { throw .missingMetadata(name) }
        guard let size = value?.integer ?? fallback else { throw .missingMetadata(name) }
        guard range.contains(size) else {
            throw .invalidMetadata(key: name, reason: "is \(size), not in \(range.lowerBound)...\(range.upperBound)")
        }
        guard size.isMultiple(of: unit) else {
            throw .invalidMetadata(key: name, reason: "is \(size), not a multiple of \(unit)")
        }
        return size
    }

    func number(_ key: String, _ range: ClosedRange<Float>, default fallback: Float? = nil) throws(ModelError) -> Float
    {
        let (name, value) = look(up: key)
        if value != nil, value?.float32 == nil { throw .missingMetadata(name) }
        guard let number = value?.float32 ?? fallback else { throw .missingMetadata(name) }
        guard range.contains(number) else {
            throw .invalidMetadata(key: name, reason: "is \(number), not in \(range.lowerBound)...\(range.upperBound)")
        }
        return number
    }

    /// For each layer whether it sees only a window: all but every n-th, or as a list says.
    func windows(_ key: String, layers: Int, default fallback: Int) throws(ModelError) -> [Bool] {
        let (name, value) = look(up: key)
        if case .booleanArray(let flags) = value {
            guard flags.count == layers else {
                throw .invalidMetadata(key: name, reason: "has \(flags.count) elements for \(layers) layers")
            }
            return flags
        }
        let period = try size(key, 1...1024, default: fallback)
        return (0..<layers).map { $0 % period < period - 1 }
    }
}
