import Cryptography
import DNAProtocol

// What nodes are given and what they send, as `AggregatorStore` keeps it.
extension Rows {
    /// A node's oldest work that it has not committed to.
    func nextAssignment(for node: Ed25519.PublicKey, now: Timestamp) -> Assignment? {
        for row in requests where row.state == .assigned {
            guard let round = row.rounds.last, round.committee.member(node) != nil, round.setRoot == nil,
                round.commitDeadline > now, !round.commitments.contains(where: { $0.body.node == node }),
                !row.contradicted.contains(node)
            else { continue }
            return Assignment(request: row.document, committee: round.committee, deadline: round.commitDeadline)
        }
        return nil
    }

    mutating func add(_ commitment: Commitment, _ number: Int, _ round: Int, now: Timestamp) throws -> Reception {
        let (row, node) = (requests[number], commitment.body.node)
        // The trigger `commitments_in_time`.
        let isOpen = round == row.rounds.count - 1 && row.rounds[round].setRoot == nil
        guard isOpen, !row.contradicted.contains(node),
            !row.rounds[round].commitments.contains(where: { $0.body.node == node })
        else { return try judge(commitment, number, round, now: now) }
        requests[number].rounds[round].commitments.append(commitment)
        requests[number].rounds[round].commitments.sort { $0.body.node < $1.body.node }
        announce()
        return .recorded
    }

    /// Holds a signed commitment that is not taken against what its node has said before.
    mutating func judge(_ commitment: Commitment, _ number: Int, _ round: Int, now: Timestamp) throws -> Reception {
        let (row, rows, node) = (requests[number], requests[number].rounds[round], commitment.body.node)
        guard rows.committee.member(node) != nil else { return .closed }
        let late = rows.lateCommitments.first { $0.body.node == node }
        if let known = rows.commitments.first(where: { $0.body.node == node }) ?? late {
            if known.body == commitment.body { return late == nil ? .repeated : .closed }
            record(.commitments(known, commitment), number, round)
            return .contradiction
        }
        if row.contradicted.contains(node) { return .contradiction }
        if rows.setRoot != nil || rows.commitDeadline <= now {
            requests[number].rounds[round].lateCommitments.append(commitment)
        }
        return .closed
    }

    mutating func add(_ submission: VoteSubmission, _ number: Int, _ round: Int) throws -> Reception {
        let (row, rows, vote) = (requests[number], requests[number].rounds[round], submission.vote)
        guard rows.setRoot != nil, !row.contradicted.contains(vote.body.node),
            !(rows.votes + rows.mismatchedVotes).contains(where: { $0.body.node == vote.body.node })
        else { return try judge(vote, number, round) }
        guard rows.commitments.contains(where: { $0.body.node == vote.body.node }) else {
            throw ConstraintViolation("votes_commitments_fkey")
        }
        if row.outputs[vote.body.output] == nil {
            requests[number].outputs[vote.body.output] = (submission.prompt, submission.output)
        }
        requests[number].rounds[round].votes.append(vote)
        requests[number].rounds[round].votes.sort { $0.body.node < $1.body.node }
        announce()
        return .recorded
    }

    /// Holds a signed vote that is not taken, or that does not fit its round, against what its node has said before.
    mutating func judge(
        _ vote: Vote, _ number: Int, _ round: Int, isMismatched: Bool = false
    ) throws -> Reception {
        let (rows, node) = (requests[number].rounds[round], vote.body.node)
        guard rows.committee.member(node) != nil else { return .closed }
        let mismatched = rows.mismatchedVotes.first { $0.body.node == node }
        if let known = rows.votes.first(where: { $0.body.node == node }) ?? mismatched {
            if known.saysTheSame(as: vote) { return mismatched == nil ? .repeated : .contradiction }
            record(.votes(known, vote), number, round)
            return .contradiction
        }
        guard isMismatched else {
            return requests[number].contradicted.contains(node) ? .contradiction : .closed
        }
        requests[number].rounds[round].mismatchedVotes.append(vote)
        let promise = (rows.commitments + rows.lateCommitments).first { $0.body.node == node }
        if let promise, try !vote.opens(promise) { record(.reveal(promise, vote), number, round) }
        return .contradiction
    }

    /// Keeps both statements, unless a contradiction of this kind is there.
    private mutating func record(_ contradiction: Contradiction, _ number: Int, _ round: Int) {
        let (place, kind) = (contradiction.place, contradiction.kind)
        guard
            !requests[number].contradictions.contains(where: {
                $0.node == place.node && $0.round == place.round && $0.contradiction.kind == kind
            })
        else { return }
        let isOpen = requests[number].rounds[round].setRoot == nil
        requests[number].contradictions.append(
            ContradictionRow(
                node: place.node, round: place.round, contradiction: contradiction, isBeforeSet: isOpen))
        accusations.append(contradiction)
        announce()
    }
}
