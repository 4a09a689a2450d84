#ifndef DNA_CPQ_SHIM_H
#define DNA_CPQ_SHIM_H

#include <libpq-fe.h>

#endif
