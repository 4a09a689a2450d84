import Foundation
import Inference
import Testing

/// Measures the functions against values computed with 300 bits.
struct ExactDoubleTests {
    private enum Entry: Decodable {
        case bits(Double)
        case offset(Double)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .bits(Double(bitPattern: try #require(UInt64(text, radix: 16))))
            } else {
                self = .offset(try container.decode(Double.self))
            }
        }

        var value: Double {
            switch self {
            case .bits(let value), .offset(let value): value
            }
        }
    }

    private struct File: Decodable {
        let functions: [String: [[Entry]]]
    }

    /// The largest error in ulps of the true value over a vector set.
    private func worstError(of name: String, _ function: ([Double]) -> Double) throws -> Double {
        let url = try #require(Bundle.module.url(forResource: "Vectors/exact-double", withExtension: "json"))
        let rows = try #require(JSONDecoder().decode(File.self, from: Data(contentsOf: url)).functions[name])
        var worst = 0.0
        for row in rows {
            let values = row.map(\.value)
            let nearest = values[values.count - 2]
            let computed = function(Array(values.dropLast(2)))
            let error = abs((computed - nearest) / nearest.ulp - values[values.count - 1])
            worst = max(worst, error.isNaN ? .infinity : error)
        }
        return worst
    }

    @Test func exponentialIsWithinOneUlp() throws {
        #expect(try worstError(of: "exp") { ExactDouble.exp($0[0]) } < 1)
    }

    @Test func logarithmIsWithinOneUlp() throws {
        #expect(try worstError(of: "log") { ExactDouble.log($0[0]) } < 1)
    }

    @Test func sineAndCosineAreWithinOneUlp() throws {
        #expect(try worstError(of: "sin") { ExactDouble.sin($0[0]) } < 1)
        #expect(try worstError(of: "cos") { ExactDouble.cos($0[0]) } < 1)
    }

    @Test func powerIsWithinOneUlpWhereItIsUsed() throws {
        #expect(try worstError(of: "pow") { ExactDouble.pow($0[0], $0[1]) } < 1)
    }

    @Test func powerIsWithinFourUlpsAtTheEndsOfTheRange() throws {
        #expect(try worstError(of: "pow_wide") { ExactDouble.pow($0[0], $0[1]) } < 4)
    }

    @Test func exceptionalArgumentsHaveStatedResults() {
        #expect(ExactDouble.exp(710) == .infinity)
        #expect(ExactDouble.exp(.infinity) == .infinity)
        #expect(ExactDouble.exp(-746) == 0)
        #expect(ExactDouble.exp(-.infinity) == 0)
        #expect(ExactDouble.exp(.nan).isNaN)
        #expect(ExactDouble.log(0) == -.infinity)
        #expect(ExactDouble.log(-0.0) == -.infinity)
        #expect(ExactDouble.log(.infinity) == .infinity)
        #expect(ExactDouble.log(-1).isNaN)
        #expect(ExactDouble.log(.nan).isNaN)
        for outside in [0x1.0000000000001p22, -1e30, .infinity, .nan] {
            #expect(ExactDouble.sin(outside).isNaN)
            #expect(ExactDouble.cos(outside).isNaN)
        }
        for (base, exponent) in [(0, 1), (-1, 2), (.infinity, 1), (2, .infinity), (.nan, 1), (2, .nan)] {
            #expect(ExactDouble.pow(base, exponent).isNaN)
        }
        #expect(ExactDouble.pow(2, 5000) == .infinity)
        #expect(ExactDouble.pow(2, -5000) == 0)
        #expect(ExactDouble.pow(7, 0) == 1)
    }
}
