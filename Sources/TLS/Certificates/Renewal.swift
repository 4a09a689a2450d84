import COpenSSL

extension Certificate {
    /// Whether two thirds of its life are over at `now`, seconds since 1970: time for the next one.
    public func isDue(now: Int64) -> Bool {
        now >= notBefore + (notAfter - notBefore) / 3 * 2
    }
}

extension CertificateAuthority {
    /// Whether this authority's key signed `other`, be it still good or not.
    public func hasIssued(_ other: Certificate) -> Bool {
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        return X509_verify(other.pointer, privateKey.pointer) == 1
    }

    /// The same certificate once more, from now on and for as long as before: names and key stay.
    /// Throws `CertificateError.notAnAuthority` for another authority's.
    public func renew(
        _ old: Certificate, now: Int64 = CertificateAuthority.now()
    ) throws(CertificateError) -> Certificate {
        guard hasIssued(old), !old.isAuthority else { throw .notAnAuthority }
        let request = CertificateRequest(
            identity: old.identity, commonName: old.commonName, dnsNames: old.dnsNames, ipAddresses: old.ipAddresses,
            publicKey: old.publicKey, lifetime: max(1, old.notAfter - old.notBefore - Self.backdating))
        return try issue(request, now: now)
    }
}
