#ifndef DNA_COPENSSL_SHIM_H
#define DNA_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Deprecated for EVP, which allocates for every hash.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

static inline int dna_SHA256_Init(SHA256_CTX *context) { return SHA256_Init(context); }

static inline int dna_SHA256_Update(SHA256_CTX *context, const void *bytes, size_t count) {
    return SHA256_Update(context, bytes, count);
}

static inline int dna_SHA256_Final(unsigned char *digest, SHA256_CTX *context) { return SHA256_Final(digest, context); }

#pragma clang diagnostic pop

// Macros and variadic functions, which Swift does not see.

static inline EVP_PKEY *dna_EVP_P256_gen(void) { return EVP_EC_gen("P-256"); }

static inline EVP_PKEY *dna_EVP_ED25519_gen(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

static inline EVP_PKEY *dna_EVP_RSA_gen(unsigned int bits) { return EVP_RSA_gen(bits); }

static inline int dna_EVP_PKEY_selection(int is_private) { return is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY; }

static inline long dna_BIO_get_mem_data(BIO *bio, const unsigned char **data) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *data = (const unsigned char *)start;
    return count;
}

static inline long dna_BIO_reset(BIO *bio) { return BIO_reset(bio); }

static inline long dna_BIO_set_mem_eof_return(BIO *bio, long value) { return BIO_set_mem_eof_return(bio, value); }

static inline long dna_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline long dna_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}

static inline long dna_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return SSL_CTX_set1_groups_list(context, list);
}

static inline long dna_SSL_CTX_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }

static inline long dna_SSL_CTX_set_max_cert_list(SSL_CTX *context, long bytes) {
    return SSL_CTX_set_max_cert_list(context, bytes);
}

static inline long dna_SSL_CTX_add1_chain_cert(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate);
}

static inline long dna_SSL_set_tlsext_host_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

// Every handshake is a full one, and only one: no resumption, no renegotiation, no compression.
static inline uint64_t dna_SSL_CTX_set_full_handshakes(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
}

static inline int dna_ERR_is_end_of_pem(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static inline int dna_GENERAL_NAMES_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

static inline const GENERAL_NAME *dna_GENERAL_NAMES_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

#endif
