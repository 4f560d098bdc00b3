// Group E: taking more than there is. Whether the host noticed is judged outside; the probe says
// whether a wall was met.
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "probe.h"

namespace probe {
namespace {

// Until the process limit; every child waits for its end.
void fork_bomb(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    if (child < 0) return attempts.returned("fork " + std::to_string(i), -1, {EAGAIN});
  }
  attempts.got_through(std::string(most) + " processes");
}

void thread_bomb(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    pthread_t thread{};
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, 64 * 1024);
    errno = ::pthread_create(
        &thread, &attributes,
        [](void*) -> void* {
          ::pause();
          return nullptr;
        },
        nullptr);
    if (errno != 0) return attempts.returned("thread " + std::to_string(i), -1, {EAGAIN});
  }
  attempts.got_through(std::string(most) + " threads");
}

// 64 processes with `mebibytes` each, all at once; ends by signal when the limit is met.
void memory_of_many(Attempts& attempts, const char* mebibytes) {
  const std::size_t size = static_cast<std::size_t>(std::atoi(mebibytes)) << 20;
  constexpr int kProcesses = 60;
  int ends[2];
  if (::pipe(ends) != 0) return;
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) std::memset(memory, 1, size);
    (void)!::write(ends[1], "x", 1);
    ::sleep(60);
    ::_exit(0);
  }
  char byte = 0;
  for (int i = 0; i < kProcesses; ++i) (void)!::read(ends[0], &byte, 1);
  ::sleep(3);  // whoever looks from time to time gets to look
  attempts.got_through("all of them kept their memory");
}

void shared_memory_loop(Attempts& attempts, const char* mebibytes) {
  for (int i = 0; i < std::atoi(mebibytes); ++i) {
    const int id = ::shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
    if (id < 0) {
      return attempts.returned("shmget " + std::to_string(i), -1, {ENOSPC, EPERM, ENOMEM, ENOSYS});
    }
    void* memory = ::shmat(id, nullptr, 0);
    if (memory != reinterpret_cast<void*>(-1)) {
      std::memset(memory, 1, 1 << 20);
      ::shmdt(memory);
    }
  }
  attempts.got_through(std::string(mebibytes) + " MiB of SysV segments");
}

void pipe_buffers(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK) != 0) {
      return attempts.returned("pipe " + std::to_string(i), -1, {EMFILE, ENFILE});
    }
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  }
  attempts.got_through(std::string(most) + " pipes");
}

// In /tmp: bytes, then names.
void fill_disk(Attempts& attempts, const char* mebibytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  const int fd = ::open("/tmp/big", O_WRONLY | O_CREAT, 0600);
  static char block[1 << 20];
  long written = 0;
  for (; written < std::atoi(mebibytes); ++written) {
    if (::write(fd, block, sizeof block) != static_cast<ssize_t>(sizeof block)) break;
  }
  if (written == std::atoi(mebibytes)) return attempts.got_through("bytes");
  attempts.refused("/tmp took " + std::to_string(written) + " MiB");
  attempts.returned("fallocate 1 TiB", ::fallocate(fd, 0, 0, 1L << 40), {ENOSPC, EFBIG});
  ::close(fd);
  ::unlink("/tmp/big");
}

void fill_names(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    const int fd = ::open(("/tmp/n" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT, 0600);
    if (fd < 0) return attempts.returned("file " + std::to_string(i), -1, {ENOSPC});
    ::close(fd);
  }
  attempts.got_through(std::string(most) + " names");
}

// Leaves everything it was told by and goes on for a minute.
void survive(Attempts& attempts, const char* name) {
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (int fd = 0; fd < 64; ++fd) ::close(fd);
    ::execl(name, name, "sleep", "60", static_cast<char*>(nullptr));
    ::_exit(1);
  }
  attempts.refused("a survivor was started");
}

void sleep_on(Attempts& attempts, const char* time) {
  ::sleep(static_cast<unsigned>(std::atoi(time)));
  attempts.refused("slept");
}

