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
        /// Names that administrators gave it.
        let aliases: [String]
        let manifest: Manifest
        let packageRoot: PackageRoot
        /// The administrators' words behind the aliases, for whoever wants to check.
        let registrations: [ModelRegistration]

        enum CodingKeys: String, CodingKey {
            case aliases, manifest, registrations
            case modelID = "model_id"
            case packageRoot = "package_root"
        }
    }

    /// `id` is what a client sends as `model`: the name, or the id of a model whose name a later one took over.
    init(_ record: ModelRecord, id: String, network: String) {
        self.id = id
        created = record.registeredAt.seconds
        ownedBy = network
        dna = Details(
            modelID: record.id, aliases: record.aliases, manifest: record.manifest, packageRoot: record.model.root,
            registrations: record.registrations)
    }
}

/// OpenAI's list.
struct ModelList: Encodable {
    let object = "list"
    let data: [ModelObject]

    /// `records` by name and then the latest first.
    init(_ records: [ModelRecord], network: String) {
        var names: Set<String> = []
        let aliased = Dictionary(
            records.flatMap { record in record.aliases.map { ($0, record.id) } }
        ) { first, _ in first }
        data = records.map { record in
            // A name that stands for another model, by a later one's name or by an alias, would not lead here.
            let isLatest = names.insert(record.manifest.name).inserted
            let leadsHere = isLatest && aliased[record.manifest.name, default: record.id] == record.id
            return ModelObject(record, id: leadsHere ? record.manifest.name : record.id.description, network: network)
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
