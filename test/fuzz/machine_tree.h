// SPDX-License-Identifier: Apache-2.0
// A machine's files from one text, for readers of directories. A line "=== PATH" starts a file,
// whose content is what follows up to the next such line; "=== PATH -> TARGET" is a symbolic link,
// "=== PATH/" a directory and "=== PATH elf64 SONAME" (or elf32) a library. Paths are below proc,
// sys, dev or root.
#pragma once

#include <string>
#include <string_view>

namespace outboard::fuzz {

/// Makes the tree in an empty directory. What cannot be made (names that are too long, a file where
/// a directory is wanted, a link that leads out of the tree) is left out.
void make_machine_tree(const std::string& directory, std::string_view text);

}  // namespace outboard::fuzz
