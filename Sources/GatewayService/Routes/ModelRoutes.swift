import CoordinatorStore
import DNAProtocol
import Hummingbird
import ServiceKit

/// A model as OpenAI's clients list it, with the constructor's manifest.
struct ModelObject: Encodable {
    let id: String
    let object = "model"
    let created: Int64
    let ownedBy: String
    let dna: Details

    enum CodingKeys: String, CodingKey {
        case id, object, created, dna
        case ownedBy = "owned_by"
    }

    /// What is particular to this network.
    struct Details: Encodable {
        let modelID: ModelID
        let manifest: Manifest

        enum CodingKeys: String, CodingKey {
            case manifest
            case modelID = "model_id"
        }
    }

    /// `id` is what a client sends as `model`: the name, or the id of a model whose name a later one took over.
    init(_ record: ModelRecord, id: String, network: String) {
        self.id = id
        created = record.registeredAt.seconds
        ownedBy = network
        dna = Details(modelID: record.id, manifest: record.manifest)
    }
}

/// OpenAI's list.
struct ModelList: Encodable {
    let object = "list"
    let data: [ModelObject]

    /// `records` by name and then the latest first.
    init(_ records: [ModelRecord], network: String) {
        var names: Set<String> = []
        data = records.map { record in
            let isLatest = names.insert(record.manifest.name).inserted
            return ModelObject(record, id: isLatest ? record.manifest.name : record.id.hex, network: network)
        }
    }
}

extension GatewayRoutes {
    func addModels(to router: ServiceRouter) {
        router.getJSON("v1/models") { [desk] _, _ in
            ModelList(try await desk.store.models(), network: try await desk.network().genesis.name)
        }
        // A name may hold slashes, which some clients escape and others do not.
        router.getJSON("v1/models/**") { [desk] _, context in
            let escaped = context.parameters.getCatchAll().joined(separator: "/")
            guard let name = PercentEncoding.decode(escaped), let record = try await desk.model(name) else {
                throw OpenAIError(
                    .notFound, "model: the network does not serve this model", parameter: "model",
                    code: "model_not_found")
            }
            return ModelObject(record, id: name, network: try await desk.network().genesis.name)
        }
    }
}

/// Percent-encoding of URLs (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The text; nil for a broken escape or for bytes that are not UTF-8.
    static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}
