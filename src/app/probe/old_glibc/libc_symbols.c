// SPDX-License-Identifier: Apache-2.0
// libc.so.6 as the linker sees it; see glibc_symbols.h.
#include "glibc_symbols.h"

OB_SYMBOL(__errno_location);
OB_SYMBOL(__libc_start_main);
OB_SYMBOL(abort);
OB_SYMBOL(close);
OB_SYMBOL(closedir);
OB_SYMBOL(free);
OB_SYMBOL(getenv);
OB_SYMBOL(malloc);
OB_SYMBOL(memcmp);
OB_SYMBOL(memcpy);
OB_SYMBOL(memmove);
OB_SYMBOL(memset);
OB_SYMBOL(open);
OB_SYMBOL(opendir);
OB_SYMBOL(read);
OB_SYMBOL(readdir);
OB_SYMBOL(snprintf);
OB_SYMBOL(strcasecmp);
OB_SYMBOL(strchr);
OB_SYMBOL(strcmp);
OB_SYMBOL(strlen);
OB_SYMBOL(strncasecmp);
OB_SYMBOL(strncmp);
OB_SYMBOL(strrchr);
OB_SYMBOL(strstr);
OB_SYMBOL(syscall);
OB_SYMBOL(vsnprintf);
OB_SYMBOL(write);
