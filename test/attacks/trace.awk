# SPDX-License-Identifier: Apache-2.0
# Reads `strace -f -qq -y -s 4096` and prints what was done, one line each: WHO, ACTION and PATH. WHO is "helper" after a process
# has executed HELPER, else "runtime"; what a process does once it has executed any other program is left out. ACTION is "look"
# (status, link text, O_PATH), "read", "write" (opened for writing, made, renamed, removed, changed), "run", or "call" with the
# name of any other system call in the place of the path. Paths are absolute. -v RUNTIME=..., HELPER=...

# The text between the first and the second quote of `text`.
function quoted(text) { return match(text, /"[^"]*"/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
# The path that strace gives for the first descriptor in `text`.
# One of a file without a name (O_TMPFILE) is DIRECTORY/#INODE.
function descriptor(text,    path) {
  path = match(text, /<[^>]*>/) ? substr(text, RSTART + 1, RLENGTH - 2) : ""
  sub(/\/#[0-9]+$/, "/(unnamed)", path)
  return path
}
function joined(directory, name,    path) {
  path = name ~ /^\// ? name : directory "/" name
  if (name == "") path = directory
  gsub(/\/\.(\/|$)/, "/", path)
  gsub(/\/+/, "/", path)
  sub(/(.)\/$/, "&", path)
  if (path != "/") sub(/\/$/, "", path)
  return path
}
function say(action, path) { print (pid in helper ? "helper" : "runtime") " " action " " path }

/^[0-9]+ +(\+\+\+|---|<\.\.\.)/ { next }
{
  pid = $1
  line = $0
  sub(/^[0-9]+ +/, "", line)
  if (gone[pid] || !match(line, /^[a-z0-9_]+\(/)) next
  name = substr(line, 1, RLENGTH - 1)
  text = substr(line, RLENGTH + 1)
  first = text
  sub(/, .*/, "", first)

  if (name == "execve") {
    path = quoted(text)
    if (line ~ /= -1/) { say("run", path); next }
    if (path != RUNTIME || started++) say("run", path)
    if (path == HELPER) helper[pid] = 1
    if (path != RUNTIME && path != HELPER) gone[pid] = 1
  } else if (name == "openat2") {
    path = joined(descriptor(first), "")
    inside = quoted(text)
    path = text ~ /RESOLVE_IN_ROOT/ ? path "/" inside : joined(path, inside)
    say(text ~ /O_PATH/ ? "look" : (text ~ /O_CREAT|O_WRONLY|O_RDWR/ ? "write" : "read"), joined("", path))
  } else if (name == "openat" || name == "open") {
    path = joined(name == "open" ? "" : descriptor(first), quoted(text))
    if (text ~ /O_TMPFILE/) path = path "/(unnamed)"
    say(text ~ /O_PATH/ ? "look" : (text ~ /O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/ ? "write" : "read"), path)
  } else if (name ~ /^(newfstatat|statx|faccessat|faccessat2|readlinkat)$/) {
    say("look", joined(descriptor(first), quoted(text)))
  } else if (name ~ /^(stat|lstat|access|readlink|chdir)$/) {
    say("look", joined("", quoted(text)))
  } else if (name ~ /^(mkdirat|mknodat|unlinkat|fchmodat|fchmodat2|fchownat)$/) {
    say("write", joined(descriptor(first), quoted(text)))
  } else if (name ~ /^(mkdir|unlink|rmdir|chmod|chown|truncate)$/) {
    say("write", joined("", quoted(text)))
  } else if (name ~ /^(fchmod|fchown)$/) {
    say("write", descriptor(first))
  } else if (name ~ /^(renameat|renameat2|linkat)$/) {
    say(name == "linkat" ? "look" : "write", joined(descriptor(first), quoted(text)))
    rest = text
    sub(/^[^"]*"[^"]*", /, "", rest)
    say("write", joined(descriptor(rest), quoted(rest)))
  } else if (name == "symlink") {
    rest = text
    sub(/^"[^"]*", /, "", rest)
    say("write", joined("", quoted(rest)))
  } else {
    say("call", name)
  }
}
