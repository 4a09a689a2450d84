import Foundation
import Inference
import Testing

struct NoiseTests {
    private struct File: Decodable {
        struct Row: Decodable {
            let seed: NoiseSeed
            let position: UInt32
            let token: TokenID
            let word: UInt32
            let gumbel: Double
        }

        let rows: [Row]
    }

    /// Random123, known answers of philox4x32 with 10 rounds.
    @Test func philoxGivesTheKnownAnswers() {
        let ones = UInt32.max
        #expect(
            Philox.block(key: SIMD2(0, 0), counter: SIMD4(0, 0, 0, 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            Philox.block(key: SIMD2(ones, ones), counter: SIMD4(ones, ones, ones, ones))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            Philox.block(
                key: SIMD2(0xa409_3822, 0x299f_31d0),
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func noiseAgreesWithASeparateProgram() throws {
        let url = try #require(Bundle.module.url(forResource: "Vectors/noise", withExtension: "json"))
        let rows = try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).rows
        #expect(rows.count > 100)
        for row in rows {
            let word = Noise(seed: row.seed).word(position: row.position, token: row.token)
            #expect(word == row.word)
            #expect(abs(Noise.gumbel(word) - row.gumbel) <= 2 * max(row.gumbel.ulp, 0x1p-53))
        }
    }

    @Test func boundsOfNoiseHold() {
        var words: [UInt32] = [0, 1, .max, .max - 1]
        for bit in 0..<32 { words += [1 << bit, (1 << bit) - 1, ~(1 << bit), ~((1 << bit) - 1)] }
        words += (0..<100_000).map { UInt32($0) &* 2_654_435_761 }
        for word in words {
            let gumbel = Noise.gumbel(word)
            #expect(gumbel.isFinite && gumbel <= Noise.bound(word) && gumbel < Noise.upperBound)
        }
    }

    @Test func seedIsSixtyFourHexadecimalDigitsInJSON() throws {
        let seed = try #require(NoiseSeed(bytes: Array(0..<32)))
        let json = try JSONEncoder().encode([seed])
        #expect(String(decoding: json, as: UTF8.self).hasPrefix("[\"00010203"))
        #expect(try JSONDecoder().decode([NoiseSeed].self, from: json) == [seed])
        #expect(NoiseSeed(bytes: [1, 2]) == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([NoiseSeed].self, from: Data("[\"00\"]".utf8)) }
    }
}
