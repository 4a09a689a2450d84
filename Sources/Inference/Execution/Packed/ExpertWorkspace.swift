import Kernels

/// Which rows pass which experts: a slot is a row in one of its experts, and an expert's slots lie together.
final class ExpertWorkspace: @unchecked Sendable {
    let router, output: TokenRows
    let input: MatrixInput
    private(set) var count = 0
    private let experts: Int
    private var used = 0
    /// Of every row, its experts ascending, and their weights.
    private let chosen: UnsafeMutablePointer<Int>
    private let weights: UnsafeMutablePointer<Float>
    /// The slot of every row's choice.
    private let slotOfChoice: UnsafeMutablePointer<Int32>
    private let choiceOfSlot: UnsafeMutablePointer<Int32>
    /// Where each expert's slots begin, and where the last one's end.
    private let firstSlot: UnsafeMutablePointer<Int32>

    init(experts: Int, width: Int, rows: Int, slots: Int) {
        self.experts = experts
        router = TokenRows(experts, rows: rows)
        output = TokenRows(width, rows: slots)
        input = MatrixInput(columns: width, capacity: slots)
        chosen = .zeroed(slots)
        weights = .zeroed(slots)
        slotOfChoice = .zeroed(slots)
        choiceOfSlot = .zeroed(slots)
        firstSlot = .zeroed(experts + 1)
    }

    deinit {
        chosen.deallocate()
        weights.deallocate()
        slotOfChoice.deallocate()
        choiceOfSlot.deallocate()
        firstSlot.deallocate()
    }

    /// Chooses experts by the router's logits, and gives every choice a slot. A row whose logits are not finite is
    /// handed to `fail`; its results mean nothing.
    func assign(rows: Int, used: Int, fail: (Int) -> Void) {
        (self.used, count) = (used, rows * used)
        firstSlot.update(repeating: 0, count: experts + 1)
        for row in 0..<rows {
            let chosen = UnsafeMutableBufferPointer(start: chosen + row * used, count: used)
            let finite = ExpertRouting.route(
                logits: UnsafeBufferPointer(start: router.row(row), count: experts), experts: chosen,
                weights: UnsafeMutableBufferPointer(start: weights + row * used, count: used))
            if !finite {
                fail(row)
                for choice in chosen.indices { chosen[choice] = choice }
            }
            for expert in chosen { firstSlot[expert + 1] += 1 }
        }
        for expert in 0..<experts { firstSlot[expert + 1] += firstSlot[expert] }
        for choice in 0..<count {
            let slot = firstSlot[chosen[choice]]
            firstSlot[chosen[choice]] += 1
            (slotOfChoice[choice], choiceOfSlot[Int(slot)]) = (slot, Int32(choice))
        }
        // Every start has moved to its end, which is where the next one starts.
        for expert in (0..<experts).reversed() { firstSlot[expert + 1] = firstSlot[expert] }
        firstSlot[0] = 0
    }

    func slots(of expert: Int) -> Range<Int> { Int(firstSlot[expert])..<Int(firstSlot[expert + 1]) }
    func row(_ slot: Int) -> Int { Int(choiceOfSlot[slot]) / used }
    func expert(_ slot: Int) -> Int { chosen[Int(choiceOfSlot[slot])] }

    /// Calls `body` with a row's slots and their weights, experts ascending.
    func forEachSlot(of row: Int, _ body: (Int, Float) -> Void) {
        for choice in row * used..<(row + 1) * used { body(Int(slotOfChoice[choice]), weights[choice]) }
    }
}
