// Groups A and D: the view of files, mounts, sockets and what is left behind.
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "probe.h"

extern char** environ;

namespace probe {
namespace {

// Paths separated by `:`.
template <class Each>
void each_path(const char* list, Each each) {
  std::string rest = list;
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    each(rest.substr(0, end));
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
  }
}

// A host file must not even be seen: EACCES would tell that it is there.
void read_host_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    attempts.returned("read " + path, fd, {ENOENT});
    char byte = 0;
    if (fd >= 0 && ::read(fd, &byte, 1) >= 0) ::close(fd);
  });
}

void write_host_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND);
    attempts.returned("append to " + path, fd, {ENOENT, EROFS, EACCES});
    if (fd >= 0) {
      (void)!::write(fd, "owned\n", 6);
      ::close(fd);
    }
  });
}

void create_host_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    attempts.returned("create " + path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600),
                      {ENOENT, EROFS, EACCES});
  });
}

// Neither to be read nor, which root could, to be written; nothing is written here.
void open_kernel_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    for (const int how : {O_RDONLY, O_WRONLY}) {
      const int fd = ::open(path.c_str(), how);
      attempts.returned((how == O_RDONLY ? "open " : "open for writing ") + path, fd, {ENOENT});
      if (fd >= 0) ::close(fd);
    }
  });
}

void write_kernel_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY);
    attempts.returned("open for writing " + path, fd, {ENOENT, EROFS, EACCES, EPERM});
    if (fd >= 0) ::close(fd);
  });
}

// An outside file under a name of the workspace's own.
void link_host_files(Attempts& attempts, const char* paths) {
  each_path(paths, [&](const std::string& path) {
    attempts.returned("link " + path, ::link(path.c_str(), "linked"),
                      {ENOENT, EXDEV, EPERM, EACCES});
    attempts.returned("link what it leads to",
                      ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, "linked", AT_SYMLINK_FOLLOW),
                      {ENOENT, EXDEV, EPERM, EACCES});
  });
}

void change_mounts(Attempts& attempts, const char* path) {
  ::mkdir("m", 0700);
  attempts.returned("mount tmpfs", ::mount("none", "m", "tmpfs", 0, nullptr), {EPERM});
  attempts.returned("bind /", ::mount("/", "m", nullptr, MS_BIND, nullptr), {EPERM});
  attempts.returned("remount / writable",
                    ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr), {EPERM});
  attempts.returned("umount", ::umount2(path, MNT_DETACH), {EPERM});
  attempts.returned("pivot_root", ::syscall(SYS_pivot_root, ".", "m"), {EPERM});
  attempts.returned("chroot", ::chroot("m"), {EPERM});
  ::rmdir("m");
}

void new_mount_calls(Attempts& attempts, const char*) {
  attempts.returned("fsopen", ::syscall(SYS_fsopen, "tmpfs", 0), {EPERM, ENOSYS});
  attempts.returned("open_tree", ::syscall(SYS_open_tree, AT_FDCWD, "/", 1 | AT_RECURSIVE),
                    {EPERM, ENOSYS});
  attempts.returned("fsmount", ::syscall(SYS_fsmount, -1, 0, 0), {EPERM, ENOSYS});
  attempts.returned("fsconfig", ::syscall(SYS_fsconfig, -1, 0, "a", "b", 0), {EPERM, ENOSYS});
  attempts.returned("move_mount", ::syscall(SYS_move_mount, -1, "", -1, "", 0), {EPERM, ENOSYS});
  attempts.returned("mount_setattr", ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0),
                    {EPERM, ENOSYS});
}

void make_specials(Attempts& attempts, const char*) {
  attempts.returned("mkfifo", ::mkfifo("fifo", 0600), {EACCES, EPERM});
  attempts.returned("mknod char", ::mknod("null", S_IFCHR | 0600, makedev(1, 3)), {EACCES, EPERM});
  attempts.returned("mknod block", ::mknod("sda", S_IFBLK | 0600, makedev(8, 0)), {EACCES, EPERM});
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "socket");
  attempts.returned("bind a path socket",
                    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
                    {EACCES, EPERM});
  ::close(fd);
}

// `others`: what else this host has.
void open_devices(Attempts& attempts, const char* others) {
  const auto refused = [&](const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    attempts.returned(path, fd, {ENOENT});
    if (fd >= 0) ::close(fd);
  };
  each_path(others, refused);
  for (const char* path : {"/dev/kvm", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun",
                           "/dev/vhost-vsock", "/dev/sda", "/dev/vda", "/dev/uinput",
                           "/dev/userfaultfd", "/dev/tty0", "/dev/console", "/dev/loop0"}) {
    refused(path);
  }
}

void connect_host_socket(Attempts& attempts, const char* path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  attempts.returned(std::string("connect ") + path,
                    ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
                    {ENOENT, EACCES, ECONNREFUSED});
  if (path[0] == '@') {
    address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(sizeof address.sun_family + std::strlen(path));
    attempts.returned("connect abstract",
                      ::connect(fd, reinterpret_cast<sockaddr*>(&address), length),
                      {ECONNREFUSED, EPERM});
  }
  ::close(fd);
}

void connect_host_port(Attempts& attempts, const char* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  attempts.returned(std::string("connect to port ") + port,
                    ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
                    {ECONNREFUSED, ENETUNREACH, EACCES});
  ::close(fd);
}

void look_at_names(Attempts& attempts, const char* host) {
  utsname names{};
  ::uname(&names);
  std::strcmp(names.nodename, host) == 0 ? attempts.got_through("the host's name is seen")
                                         : attempts.refused("another name");
}

