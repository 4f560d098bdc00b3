"""The attempts of the probe. Ids are those of the attack list.

`walls` are what stops an attempt. Its control takes them all out of the plan of a box: then it must
get through. Where there are several, it is also made with each of them alone in place: it must be
refused, so that a wall is named here only if it holds by itself. `also` goes with them: layers that
cannot be put up once a wall is gone. A text instead of walls says why there is no control.
"""
import dataclasses

from host_facts import (CONSOLE, HAS_CORE_FILES, HAS_GROUP, HAS_IO_URING, HAS_KEYS,
                        HAS_PERFORMANCE, HAS_TERMINAL_INPUT, HAS_USER_FAULTS, HAS_VSOCK, IS_ROOT,
                        SCOPES, SET_USER_ID)

FILTER = ("seccomp", "keeper")  # the box's own and the one that the keeper lives under itself
PTRACE = ("pid-namespace", "user-namespace") if IS_ROOT else ("user-namespace",)  # all go with it
LIMIT = "limit"  # the policy's number: the control runs in a whole box with larger ones
ORDINARY = "an ordinary user has no such right on the host either"


def if_root(walls, reason=ORDINARY):
    return walls if IS_ROOT else reason


def where(fact, walls, reason):
    return walls if fact else reason


@dataclasses.dataclass
class Case:
    name: str
    probe: str
    argument: str = ""
    walls: object = ()
    also: tuple = ()
    statuses: tuple = (10,)
    says: str = "denied: "
    users: tuple = ("agent",)  # `root`: uid 0 in the box
    control: str = None  # the argument of the control, where it is another one
    runs: int = 1  # of the control; the last one counts
    survivor: bool = False  # gets through by staying
    through_in_keep: tuple = ()  # other statuses of a control that got through


