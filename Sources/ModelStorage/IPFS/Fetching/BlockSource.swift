import ContentAddressing
import Foundation
import HTTPTransport
import HTTPTypes
import NIOCore

/// Gets blocks from trustless gateways (IPFS's Trustless Gateway specification, `format=raw`) and checks every one.
struct BlockSource: Sendable {
    /// So often everybody is asked for a block that nobody has.
    private static let roundsOfAbsence = 3
    /// So often everybody is asked while somebody gives no answer; with their rests that is about two minutes.
    private static let rounds = 8

    let client: HTTP1Client
    let board: GatewayBoard
    /// A block's whole answer.
    let deadline: Duration
    let onBan: @Sendable (String, String) -> Void

    /// A block's bytes, whichever gateway they came from.
    func bytes(of cid: CID) async throws -> ByteBuffer {
        var asked: Set<Int> = []
        var answers: [String] = []
        var (round, somebodyMay) = (1, false)
        while true {
            switch board.choose(excluding: asked) {
            case .ask(let gateway):
                asked.insert(gateway)
                switch try await ask(gateway, cid) {
                case .success(let bytes): return bytes
                case .failure(let refusal):
                    answers.append("\(board.gateways[gateway]): \(refusal.reason)")
                    if !refusal.isAbsence { somebodyMay = true }
                }
            case .wait(let time): try await Task.sleep(until: time)
            case .allBanned: throw StorageError.noHonestGateway(answers: board.bans)
            case .exhausted:
                guard round < (somebodyMay ? Self.rounds : Self.roundsOfAbsence) else {
                    throw StorageError.unavailable(cid, answers: answers.suffix(board.gateways.count))
                }
                round += 1
                asked = []
            }
        }
    }

    private struct Refusal: Error {
        let reason: String
        /// The gateway is well and has not got the block.
        var isAbsence = false
    }

    private func ask(_ gateway: Int, _ cid: CID) async throws -> Result<ByteBuffer, Refusal> {
        do {
            let (outcome, result) = try await answer(gateway, cid)
            if let reason = board.note(outcome, of: gateway) { onBan("\(board.gateways[gateway])", reason) }
            return result
        } catch {
            _ = board.note(.cancelled, of: gateway)
            throw error
        }
    }

    /// Throws only when the task was cancelled.
    private func answer(
        _ gateway: Int, _ cid: CID
    ) async throws -> (GatewayBoard.Outcome, Result<ByteBuffer, Refusal>) {
        let endpoint = board.gateways[gateway]
        var fields = endpoint.fields
        fields[.accept] = "application/vnd.ipld.raw"
        let response: HTTPCollectedResponse
        do {
            response = try await client.send(
                .get, "\(endpoint.prefix)/ipfs/\(cid.asVersion1)?format=raw", to: endpoint.origin, fields: fields,
                deadline: deadline, responseLimit: Block.byteLimit)
        } catch HTTPTransportError.bodyTooLarge {
            let reason = DAGError.blockTooLarge(cid).description
            return (.lied(reason), .failure(Refusal(reason: reason)))
        } catch let error as HTTPTransportError {
            return (.failed(after: nil), .failure(Refusal(reason: error.description)))
        }
        let status = response.status.code
        guard status == 200 else { return Self.refused(status, response.head.headerFields) }
        guard response.body.withUnsafeReadableBytes({ cid.names($0) }) else {
            let reason = DAGError.wrongBytes(cid).description
            return (.lied(reason), .failure(Refusal(reason: reason)))
        }
        return (.block, .success(response.body))
    }

    private static func refused(
        _ status: Int, _ fields: HTTPFields
    ) -> (GatewayBoard.Outcome, Result<ByteBuffer, Refusal>) {
        let reason = "status \(status)"
        switch status {
        case 404, 410, 412, 451: return (.hasNot, .failure(Refusal(reason: reason, isAbsence: true)))
        default:
            let after = fields[.retryAfter].flatMap { Int($0) }.map { Duration.seconds($0) }
            return (.failed(after: after), .failure(Refusal(reason: reason)))
        }
    }
}
