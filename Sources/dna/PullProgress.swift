import ModelStorage

/// Shows how far a package's fetch is.
final class PullProgress: Sendable {
    private let line = ProgressLine("fetched", total: 0)

    func show(_ event: PackageEvent) {
        switch event {
        case .planned(let bytes, let present):
            line.expect(bytes)
            line.add(present, isWork: false)
        case .received(let bytes): line.add(bytes)
        case .waiting(let present):
            Console.progress("waiting for another process · \(present / 1_000_000) MB are here")
        case .checking: Console.progress("checking the whole")
        case .banned(let server, let reason): Console.note("\(server) is not asked again: \(reason)")
        case .retrying(let reason): Console.note("trying again: \(reason)")
        case .removed(let id): Console.note("removed \(id) to make room")
        }
    }

    func show(_ event: FetchEvent) {
        switch event {
        case .planned(let bytes, let present): show(PackageEvent.planned(bytes: bytes, present: present))
        case .received(let bytes): show(PackageEvent.received(bytes))
        case .banned(let gateway, let reason): show(PackageEvent.banned(server: gateway, reason: reason))
        }
    }
}
