# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and the two helpers that every folder uses:
#   outboard_library(NAME SOURCES ... LINK ...)   a static library
#   outboard_test(NAME SOURCES ... LINK ...)      a doctest program, listed in BUILD/unit_tests/ for test/run
# GCC 12 sees overlapping copies in std::string's own operator+ (-Wrestrict, GCC bug 105651), with optimisation only.
add_library(outboard_options INTERFACE)
target_compile_options(outboard_options INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wno-sign-conversion -Werror -fno-plt
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-unknown-warning-option>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
# What a program does not call is not in it: the runtime is loaded at every start of a container.
target_compile_options(outboard_options INTERFACE -ffunction-sections -fdata-sections)
target_link_options(outboard_options INTERFACE -Wl,--gc-sections)
target_include_directories(outboard_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_compile_definitions(outboard_options INTERFACE _GNU_SOURCE OUTBOARD_VERSION="${PROJECT_VERSION}")
if(OUTBOARD_SANITIZE)
  target_compile_options(outboard_options INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(outboard_options INTERFACE -fsanitize=address,undefined)
endif()
if(OUTBOARD_FUZZ)  # coverage for libFuzzer (test/fuzz), which clang alone has
  target_compile_options(outboard_options INTERFACE -fsanitize=fuzzer-no-link
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/test/fuzz/sanitizer_ignorelist.txt)
endif()

# Programs are linked without the C++ run-time library as a shared object, so that they run where libstdc++ is older or absent.
function(outboard_standalone target)
  if(NOT OUTBOARD_SANITIZE)
    # Without a symbol table, which no debug information goes with anyway.
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc -s)
  endif()
endfunction()

function(outboard_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC outboard_options ${arg_LINK})
endfunction()

# Not part of `all`: `make demo` and `make install` need no test framework.
add_custom_target(unit_tests)
function(outboard_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE outboard_test_main ${arg_LINK})
  add_dependencies(unit_tests ${name})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/unit_tests/${name} CONTENT "$<TARGET_FILE:${name}>\n")
endfunction()
