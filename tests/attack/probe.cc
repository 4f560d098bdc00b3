#include "probe.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace probe {

void Attempts::say(const char* verdict, const std::string& what) const {
  std::printf("%s: %s\n", verdict, what.c_str());
  std::fflush(stdout);
}

void Attempts::returned(const std::string& what, long result, std::initializer_list<int> expected) {
  const int number = errno;
  if (result != -1) return got_through(what);
  const std::string told = what + ": " + (std::strerror(number) ?: "?");
  for (const int allowed : expected) {
    if (allowed == number) return refused(told);
  }
  ++otherwise_;
  say("denied otherwise", told);
}

void Attempts::got_through(const std::string& what) {
  ++through_;
  say("through", what);
}

void Attempts::refused(const std::string& what) {
  ++refused_;
  say("denied", what);
}

int Attempts::status() const {
  if (through_ > 0) return kGotThrough;
  if (otherwise_ > 0) return kDeniedOtherwise;
  return refused_ > 0 ? kDenied : kNotTried;
}

}  // namespace probe

int main(int argc, char** argv) {
  const char* argument = argc > 2 ? argv[2] : "";
  for (const probe::Case* table : {probe::kFileCases, probe::kKernelCases, probe::kResourceCases}) {
    for (const probe::Case* one = table; one->run != nullptr; ++one) {
      if (argc < 2 || std::strcmp(one->name, argv[1]) != 0) continue;
      probe::Attempts attempts;
      one->run(attempts, argument);
      return attempts.status();
    }
  }
  std::fprintf(stderr, "usage: probe CASE [ARGUMENT]\n");
  return probe::kNotTried;
}
