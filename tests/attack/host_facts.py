"""What this host offers an attacker at all: where it offers nothing, a control cannot get through."""
import ctypes
import os
import pathlib
import stat

LIBC = ctypes.CDLL(None, use_errno=True)
IS_ROOT = os.geteuid() == 0
BOX_USER = 54321  # a box never runs as root: the owner of the workspace is who it runs as
ADD_KEY, KEYCTL, LANDLOCK_CREATE_RULESET = 248, 250, 444
USER_KEYRING, SESSION_KEYRING = -4, -3
SCOPES_ABI = 6


def setting(name, default=""):
    try:
        return pathlib.Path("/proc/sys", name).read_text().strip()
    except OSError:
        return default


def call(number, *arguments):
    return LIBC.syscall(number, *arguments)


def first_set_user_id():
    for path in ("/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp"):
        if os.path.exists(path) and os.stat(path).st_mode & stat.S_ISUID:
            return path
    return "/usr/bin/su"


def open_devices():
    """Nodes that everybody may read, and that no box has."""
    found = []
    usual = {"null", "zero", "full", "random", "urandom", "ptmx", "tty"}
    for path in sorted(pathlib.Path("/dev").rglob("*")):
        mode = path.lstat().st_mode
        if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and mode & stat.S_IROTH and \
                path.name not in usual and path.parent.name != "pts":
            found.append(str(path))
    return found


def groups_seen():
    return [line for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
            if not line.endswith(":/")]


# Where Landlock knows of signals and abstract sockets, the box and its keeper both hold them.
SCOPES = ("landlock", "keeper") if call(LANDLOCK_CREATE_RULESET, 0, 0, 1) >= SCOPES_ABI else ()
HAS_KEYS = call(KEYCTL, 0, SESSION_KEYRING, 1) >= 0
HAS_IO_URING = setting("kernel/io_uring_disabled", "0") == "0"
HAS_USER_FAULTS = os.path.exists("/proc/sys/vm/unprivileged_userfaultfd")
HAS_PERFORMANCE = setting("kernel/perf_event_paranoid", "4") in ("-1", "0", "1", "2")
HAS_TERMINAL_INPUT = setting("dev/tty/legacy_tiocsti", "1") == "1"
HAS_CORE_FILES = not setting("kernel/core_pattern").startswith("|")
HAS_VSOCK = LIBC.socket(40, 1, 0) >= 0
HAS_GROUP = bool(groups_seen())
SET_USER_ID = first_set_user_id()
CONSOLE = "/dev/tty63" if IS_ROOT and os.path.exists("/dev/tty63") else ""
DEVICES = open_devices()
