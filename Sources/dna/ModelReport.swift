import Canonical
import DNAProtocol

/// What `dna model pack` and `dna model inspect` say of a model.
struct ModelReport: Encodable {
    let id: ModelID
    let bytes: Int
    let manifest: Manifest
    let packageRoot: PackageRoot

    enum CodingKeys: String, CodingKey {
        case id, bytes, manifest
        case packageRoot = "package_root"
    }

    init(_ model: PublishedModel) {
        id = model.id
        bytes = model.manifest.files.reduce(0) { $0 + $1.size }
        manifest = model.manifest
        packageRoot = model.root
    }

    func printJSON() throws { Console.output(try CanonicalJSON.encode(self)) }

    /// For people.
    func printText() {
        for (name, value) in lines { Console.output(name.padding(to: 18) + value) }
        for file in manifest.files {
            let size = "\(file.size) bytes"
            Console.output(
                "file".padding(to: 18) + "\(file.name)  \(file.role.rawValue)  \(size)  sha256 \(file.sha256)")
        }
    }

    private var lines: [(String, String)] {
        let (environment, policy) = (manifest.environment, manifest.policy)
        let engine = environment.engine
        let texts: [(String, String?)] = [
            ("id", id.description), ("name", manifest.name), ("release", manifest.release),
            ("about", manifest.description), ("licence", manifest.licence),
            ("author", manifest.author.map { "\($0), whose signature is good" } ?? "not signed"),
            ("architecture", "\(manifest.architecture), \(manifest.numerics)"),
            ("context", "\(manifest.contextLength) tokens"),
            ("chat template", manifest.chatTemplate == Manifest.noTemplate ? "none" : "in the weights"),
            ("memory", "\(environment.memory) bytes"), ("disk", "\(environment.disk) bytes"),
            ("instructions", environment.instructionSet.rawValue),
            ("engine", "from \(engine.minimum)" + (engine.below.map { ", below \($0)" } ?? "")),
            (
                "policy",
                "\(policy.rule.rawValue)" + (policy.quorum.map { " of \($0)" } ?? "")
                    + ", committee of \(policy.committee), at most \(policy.maximumCommittee)"
            ),
            ("most tokens", manifest.limits?.maximumTokens.map(String.init)),
            ("most temperature", manifest.limits?.maximumTemperature.map { "\($0)" }),
            ("import profile", manifest.importProfile),
            ("encrypted", manifest.encryption.map { "for \($0.recipients.count) node(s)" }),
        ]
        return texts.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
