// SPDX-License-Identifier: Apache-2.0
// The functions of glibc that programs for foreign images may use. Each is defined here as a name
// without code: the linker reads these libraries in place of the build machine's glibc and so
// writes the OLDEST version of every symbol into the program. Facts: every glibc for x86_64 has had
// the listed functions since GLIBC_2.2.5, every one for aarch64 since GLIBC_2.17, and later
// versions keep them (glibc never drops a symbol version). A function with a younger first version
// (secure_ getenv, clock_gettime before 2.17, fstat before 2.33) must not be added. Nothing here
// ever runs.
#pragma once

#define OB_SYMBOL(name)                                                                    \
  __asm__(".globl " #name "\n.type " #name ", %function\n" #name ": .byte 0\n.size " #name \
          ", "                                                                             \
          "1\n")
