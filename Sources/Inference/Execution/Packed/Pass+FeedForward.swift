import Kernels

extension Pass {
    /// The feed-forward half of a layer.
    func feedForward(_ half: FeedForward<PackedTensors>) {
        for row in share.of(work.count) { normalize(half.norm, row: row, into: work.normed, at: row) }
        share.barrier()
        switch half.network {
        case .gated(let network): pass(network, postNorm: half.postNorm)
        case .experts(let experts): pass(experts, postNorm: half.postNorm)
        }
    }

    private func pass(_ network: GatedNetwork<PackedTensors>, postNorm: [Float]?) {
        let rows = 0..<work.count
        multiply(network.gate, work.normed, rows: rows, into: work.gate)
        multiply(network.up, work.normed, rows: rows, into: work.up)
        share.barrier()
        for row in share.of(work.count) { activate(network, slot: row, row: row) }
        share.barrier()
        let added = postNorm == nil
        multiply(
            network.down, work.activated, rows: rows, into: added ? work.residual : work.branch, adding: added)
        share.barrier()
        guard let postNorm else { return }
        for row in share.of(work.count) { addBranch(postNorm, row: row) }
    }

    /// Gate and up of a slot to the input of `down`. A slot is a row, or a row in one of its experts.
    private func activate(_ network: GatedNetwork<PackedTensors>, slot: Int, row: Int) {
        kernels.activate(
            network.activation, gate: work.gate.row(slot), up: work.up.row(slot), count: network.length,
            into: work.activated.floats(slot))
        if !kernels.quantize(work.activated, token: slot) { work.fail(row, share.index) }
    }

    private func pass(_ experts: Experts<PackedTensors>, postNorm: [Float]?) {
        guard let slots = work.experts else { preconditionFailure("no memory for experts") }
        multiply(experts.router, work.normed, rows: 0..<work.count, into: slots.router)
        share.barrier()
        if share.index == 0 { slots.assign(rows: work.count, used: experts.used) { work.fail($0, 0) } }
        share.barrier()
        for slot in share.of(slots.count) { slots.input.copy(work.normed, token: slots.row(slot), to: slot) }
        share.barrier()
        for (expert, network) in experts.networks.enumerated() where !slots.slots(of: expert).isEmpty {
            multiply(network.gate, slots.input, rows: slots.slots(of: expert), into: work.gate)
            multiply(network.up, slots.input, rows: slots.slots(of: expert), into: work.up)
        }
        share.barrier()
        for slot in share.of(slots.count) {
            activate(experts.networks[slots.expert(slot)], slot: slot, row: slots.row(slot))
        }
        share.barrier()
        for (expert, network) in experts.networks.enumerated() where !slots.slots(of: expert).isEmpty {
            multiply(network.down, work.activated, rows: slots.slots(of: expert), into: slots.output)
        }
        share.barrier()
        for row in share.of(work.count) {
            let branch = work.branch.row(row)
            branch.update(repeating: 0, count: width)
            slots.forEachSlot(of: row) { slot, weight in
                kernels.accumulate(slots.output.row(slot), weight: weight, into: branch, count: width)
            }
            addBranch(postNorm, row: row)
        }
    }
}
