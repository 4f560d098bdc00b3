// c-ares asks the C library for the port numbers of service names, in functions that we never
// call. The C library's answer would load code named by /etc/nsswitch.conf: there is no answer.
#include <cstddef>

struct servent;

extern "C" {

servent* getservbyname(const char*, const char*);
servent* getservbyname(const char*, const char*) {
  return nullptr;
}

int getservbyport_r(int, const char*, servent*, char*, std::size_t, servent**);
int getservbyport_r(int, const char*, servent*, char*, std::size_t, servent** found) {
  *found = nullptr;
  return 0;
}

}  // extern "C"
