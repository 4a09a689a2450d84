import ArgumentParser
import Foundation
import HTTPTypes
import ModelStorage
import ServiceArguments

/// Where IPFS gateways and nodes answer, for `dna model push`.
enum IPFSArguments {
    /// What a node or gateway wants to see: not on the command line, where every process could read it.
    enum Secret: String {
        case node = "DNA_IPFS_AUTHORIZATION"
        case gateway = "DNA_IPFS_GATEWAY_AUTHORIZATION"
    }

    static func endpoint(_ url: String, _ secret: Secret) throws -> StorageEndpoint {
        guard var endpoint = StorageEndpoint(url) else { throw ValidationError("\(url) is not an http or https URL") }
        endpoint.fields[.authorization] = ProcessInfo.processInfo.environment[secret.rawValue]
        return endpoint
    }

    /// Where it is remembered what was sent.
    static var journalFolder: String { StorageArguments.cacheFolder() + "/publications" }
}
