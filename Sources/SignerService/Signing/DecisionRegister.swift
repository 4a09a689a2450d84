package import DNAProtocol
package import NodeState

/// What this signer has signed: one decision a request, for ever, across restarts.
package struct DecisionRegister: Sendable {
    private let store: any WriteOnceTable

    /// Opens the register in `folder`.
    package init(folder: String) throws { store = try WriteOnceStore(folder: folder) }

    /// A register kept in `store`.
    package init(store: any WriteOnceTable) { self.store = store }

    /// The decision this signer signs for `request`; nil when there is none yet.
    package func decision(for request: RequestID) throws -> DecisionID? {
        try store.value(for: request.digest).map { DecisionID($0) }
    }

    /// Makes `decision` the one this signer signs for `request`, durably, unless there is one.
    ///
    /// - Returns: the decision on record: this one, or the one that came first.
    package func record(_ decision: DecisionID, for request: RequestID) throws -> DecisionID {
        DecisionID(try store.record(decision.digest, for: request.digest))
    }
}
