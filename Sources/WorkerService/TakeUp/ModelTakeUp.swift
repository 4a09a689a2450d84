import DNAProtocol
import Logging

/// Takes up what administrators register while the worker works, one model at a time.
struct ModelTakeUp: Sendable {
    let loader: ModelLoader
    let served: ServedModels
    let hands: AssignmentsInHand
    let aggregator: AggregatorClient
    let pacing: WorkerPacing
    let logger: Logger

    /// Until cancelled.
    func run() async {
        var plan = TakeUpPlan(pause: pacing.registrationInterval, longestPause: pacing.longestTakeUpPause)
        var said: Set<String> = []
        while !Task.isCancelled {
            said = await read(into: &plan, said)
            letGo(&plan)
            while !Task.isCancelled, let model = plan.next(besides: served.ids, now: .now) {
                await takeUp(model, &plan)
            }
            try? await Task.sleep(for: pacing.registrationInterval)
        }
    }

    /// Reads what is registered; each entry must be the administrators' word.
    ///
    /// - Parameter said: what is wrong since the last time, and in the log.
    /// - Returns: what is wrong now.
    private func read(into plan: inout TakeUpPlan, _ said: Set<String>) async -> Set<String> {
        var wrong: Set<String> = []
        do {
            let listed = try await aggregator.registeredModels().models
            let verified = listed.filter { model in
                do {
                    try model.validate(in: loader.genesis)
                    return true
                } catch {
                    wrong.insert("\(model.model.id): \(error)")
                    return false
                }
            }
            plan.note(verified)
            try loader.plainFiles.keep(only: Set(served.ids + verified.map(\.model.id)))
        } catch {
            wrong.insert("\(error)")
        }
        for reason in wrong.subtracting(said) where !Task.isCancelled {
            logger.warning("a registration is not followed", metadata: ["reason": "\(reason)"])
        }
        return wrong
    }

    /// Lets go of what was withdrawn, once nothing of it is in hand.
    private func letGo(_ plan: inout TakeUpPlan) {
        let ended = plan.ended(among: served.taken, grace: pacing.withdrawalGrace, now: .now)
        for id in ended where !hands.state.computing.values.contains(id) {
            served.remove(id)
            logger.notice("a withdrawn model is served no more", metadata: ["model": "\(id)"])
        }
    }

    private func takeUp(_ model: RegisteredModel, _ plan: inout TakeUpPlan) async {
        let id = model.model.id
        do {
            served.insert(try await loader.load(model, besides: served.published))
            logger.notice("a registered model is served", metadata: ["model": "\(id)"])
        } catch {
            guard !Task.isCancelled, plan.fail(model, "\(error)", now: .now) else { return }
            logger.warning("a registered model is not served", metadata: ["model": "\(id)", "reason": "\(error)"])
        }
    }
}