// Each line ends in the path of this process's group, as far as it can be seen: `/`.
void look_at_groups(Attempts& attempts, const char*) {
  const int fd = ::open("/proc/self/cgroup", O_RDONLY);
  char text[8192] = {};
  if (fd < 0 || ::read(fd, text, sizeof text - 1) <= 0) return attempts.refused("no groups");
  for (char* line = std::strtok(text, "\n"); line != nullptr; line = std::strtok(nullptr, "\n")) {
    const char* path = std::strrchr(line, ':');
    if (path != nullptr && std::strcmp(path, ":/") != 0) attempts.got_through(line);
  }
  attempts.refused("nothing above the own group");
}

void open_shared_memory(Attempts& attempts, const char* key) {
  attempts.returned("shmget a host's key", ::shmget(std::atoi(key), 0, 0),
                    {ENOENT, ENOSPC, EPERM, ENOSYS});
}

void open_other_ipc(Attempts& attempts, const char* key) {
  attempts.returned("semget a host's key", ::semget(std::atoi(key), 0, 0),
                    {ENOENT, EPERM, ENOSYS, ENOSPC});
  attempts.returned("msgget a host's key", ::msgget(std::atoi(key), 0),
                    {ENOENT, EPERM, ENOSYS, ENOSPC});
}

void open_queue(Attempts& attempts, const char* name) {
  attempts.returned("mq_open a host's queue", ::mq_open(name, O_RDONLY | O_NONBLOCK),
                    {ENOENT, EACCES, EPERM, ENOSYS});
}

// `words`: names or values that must not be there.
void look_at_environment(Attempts& attempts, const char* words) {
  each_path(words, [&](const std::string& word) {
    bool found = false;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      found = found || std::strstr(*entry, word.c_str()) != nullptr;
    }
    found ? attempts.got_through("environment has " + word) : attempts.refused("no " + word);
  });
}

void look_at_processes(Attempts& attempts, const char* other) {
  const std::string parent = std::to_string(::getppid());
  for (const std::string& pid : {std::string("1"), parent, std::string(other)}) {
    if (pid.empty()) continue;
    for (const char* file : {"mem", "maps", "environ", "fd/0", "root", "cwd", "exe"}) {
      const std::string path = "/proc/" + pid + "/" + file;
      const int fd = ::open(path.c_str(), O_RDONLY);
      // An environ that is empty tells nothing.
      char byte = 0;
      if (fd >= 0 && std::strcmp(file, "environ") == 0 && ::read(fd, &byte, 1) == 0) {
        attempts.refused(path + ": empty");
      } else {
        attempts.returned(path, fd, {ENOENT, EACCES, EPERM});
      }
      if (fd >= 0) ::close(fd);
    }
  }
}

// Something left by an earlier call, by name.
void look_for_leftovers(Attempts& attempts, const char*) {
  const std::string paths[] = {"/tmp/glovebox-leftover", "/var/tmp/glovebox-leftover",
                               "/dev/shm/glovebox-leftover"};
  for (const std::string& path : paths) {
    attempts.returned("left at " + path, ::open(path.c_str(), O_RDONLY), {ENOENT});
  }
  for (const std::string& path : paths) ::close(::open(path.c_str(), O_WRONLY | O_CREAT, 0666));
}

void use_other_descriptors(Attempts& attempts, const char*) {
  for (int fd = 3; fd < 256; ++fd) {
    if (fd == 42) continue;  // the shell's state, the session's own
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags != -1) attempts.got_through("descriptor " + std::to_string(fd) + " is open");
  }
  attempts.refused("no other descriptor");
}

// Writes into the page cache of a file that may only be read (CVE-2022-0847).
void splice_into_page_cache(Attempts& attempts, const char* path) {
  int ends[2];
  if (::pipe(ends) != 0) return;
  char buffer[4096] = {};
  const int size = ::fcntl(ends[1], F_GETPIPE_SZ);
  for (int left = size; left > 0; left -= 4096) (void)!::write(ends[1], buffer, sizeof buffer);
  for (int left = size; left > 0; left -= 4096) (void)!::read(ends[0], buffer, sizeof buffer);
  const int fd = ::open(path, O_RDONLY);
  loff_t offset = 0;
  char before = 0;
  char after = 0;
  if (fd < 0 || ::pread(fd, &before, 1, 1) != 1) return;
  if (::splice(fd, &offset, ends[1], nullptr, 1, 0) != 1) return;
  const char other = static_cast<char>(before ^ 1);
  (void)!::write(ends[1], &other, 1);
  (void)!::pread(fd, &after, 1, 1);
  before == after ? attempts.refused("the file is as it was") : attempts.got_through("changed");
}

}  // namespace

const Case kFileCases[] = {
    {"A01", read_host_files},
    {"A05", write_host_files},
    {"A05-create", create_host_files},
    {"A13", change_mounts},
    {"A16", make_specials},
    {"A17", open_devices},
    {"A20", open_kernel_files},
    {"A20-write", write_kernel_files},
    {"A25", read_host_files},
    {"B07", link_host_files},
    {"C04", look_at_processes},
    {"C17", new_mount_calls},
    {"C26", splice_into_page_cache},
    {"D01", open_shared_memory},
    {"D01-others", open_other_ipc},
    {"D02", open_queue},
    {"D04", connect_host_socket},
    {"D05", make_specials},
    {"D07", look_at_environment},
    {"D08", look_at_processes},
    {"D11", use_other_descriptors},
    {"D14", look_for_leftovers},
    {"F01", connect_host_port},
    {"groups", look_at_groups},
    {"names", look_at_names},
    {nullptr, nullptr},
};

}  // namespace probe
