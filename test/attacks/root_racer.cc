// SPDX-License-Identifier: Apache-2.0
// Swaps PATH and OTHER with each other (renameat2, RENAME_EXCHANGE), a pair at random after a
// random time of up to LONGEST microseconds, until it is stopped: `root_racer LONGEST PATH
// OTHER...`. Two names of a pair lie in one directory, which is opened at the start. On SIGTERM
// every pair is put right again and the number of swaps is printed.
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

static volatile sig_atomic_t stopped = 0;
static void stop(int) {
  stopped = 1;
}

struct Pair {
  int directory;
  std::string name, other;
  bool swapped;
};

static bool swap(Pair& pair) {
  if (::renameat2(pair.directory, pair.name.c_str(), pair.directory, pair.other.c_str(),
                  RENAME_EXCHANGE) != 0) {
    ::perror(pair.name.c_str());
    return false;
  }
  pair.swapped = !pair.swapped;
  return true;
}

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) return 2;
  struct sigaction action {};
  action.sa_handler = stop;
  sigaction(SIGTERM, &action, nullptr);
  long longest = ::atol(argv[1]);
  std::vector<Pair> pairs;
  for (int i = 2; i + 1 < argc; i += 2) {
    std::string path = argv[i], other = argv[i + 1];
    size_t slash = path.rfind('/');
    int directory = ::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY);
    pairs.push_back({directory, path.substr(slash + 1), other.substr(other.rfind('/') + 1), false});
  }
  unsigned long swaps = 0;
  while (!stopped) {
    if (!swap(pairs[static_cast<size_t>(::random()) % pairs.size()])) return 1;
    swaps++;
    if (longest > 0) ::usleep(static_cast<useconds_t>(::random() % longest));
  }
  for (Pair& pair : pairs) {
    if (pair.swapped && !swap(pair)) return 1;
  }
  ::printf("%lu\n", swaps);
  return 0;
}
