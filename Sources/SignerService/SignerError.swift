/// Why a signer cannot start or go on: something its operator has to look at.
package enum SignerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The genesis names no signer with this identifier.
    case notInGenesis(Int)
    /// A key file does not hold the key the genesis names.
    case foreignKey(String, Int)
    /// A signer of the genesis has no address.
    case unknownPeer(Int)
    /// Another process uses the state folder.
    case stateInUse(String)
    /// The state folder can be read by others.
    case stateReadableByOthers(String)
    /// A file of the state does not belong to this signer, or not to the others of the state.
    case foreignState(String, reason: String)
    /// The certificate is not this signer's in this network.
    case foreignCertificate(String, Int)
    /// There is no roster: neither in the state nor in the options.
    case noRoster
    /// The roster given is not the known one's epoch, or does not follow it.
    case contradictoryRoster(String)

    package var description: String {
        switch self {
        case .notInGenesis(let identifier): "the genesis names no signer \(identifier)"
        case .foreignKey(let kind, let identifier):
            "the \(kind) key is not the one the genesis names for signer \(identifier)"
        case .unknownPeer(let identifier): "no address is given for signer \(identifier)"
        case .stateInUse(let path): "\(path) is in use by another process"
        case .stateReadableByOthers(let path): "\(path) can be read by others: chmod 700 it"
        case .foreignState(let path, let reason): "\(path) \(reason)"
        case .foreignCertificate(let name, let identifier):
            "the certificate is \(name), which is not signer \(identifier) of this genesis"
        case .noRoster: "no roster is known yet: name one"
        case .contradictoryRoster(let path): "\(path) contradicts the roster this signer knows"
        }
    }
}