void zombies(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::fork() == 0) ::_exit(0);  // an orphan, for PID 1
      ::_exit(0);
    }
    if (child < 0) return attempts.returned("child " + std::to_string(i), -1, {EAGAIN});
  }
  attempts.got_through(std::string(most) + " zombies");
}

void event_descriptors(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    const int kind = i % 4;
    const int fd = kind == 0   ? ::eventfd(0, 0)
                   : kind == 1 ? ::epoll_create1(0)
                   : kind == 2 ? ::timerfd_create(CLOCK_MONOTONIC, 0)
                               : ::inotify_init1(0);
    if (fd < 0 && (kind != 3 || i < 20)) {  // of inotify the host gives few to everybody
      return attempts.returned("event descriptor " + std::to_string(i), -1, {EMFILE});
    }
  }
  attempts.got_through(std::string(most) + " event descriptors");
}

// Timers take no descriptor; their signals count against a limit of their own.
void timers(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    timer_t timer{};
    if (::timer_create(CLOCK_MONOTONIC, nullptr, &timer) != 0) {
      return attempts.returned("timer " + std::to_string(i), -1, {EAGAIN});
    }
  }
  attempts.got_through(std::string(most) + " timers");
}

void message_queues(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    mq_attr attributes{};
    attributes.mq_maxmsg = 10;
    attributes.mq_msgsize = 8192;
    const std::string name = "/q" + std::to_string(i);
    if (::mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, &attributes) < 0) {
      return attempts.returned("mq_open " + std::to_string(i), -1,
                               {EMFILE, ENOSPC, EPERM, ENOSYS, EACCES, ENOMEM});
    }
  }
  attempts.got_through(std::string(most) + " queues");
}

// `processes:milliseconds` of processor time each.
void spin(Attempts& attempts, const char* order) {
  const int processes = std::atoi(order);
  const long most = std::atol(std::strchr(order, ':') + 1);
  for (int i = 1; i < processes; ++i) {
    if (::fork() == 0) break;
  }
  timespec used{};
  do {
    for (int i = 0; i < 1'000'000; ++i) asm volatile("");
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < most);
  while (::wait(nullptr) > 0) {
  }
  attempts.got_through(std::string(order) + " ms of processor time");
}

// Names that are not there leave traces in the kernel's caches: it ends by the clock.
void missing_names(Attempts& attempts, const char* most) {
  struct stat facts{};
  for (long i = 0; i < std::atol(most); ++i) {
    (void)::stat(("/workspace/missing-" + std::to_string(i)).c_str(), &facts);
  }
  attempts.got_through(std::string(most) + " names were looked for");
}

// Below `name`: folders of 200 bytes each, one in the other.
void deep_folders(Attempts& attempts, const char* most) {
  const std::string name(200, 'd');
  int folder = ::open("deep", O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < std::atoi(most); ++i) {
    if (::mkdirat(folder, name.c_str(), 0700) != 0) {
      return attempts.returned("folder " + std::to_string(i), -1, {});
    }
    const int next = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY);
    ::close(folder);
    folder = next;
  }
  ::close(::openat(folder, "needle", O_WRONLY | O_CREAT, 0600));
  attempts.refused("made");
}

}  // namespace

const Case kResourceCases[] = {
    {"E01", fork_bomb},
    {"E02", thread_bomb},
    {"E04", memory_of_many},
    {"E05", shared_memory_loop},
    {"E07", pipe_buffers},
    {"E08", fill_disk},
    {"E08-names", fill_names},
    {"E13", survive},
    {"E14", zombies},
    {"E19", event_descriptors},
    {"E19-timers", timers},
    {"E20", message_queues},
    {"E23", spin},
    {"E31", missing_names},
    {"A19", deep_folders},
    {"sleep", sleep_on},
    {nullptr, nullptr},
};

}  // namespace probe
