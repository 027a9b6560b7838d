// SPDX-License-Identifier: Apache-2.0
// The program whose start is timed: prints CLOCK_MONOTONIC in nanoseconds as the first thing it
// does. Every container of a host has the host's clock (no time namespace is made), so the
// difference to a stamp taken before is the time until here.
#include <stdio.h>
#include <time.h>

int main(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  printf("%lld\n", (long long)t.tv_sec * 1000000000LL + t.tv_nsec);
  return 0;
}
