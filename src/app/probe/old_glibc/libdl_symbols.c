// SPDX-License-Identifier: Apache-2.0
// libdl.so.2 as the linker sees it; see glibc_symbols.h. Since glibc 2.34 these live in libc.so.6,
// and libdl.so.2 is an empty library that still carries the version: a program that names
// libdl.so.2 finds them in both.
#include "glibc_symbols.h"

OB_SYMBOL(dladdr);
OB_SYMBOL(dlclose);
OB_SYMBOL(dlerror);
OB_SYMBOL(dlopen);
OB_SYMBOL(dlsym);
