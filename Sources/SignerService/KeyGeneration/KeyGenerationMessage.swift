package import Canonical
package import Cryptography
package import DNAProtocol
package import Threshold

/// One step of one signer in the key generation, signed by the identity key the genesis names.
///
/// The signature covers network, session and sender, so it does not matter who carries the message.
package struct KeyGenerationMessage: Codable, Hashable, Sendable {
    /// What the signer signs.
    package var body: Body
    /// By the sender's identity key.
    package var signature: Ed25519.Signature

    /// Signs a message.
    package init(_ body: Body, key: Ed25519.SigningKey) throws {
        self.body = body
        signature = try body.signed(by: key)
    }

    /// What the signer signs.
    package struct Body: Hashable, Sendable, Statement {
        /// `dna/key-generation-message/1`.
        package static let context = "dna/key-generation-message/1"

        /// The version of this format: 1.
        package var version = 1
        /// The network whose signers meet.
        package var network: NetworkID
        /// The ceremony.
        package var session: Digest
        /// The sender's identifier in the genesis.
        package var sender: Int
        /// What is said.
        package var content: Content

        /// A message of `sender`.
        package init(network: NetworkID, session: Digest, sender: Int, content: Content) {
            self.network = network
            self.session = session
            self.sender = sender
            self.content = content
        }
    }

    /// What a message says.
    package enum Content: Hashable, Sendable {
        /// Round one: commitments to the sender's polynomial, and a proof that it knows the constant term.
        case roundOne(KeyGeneration.RoundOnePackage)
        /// Round two: a share for every other signer, and the round-one messages they rest on.
        case shares(Shares)
        /// The sender holds its share of this outcome, durably.
        case confirmation(Confirmation)
        /// The sender ended the ceremony because of somebody's fault.
        case accusation(Blame)
    }

    /// The sender's shares for the others.
    package struct Shares: Codable, Hashable, Sendable {
        /// Every signer's round-one message as the sender got it. Who told two signers different things is found here,
        /// with both messages as proof.
        package var roundOne: [KeyGenerationMessage]
        /// One share for each other signer, by ascending receiver.
        package var sealed: [SealedShare]

        enum CodingKeys: String, CodingKey {
            case sealed
            case roundOne = "round_one"
        }
    }

    /// A share encrypted to its receiver's encryption key.
    package struct SealedShare: Codable, Hashable, Sendable {
        /// The receiver's identifier.
        package var receiver: Int
        /// Hexadecimal of what `X25519.seal` made.
        package var box: String
    }

    /// A signer's word for the outcome.
    package struct Confirmation: Codable, Hashable, Sendable {
        /// The outcome.
        package var outcome: KeyGenerationOutcome
        /// By the identity key, over the outcome's own signing bytes: it goes into the network file.
        package var signature: Ed25519.Signature
    }

    /// The steps every signer takes, in order.
    package enum Step: Int, CaseIterable, Comparable, Sendable {
        case roundOne = 1
        case shares
        case confirmation

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The step this message takes; nil for an accusation.
    package var step: Step? {
        switch body.content {
        case .roundOne: .roundOne
        case .shares: .shares
        case .confirmation: .confirmation
        case .accusation: nil
        }
    }
}

extension KeyGenerationMessage.Body: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case version, network, session, sender, shares, confirmation, accusation
        case roundOne = "round_one"

        static let contents: [CodingKeys] = [.roundOne, .shares, .confirmation, .accusation]
    }

    /// Reads the JSON form: exactly one of `round_one`, `shares`, `confirmation` and `accusation`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        version = try container.decode(Int.self, forKey: .version)
        network = try container.decode(NetworkID.self, forKey: .network)
        session = try container.decode(Digest.self, forKey: .session)
        sender = try container.decode(Int.self, forKey: .sender)
        let present = CodingKeys.contents.filter(container.contains)
        switch present {
        case [.roundOne]:
            content = .roundOne(try container.decode(KeyGeneration.RoundOnePackage.self, forKey: .roundOne))
        case [.shares]: content = .shares(try container.decode(KeyGenerationMessage.Shares.self, forKey: .shares))
        case [.confirmation]:
            content = .confirmation(try container.decode(KeyGenerationMessage.Confirmation.self, forKey: .confirmation))
        case [.accusation]: content = .accusation(try container.decode(Blame.self, forKey: .accusation))
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "must hold exactly one content"))
        }
    }

    /// Writes the JSON form.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try container.encode(network, forKey: .network)
        try container.encode(session, forKey: .session)
        try container.encode(sender, forKey: .sender)
        switch content {
        case .roundOne(let package): try container.encode(package, forKey: .roundOne)
        case .shares(let shares): try container.encode(shares, forKey: .shares)
        case .confirmation(let confirmation): try container.encode(confirmation, forKey: .confirmation)
        case .accusation(let blame): try container.encode(blame, forKey: .accusation)
        }
    }
}

/// A signer's own messages so far: the answer of `GET /v1/key-generation/messages`.
package struct KeyGenerationMessages: Codable, Hashable, Sendable {
    /// In the order in which they were made.
    package var messages: [KeyGenerationMessage]

    package init(messages: [KeyGenerationMessage]) { self.messages = messages }
}
