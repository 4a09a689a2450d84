/// What a decision rests on: everything a signer needs to reach the same decision by itself.
public struct Evidence: Codable, Hashable, Sendable {
    /// The request, in full.
    public var request: Request
    /// The root block of the model's package: proves that the manifest is the one the model's id stands for.
    public var packageRoot: PackageRoot
    /// The model's manifest: proves that the policy is its constructor's, or narrower.
    public var manifest: Manifest
    /// The roster epoch, with its signatures.
    public var roster: SignedRoster
    /// The deciding round's committee.
    public var committee: Committee
    /// The deciding round's commitments.
    public var set: CommitmentSet
    /// The votes that were opened in time, winning or not, by ascending node key.
    public var votes: [Vote]

    enum CodingKeys: String, CodingKey {
        case request, manifest, roster, committee, set, votes
        case packageRoot = "package_root"
    }

    /// Joins the parts.
    public init(
        request: Request, model: PublishedModel, roster: SignedRoster, committee: Committee, set: CommitmentSet,
        votes: [Vote]
    ) {
        self.request = request
        packageRoot = model.root
        manifest = model.manifest
        self.roster = roster
        self.committee = committee
        self.set = set
        self.votes = votes.sorted { $0.body.node < $1.body.node }
    }

    /// The model. Throws ``InvalidField`` when the manifest is not the one that the root names.
    public func model() throws -> PublishedModel { try PublishedModel(root: packageRoot, manifest: manifest) }
}

/// Everything about one answer: enough to verify it and to replay it with nothing else but the network file
/// and the model.
public struct Bundle: Codable, Hashable, Sendable {
    /// The version of this format: 1.
    public var version: Int
    /// The decision and the group's signature.
    public var certificate: Certificate
    /// What the decision rests on.
    public var evidence: Evidence
    /// The prompt as the model read it.
    public var prompt: Prompt
    /// The answer.
    public var output: Output

    /// Joins the parts.
    public init(certificate: Certificate, evidence: Evidence, prompt: Prompt, output: Output) {
        version = 1
        self.certificate = certificate
        self.evidence = evidence
        self.prompt = prompt
        self.output = output
    }
}
