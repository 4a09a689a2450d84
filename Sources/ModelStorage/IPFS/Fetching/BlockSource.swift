import ContentAddressing
import Foundation
import HTTPTransport
import HTTPTypes
import NIOCore

/// Gets blocks from trustless gateways (IPFS's Trustless Gateway specification, `format=raw`) and checks every one.
struct BlockSource: Sendable {
    private static let rounds = 3

    let client: HTTP1Client
    let board: GatewayBoard
    /// A block's whole answer.
    let deadline: Duration
    let onBan: @Sendable (String, String) -> Void

    /// A block's bytes, whichever gateway they came from.
    func bytes(of cid: CID) async throws -> ByteBuffer {
        var asked: Set<Int> = []
        var answers: [String] = []
        var round = 1
        while true {
            switch board.choose(excluding: asked) {
            case .ask(let gateway):
                asked.insert(gateway)
                switch try await ask(gateway, cid) {
                case .success(let bytes): return bytes
                case .failure(let answer): answers.append("\(board.gateways[gateway]): \(answer.reason)")
                }
            case .wait(let time): try await Task.sleep(until: time)
            case .allBanned: throw StorageError.noHonestGateway(answers: board.bans)
            case .exhausted:
                guard round < Self.rounds else {
                    throw StorageError.unavailable(cid, answers: answers.suffix(board.gateways.count))
                }
                round += 1
                asked = []
            }
        }
    }

    private struct Refusal: Error { let reason: String }

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
        let refusal = Result<ByteBuffer, Refusal>.failure(Refusal(reason: "status \(status)"))
        switch status {
        case 404, 410, 412, 451: return (.hasNot, refusal)
        default:
            let after = fields[.retryAfter].flatMap { Int($0) }.map { Duration.seconds($0) }
            return (.failed(after: after), refusal)
        }
    }
}
