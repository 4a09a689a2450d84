/// A model's id is the SHA-256 of its package's root block, which the manifest hangs on.
enum PackageSchema {
    static let sql = #"""
        -- Models of before, named by their manifests' digests, have none and are not served any more.
        ALTER TABLE models ADD COLUMN root bytea
            CHECK (octet_length(root) BETWEEN 1 AND 65536)
            CHECK (sha256(root) = id);
        """#
}
