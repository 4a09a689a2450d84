#ifndef DNA_COPENSSL_SHIM_H
#define DNA_COPENSSL_SHIM_H

#include <openssl/evp.h>

#endif
