"""What the attacks must not reach, and what they must not leave behind: all seen from outside."""
import ctypes
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)


class Canaries:
    """Files, a process, a socket, a SysV segment and a message queue of the host."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attack-"))
        self.secret = self.folder / ".ssh/id_ed25519"
        self.profile = self.folder / ".bashrc"
        self.secret.parent.mkdir()
        self.secret.write_text("canary-secret-5d1f\n")
        self.profile.write_text("# canary\n")
        self.process = subprocess.Popen(["sleep", "600"])
        self.socket_path = self.folder / "agent.sock"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.socket_path))
        self.socket.listen()
        self.socket.setblocking(False)
        self.shm_key = 0x67620000 | (os.getpid() & 0xFFFF)
        self.shm = LIBC.shmget(self.shm_key, 4096, 0o1666)
        self.digests = self.look()

    def look(self):
        return {path: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def restore(self):
        """After a control, which is meant to get through."""
        # A control may have killed it a moment ago: it is not asked whether it still lives.
        self.process.kill()
        self.process.wait()
        self.process = subprocess.Popen(["sleep", "600"])
        for path in set(self.look()) - set(self.digests):
            path.unlink()
        self.secret.write_text("canary-secret-5d1f\n")
        self.profile.write_text("# canary\n")
        self.connections()

    def connections(self):
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
                count += 1
            except BlockingIOError:
                return count

    def harm(self):
        """What happened to them, in words; empty: nothing."""
        seen = []
        if self.look() != self.digests:
            seen.append("a file outside was changed, made or removed")
        if self.process.poll() is not None:
            seen.append("the process outside was killed")
        else:
            state = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "T":
                seen.append("the process outside was stopped")
        if self.connections():
            seen.append("the socket outside was connected to")
        return "; ".join(seen)

    def remove(self):
        self.process.kill()
        self.process.wait()
        self.socket.close()
        LIBC.shmctl(self.shm, 0, None)
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)


def each_process(read):
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield from read(entry)
            except OSError:
                pass  # it ended meanwhile, or is not ours to look at


def glovebox_processes(entry):
    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    if "glovebox" in command.split(" ")[0] or "/probe" in command.split(" ")[0]:
        yield f"{entry.name} {command}"


def namespaces(entry):
    for link in (entry / "ns").iterdir():
        if not link.name.endswith("_for_children"):
            yield os.readlink(link)


def mounts(entry):
    yield from (entry / "mountinfo").read_text().splitlines()


def listing(path):
    try:
        return {str(entry) for entry in pathlib.Path(path).iterdir()}
    except OSError:
        return set()


def groups():
    return {folder for folder, _, _ in os.walk("/sys/fs/cgroup") if "glovebox" in folder}


def system_v():
    found = set()
    for kind in ("shm", "msg", "sem"):
        lines = pathlib.Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
        found |= {kind + " " + " ".join(line.split()[:2]) for line in lines}
    return found


def residue():
    """Everything that a box could leave on a host, as sets of names."""
    return {
        "processes": set(each_process(glovebox_processes)),
        "namespaces": set(each_process(namespaces)),
        "mounts": set(each_process(mounts)),
        "control groups": groups(),
        "/tmp": listing("/tmp"),
        "/var/tmp": listing("/var/tmp"),
        "/dev/shm": listing("/dev/shm"),
        "System V": system_v(),
    }


def residue_after(before, mine, wait_seconds=10):
    """What is there now and was not before. Others work on this host too, and end at some time:
    only what stays counts. `mine`: names that the test itself keeps."""
    deadline = time.monotonic() + wait_seconds
    stays = None
    while True:
        now = residue()
        new = {(kind, name) for kind in now for name in now[kind] - before[kind]
               if not any(word in name for word in mine)}
        stays = new if stays is None else stays & new
        if not stays or time.monotonic() > deadline:
            return sorted(stays)
        time.sleep(0.1)
