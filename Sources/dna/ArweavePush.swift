import ArgumentParser
import Arweave
import Foundation
import HTTPTransport
import ModelStorage

/// `dna model push --to arweave`: what is to be paid, who says yes, and the upload.
struct ArweavePush {
    let path: String
    let wallet: String
    let arguments: ArweaveArguments
    let isAccepted: Bool
    let asksNewPrice: Bool

    /// What became of it.
    struct Report {
        let id: TransactionID
        let bytes: Int
        /// What was accepted in this run.
        let paid: Winston
    }

    func run(_ client: HTTP1Client) async throws -> Report {
        let wallet = try Wallet(path: wallet)
        let files = try Self.files(path)
        let uploader = try ArweaveUploader(
            nodes: arguments.nodes(client), wallet: wallet,
            journal: ArweaveArguments.journal(wallet: wallet.address, path: path))
        let progress = ArweaveProgress("sent")
        let index = files.contains { $0.name == "manifest.json" } && files.count > 1 ? "manifest.json" : nil
        var preparation = try await uploader.prepare(files, index: index) { progress.show($0) }
        if asksNewPrice, case .ordered(let order) = preparation {
            for name in try await uploader.giveUpUnposted(order) { Console.note("given up: \(name)") }
            preparation = try await uploader.prepare(files, index: index)
        }
        var paid = Winston.zero
        let order: UploadOrder
        switch preparation {
        case .ordered(let ordered): order = ordered
        case .unpaid(let quote):
            order = try await uploader.order(try accept(quote))
            paid = quote.total
        }
        Console.note("id \(ArweaveArguments.scheme)\(order.packageID)")
        try await uploader.carryOut(order) { progress.show($0) }
        return Report(id: order.packageID, bytes: order.size, paid: paid)
    }

    /// Shows what it costs; nothing is spent without a yes.
    private func accept(_ quote: ArweaveQuote) throws -> AcceptedQuote {
        for item in quote.items { Console.note("\(item.price.inAR)  \(item.name) (\(item.size) bytes)") }
        Console.note("\(quote.total.inAR)  in all, from wallet \(quote.payer)")
        if isAccepted { return quote.accept() }
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("nothing was paid: say --yes to pay \(quote.total.inAR)")
        }
        Console.note("Pay this? Type yes:")
        guard readLine() == "yes" else { throw ValidationError("nothing was paid") }
        return quote.accept()
    }

    /// A file, or all files of a folder whose names do not begin with a dot, in the order of their names.
    static func files(_ path: String) throws -> [UploadFile] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ValidationError("\(path) is not there")
        }
        guard isFolder.boolValue else {
            return [file((path as NSString).lastPathComponent, path)]
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        return names.filter { name in
            var isFolder: ObjCBool = false
            let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
            return !isHidden && FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.map { file($0, "\(path)/\($0)") }
    }

    private static func file(_ name: String, _ path: String) -> UploadFile {
        let type = name.hasSuffix(".json") ? "application/json" : "application/octet-stream"
        return UploadFile(name: name, path: path, contentType: type)
    }
}
