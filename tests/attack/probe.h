// The hostile guest: one program, one case by name. It only tries and says what happened; whether
// that was an escape is judged from outside the box as well (tests/attack/run).
//
// Exit status: 0 the attempt got through; 10 every attempt was refused in an expected way; 11 one
// was refused in another way; 12 no such case, or it could not be tried.
#pragma once

#include <initializer_list>
#include <string>

namespace probe {

enum Status : int { kGotThrough = 0, kDenied = 10, kDeniedOtherwise = 11, kNotTried = 12 };

// Collects the attempts of a case.
class Attempts {
 public:
  // What a system call returned, with errno as it is now: -1 and one of `expected` is a refusal.
  void returned(const std::string& what, long result, std::initializer_list<int> expected);
  // Attempts that are judged by something other than errno.
  void got_through(const std::string& what);
  void refused(const std::string& what);
  int status() const;

 private:
  void say(const char* verdict, const std::string& what) const;
  int through_ = 0;
  int refused_ = 0;
  int otherwise_ = 0;
};

using Run = void (*)(Attempts&, const char* argument);
struct Case {
  const char* name;
  Run run;
};

// Each of these tables ends with an empty name.
extern const Case kFileCases[];
extern const Case kKernelCases[];
extern const Case kResourceCases[];

}  // namespace probe
