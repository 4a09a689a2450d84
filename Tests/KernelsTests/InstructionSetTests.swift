import Kernels
import Testing

struct InstructionSetTests {
    @Test func autoResolvesToSomethingThatRuns() {
        #expect(InstructionSet.auto.resolved != .auto)
        #expect(InstructionSet.auto.resolved.isAvailable)
        #expect(KernelSet(.auto) != nil)
    }

    @Test func referenceHasNoKernels() {
        #expect(KernelSet(.reference) == nil)
    }

    @Test func testThreadsHaveTheDefaultFloatEnvironment() {
        #expect(FloatEnvironment.isExact)
    }

    @Test func refusesScalesThatAreNotFinite() {
        var block = [UInt8](repeating: 0, count: 34)
        block[1] = 0x7c
        let matrix = block.withUnsafeBytes { PackedMatrix(format: .q8_0, rows: 1, columns: 32, source: $0) }
        #expect(matrix == nil)
    }
}