CASES = [
    Case("A01 credentials of the host", "A01", "{secret}", ("mount-namespace",)),
    Case("A01 files of the host that all may read", "A01",
         "/sys/kernel/uevent_seqnum:/var/lib/dpkg/status:/var/lib/rpm", ("mount-namespace", "landlock")),
    Case("A01 files of the host's root", "A01", "{private}", if_root(("identity",)),
         ("mount-namespace",)),
    Case("A05 files that others run", "A05", "{profile}", ("mount-namespace",)),
    Case("A05 files of a read-only mount", "A05", "/inputs/file", ("read-only", "landlock")),
    Case("A05 system files", "A05", "/etc/profile:/etc/passwd:/usr/bin/env:/bin/sh",
         "it would be the host's own files"),
    Case("A05 planted files", "A05-create", "{new}:/etc/profile.d/x:/usr/local/bin/x",
         ("mount-namespace",), control="{new}"),
    Case("A13 mounts changed", "A13", "/proc", ("seccomp", "capabilities", "own-user-namespace", "landlock"),
         users=("agent", "root")),
    Case("A16 D05 specials in the workspace", "A16", "", ("landlock",)),
    Case("A17 devices", "A17", "{devices}", ("mount-namespace", "landlock")),
    Case("A20 kernel settings", "A20", "/proc/sys/kernel/core_pattern:/proc/sysrq-trigger:"
         "/proc/sys/vm/overcommit_memory:/sys/kernel/uevent_helper:/sys/fs/cgroup/release_agent",
         ("mount-namespace",)),
    Case("A20 kernel settings for root to write", "A20-write", "/proc/sys/vm/overcommit_memory",
         if_root(("identity",)), ("mount-namespace",)),
    Case("A20 groups of the host", "groups", "",
         where(HAS_GROUP, ("cgroup-namespace",), "the suite runs in the root of every hierarchy")),
    Case("A25 own policy, state and log", "A25", "{policy}:{state}:{state}/audit", ("mount-namespace",)),
    Case("B07 hard links to the host's files", "B07", "{profile}:/usr/bin/env",
         ("mount-namespace", "landlock"), control="{profile}"),
    # The keeper makes listeners itself: its own filter does not stand here.
    Case("B10 D13 decisions about system calls", "B10", "", ("seccomp",)),
    Case("C01 ptrace of others", "C01", "{pid}", (*PTRACE, "landlock", *FILTER)),
    Case("C02 memory of others", "C02", "{pid}:{address}", (*PTRACE, "landlock", *FILTER)),
    Case("C04 D08 proc files of others", "C04", "{pid}",
         (*PTRACE, "landlock", *SCOPES[1:])),
    Case("C05 signals to others", "C05", "{pid}", ("pid-namespace", *SCOPES)),
    Case("C07 io_uring", "C07", "", where(HAS_IO_URING, FILTER, "switched off on this host")),
    Case("C08 userfaultfd", "C08", "", where(HAS_USER_FAULTS, FILTER, "this kernel has none")),
    Case("C10 perf", "C10", "", where(HAS_PERFORMANCE, FILTER, "forbidden to all on this host")),
    Case("C11 E22 keyrings", "C11", "", where(HAS_KEYS, FILTER, "this host has no keyrings")),
    Case("C11 keys of the caller's session", "C11-key", "-3:{key}",
         where(HAS_KEYS, (*FILTER, "keyring"), "this host has no keyrings")),
    Case("C11 keys of the same user", "C11-key", "-4:{key}",
         where(HAS_KEYS, (*FILTER, "user-namespace"), "this host has no keyrings")),
    Case("C13 personality", "C13", "", FILTER),
    Case("C14 32-bit entry", "C14", "", FILTER, (), (10, 159), ""),
    Case("C16 nested user namespaces", "C16", "", ("seccomp", "no-nested-namespaces"),
         users=("agent", "root")),
    Case("C17 new mount calls", "C17", "", ("seccomp", "capabilities", "own-user-namespace"), users=("agent", "root")),
    Case("C19 terminal input", "C19", "", where(HAS_TERMINAL_INPUT, FILTER, "switched off on this host")),
    Case("C20 console requests", "C20", "",
         where(CONSOLE, FILTER, "no console that this user may open"),
         ("mount-namespace", "identity", "landlock"), control=CONSOLE),
    Case("C22 segments and ports", "C22", "", FILTER),
    Case("C23 administration", "C23", "", ("seccomp", "capabilities", "own-user-namespace"), users=("agent", "root")),
    Case("C23 the host's name", "names", "{host}", ("uts-namespace",)),
    Case("C23 the box's network", "network", "", ("capabilities", "own-user-namespace",), users=("agent", "root")),
    Case("C25 set-user-id", "C25", SET_USER_ID,
         ("no-new-privileges", "keeper", "mount-namespace", "user-namespace") if IS_ROOT else
         ("no-new-privileges", "keeper"),
         ("seccomp", "landlock", "capabilities", "pid-namespace", *if_root((), ("user-namespace",)))),
    Case("C26 page cache of a read-only file", "C26", "/bin/sh", "only old kernels have the fault"),
    Case("C29 core files", "C29", "",
         where(HAS_CORE_FILES, ("resource-limits",), "the host hands core files to a program")),
    Case("C31 sockets of all families", "C31", "", FILTER),
    Case("C32 machine sockets", "C32", "", where(HAS_VSOCK, FILTER, "this kernel has none")),
    Case("C34 process controls", "C34", "", FILTER),
    Case("C35 process numbers used up", "C35", "3000", "there is no wall: right answers are asked for"),
    Case("D01 SysV segments of the host", "D01", "{shm}", (*FILTER, "ipc-namespace")),
    Case("D01 SysV semaphores and queues of the host", "D01-others", "{shm}",
         (*FILTER, "ipc-namespace")),
    Case("D02 message queues of the host", "D02", "{queue}", ("ipc-namespace", "landlock")),
    Case("D04 sockets of the host", "D04", "{socket}", ("mount-namespace",)),
    Case("D04 abstract sockets of the host", "D04", "{abstract}", ("network-namespace", *SCOPES)),
    Case("D04 F01 listeners of the host", "F01", "{port}", ("network-namespace",)),
    Case("D07 environment", "D07", "ATTACK_TOKEN:canary-token:GLOVEBOX_", ("environment",)),
    Case("D11 other descriptors", "D11", "", ("descriptors",)),
    Case("D14 leftovers of the call before", "D14", "", ("mount-namespace",), runs=2),
    Case("E01 processes", "E01", "100", ("resource-limits",)),
    Case("E02 threads", "E02", "100", ("resource-limits",)),
    Case("E04 memory of many", "E04", "8", (LIMIT,), (), (137,), ""),
    Case("E05 SysV memory", "E05", "32", FILTER),
    Case("E07 pipes", "E07", "300", ("resource-limits",)),
    Case("E08 bytes in /tmp", "E08", "32", (LIMIT,)),
    Case("E08 names in /tmp", "E08-names", "110000", ("quotas",)),
    Case("E13 survivors", "E13", "/workspace/probe", ("pid-namespace",), survivor=True),
    Case("E14 zombies", "E14", "200", ("resource-limits",)),
    # Who ends the session's first process ends with it.
    Case("E16 the first process stopped", "E16", "", ("pid-namespace",), through_in_keep=(137,)),
    Case("E19 event descriptors", "E19", "400", ("resource-limits",)),
    Case("E19 timers", "E19-timers", "10000", ("resource-limits",)),
    Case("E20 message queues", "E20", "3", ("landlock",)),
    # On a busy host the wall clock may come first.
    Case("E23 cpu time of one", "E23", "1:3000", (LIMIT,), (), (137, 152, 124), ""),
    Case("E23 cpu time of many", "E23", "8:450", (LIMIT,), (), (137, 152, 124), ""),
    Case("E31 names that are not there", "E31", "100000000",
         "the caches that they fill are the kernel's own: simulated, it ends by the clock", (),
         (137, 152, 124), ""),
]
