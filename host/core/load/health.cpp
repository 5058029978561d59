// The only file of the load with Linux's own calls: RUSAGE_THREAD and /proc/stat.
#include "core/load/health.hpp"

#include <cstdio>
#include <ctime>

#include <sys/resource.h>
#include <unistd.h>

namespace core::load {

namespace {

std::int64_t clock_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

ThreadUsage thread_usage() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {clock_of(CLOCK_THREAD_CPUTIME_ID), usage.ru_nivcsw};
}

std::int64_t process_cpu_ns() { return clock_of(CLOCK_PROCESS_CPUTIME_ID); }

double stolen_s() {
  std::FILE* file = std::fopen("/proc/stat", "r");
  if (!file) return -1;
  unsigned long long v[8] = {};
  const int got = std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
                              &v[4], &v[5], &v[6], &v[7]);
  std::fclose(file);
  return got == 8 ? static_cast<double>(v[7]) / static_cast<double>(sysconf(_SC_CLK_TCK)) : -1;
}

}  // namespace core::load
