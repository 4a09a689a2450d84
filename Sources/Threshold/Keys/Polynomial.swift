import Cryptography

/// Lagrange interpolation and polynomials, on scalars and in the exponent.
enum Polynomial {
    /// λ_i of `participant` for the value at `point`, 0 unless stated (RFC 9591, 4.2).
    static func interpolatingValue(
        of participant: ParticipantIdentifier, among participants: [ParticipantIdentifier], at point: Scalar = .zero
    ) throws(ThresholdError) -> Scalar {
        var numerator = Scalar.one
        var denominator = Scalar.one
        for other in participants where other != participant {
            numerator = numerator * (other.scalar - point)
            denominator = denominator * (other.scalar - participant.scalar)
        }
        return numerator * (try arithmetic { () throws(CryptographyError) in try denominator.inverted() })
    }

    /// f(x) by Horner's rule (RFC 9591, C.1); `coefficients` from the constant upwards, at least one.
    static func evaluate(_ coefficients: [SecretScalar], at participant: ParticipantIdentifier) -> SecretScalar {
        let x = participant.scalar
        return coefficients.dropLast().reversed().reduce(coefficients[coefficients.count - 1]) { $0 * x + $1 }
    }

    /// f(x)·B = Σ x^k·φ_k by Horner's rule (RFC 9591, C.2); `commitments` from the constant upwards, at least one.
    static func evaluate(
        _ commitments: [GroupElement], at participant: ParticipantIdentifier
    ) throws(ThresholdError) -> GroupElement {
        let x = participant.scalar
        return try arithmetic { () throws(CryptographyError) in
            var sum = commitments[commitments.count - 1]
            for commitment in commitments.dropLast().reversed() {
                sum = try x * sum + commitment
            }
            return sum
        }
    }

    /// Σ λ_i·P_i at `point`.
    static func interpolate(
        _ points: [(participant: ParticipantIdentifier, element: GroupElement)], at point: Scalar
    ) throws(ThresholdError) -> GroupElement {
        let participants = points.map(\.participant)
        var sum: GroupElement?
        for (participant, element) in points {
            let weight = try interpolatingValue(of: participant, among: participants, at: point)
            sum = try arithmetic { () throws(CryptographyError) in
                let term = try weight * element
                return if let sum { try sum + term } else { term }
            }
        }
        guard let sum else { throw .identityElement }
        return sum
    }
}
