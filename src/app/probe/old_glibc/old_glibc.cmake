# SPDX-License-Identifier: Apache-2.0
# Programs and libraries in C that run inside foreign images, back to glibc 2.17:
#   outboard_old_glibc_program(NAME SOURCES ...)            a dynamic executable
#   outboard_old_glibc_library(NAME SONAME X SOURCES ...)   a shared library
# They are linked against link-time stand-ins of libc.so.6 and libdl.so.2 (glibc_symbols.h says why), so
# they need nothing else: no libgcc, no libstdc++, no sanitizer.
include_guard(GLOBAL)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(outboard_glibc_version GLIBC_2.2.5)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(outboard_glibc_version GLIBC_2.17)
else()
  message(FATAL_ERROR "no oldest glibc version is known for ${CMAKE_SYSTEM_PROCESSOR}")
endif()
set(outboard_glibc_map ${CMAKE_BINARY_DIR}/old_glibc/symbols.map)
file(CONFIGURE OUTPUT ${outboard_glibc_map} CONTENT "${outboard_glibc_version} { *; };\n")
execute_process(
  COMMAND ${CMAKE_C_COMPILER} -print-file-name=crt1.o
  OUTPUT_VARIABLE outboard_crt1 OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

# No start files, no default libraries and no hardening that would call into a younger glibc.
add_library(outboard_old_glibc_options INTERFACE)
target_compile_options(outboard_old_glibc_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Werror -O2 -g0 -U_FORTIFY_SOURCE -fno-stack-protector
  -fno-sanitize=all -fno-lto -ffp-contract=off -fno-asynchronous-unwind-tables -fvisibility=hidden)
target_compile_definitions(outboard_old_glibc_options INTERFACE
  _GNU_SOURCE OUTBOARD_VERSION="${PROJECT_VERSION}")
target_link_options(outboard_old_glibc_options INTERFACE
  -nostdlib -fno-lto -Wl,--as-needed -Wl,--hash-style=gnu -Wl,-z,relro -Wl,-z,noexecstack
  -Wl,--no-undefined -Wl,--build-id=sha1)

# What a program has besides.
add_library(outboard_old_glibc_start INTERFACE)
target_compile_options(outboard_old_glibc_start INTERFACE -fno-pie)
target_link_options(outboard_old_glibc_start INTERFACE -no-pie ${outboard_crt1})

foreach(name c dl)
  if(name STREQUAL "c")
    set(soname libc.so.6)
  else()
    set(soname libdl.so.2)
  endif()
  add_library(outboard_old_lib${name} SHARED ${CMAKE_CURRENT_LIST_DIR}/lib${name}_symbols.c)
  set_target_properties(outboard_old_lib${name} PROPERTIES
    NO_SONAME ON LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/old_glibc
    PREFIX "" OUTPUT_NAME ${soname} SUFFIX "" LINK_DEPENDS ${outboard_glibc_map})
  target_link_options(outboard_old_lib${name} PRIVATE
    -nostdlib -Wl,-soname,${soname} -Wl,--version-script,${outboard_glibc_map})
endforeach()

function(outboard_old_glibc_program name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_options(${name} PRIVATE -s)
  set_target_properties(${name} PROPERTIES SKIP_BUILD_RPATH ON)
  target_link_libraries(${name} PRIVATE
    outboard_old_glibc_start outboard_old_glibc_options outboard_old_libc outboard_old_libdl)
endfunction()

function(outboard_old_glibc_library name)
  cmake_parse_arguments(arg "" "SONAME" "SOURCES" ${ARGN})
  add_library(${name} SHARED ${arg_SOURCES})
  target_link_options(${name} PRIVATE -s -Wl,-soname,${arg_SONAME})
  set_target_properties(${name} PROPERTIES SKIP_BUILD_RPATH ON NO_SONAME ON
    PREFIX "" OUTPUT_NAME ${arg_SONAME} SUFFIX "")
  target_link_libraries(${name} PRIVATE outboard_old_glibc_options outboard_old_libc outboard_old_libdl)
endfunction()
