"""What the attacks must not reach, and what they must not leave behind: all seen from outside."""
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from host_facts import (ADD_KEY, BOX_USER, HAS_KEYS, IS_ROOT, KEYCTL, LIBC, SESSION_KEYRING,
                        USER_KEYRING)

O_CREAT, O_RDWR, IPC_CREAT = 0o100, 0o2, 0o1000
JOIN_SESSION, UNLINK, SET_PERMISSIONS = 1, 9, 5
EVERYBODY = 0o666
SECRET, PROFILE = "canary-secret-5d1f\n", "# canary\n"


def as_box_user(act):
    """In a child, as the id that boxes run under: what belongs to it outside is the test."""
    child = os.fork()
    if child == 0:
        if IS_ROOT:
            os.setgroups([])
            os.setresgid(BOX_USER, BOX_USER, BOX_USER)
            os.setresuid(BOX_USER, BOX_USER, BOX_USER)
        os._exit(act() & 1)
    os.waitpid(child, 0)


def make_key(name, keyring):
    text = b"canary-secret-key"
    LIBC.syscall(ADD_KEY, b"user", name.encode(), text, len(text), keyring)
    return 0


def remove_key(name, keyring):
    key = LIBC.syscall(KEYCTL, 10, keyring, b"user", name.encode(), 0)  # search
    LIBC.syscall(KEYCTL, UNLINK, key, keyring)
    return 0


class Canaries:
    """Files, a process, sockets, System V objects, a message queue and keys of the host. Everything
    belongs to the id that boxes run under, so that no mere file mode stands in for a wall."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attack-"))
        self.secret = self.folder / ".ssh/id_ed25519"
        self.profile = self.folder / ".bashrc"
        self.private = self.folder / "private"
        self.inputs = self.folder / "inputs"
        self.secret.parent.mkdir()
        self.inputs.mkdir()
        self.texts = {self.secret: SECRET, self.profile: PROFILE, self.private: SECRET,
                      self.inputs / "file": "an input\n"}
        self.write_files()
        self.process = self.start_process()
        self.socket_path = self.folder / "agent.sock"
        self.abstract = f"@attack-{os.getpid()}"
        self.sockets = [self.listen(socket.AF_UNIX, str(self.socket_path)),
                        self.listen(socket.AF_UNIX, "\0" + self.abstract[1:]),
                        self.listen(socket.AF_INET, ("127.0.0.1", 0))]
        self.port = self.sockets[2].getsockname()[1]
        self.shm_key = 0x67620000 | (os.getpid() & 0xFFFF)
        self.shm = LIBC.shmget(self.shm_key, 4096, IPC_CREAT | EVERYBODY)
        self.sem = LIBC.semget(self.shm_key, 1, IPC_CREAT | EVERYBODY)
        self.msg = LIBC.msgget(self.shm_key, IPC_CREAT | EVERYBODY)
        self.queue = f"/attack-{os.getpid()}"
        mask = os.umask(0)
        os.close(LIBC.mq_open(self.queue.encode(), O_CREAT | O_RDWR, EVERYBODY, None))
        os.umask(mask)
        self.key = f"attack-{os.getpid()}"
        if HAS_KEYS:
            LIBC.syscall(KEYCTL, JOIN_SESSION, 0)
            make_key(self.key, SESSION_KEYRING)
            as_box_user(lambda: make_key(self.key, USER_KEYRING))
        self.folder.chmod(0o755)
        self.own(self.folder, self.secret.parent, self.inputs, self.socket_path)
        self.digests = self.look()

    def own(self, *paths):
        if IS_ROOT:
            for path in paths:
                os.chown(path, BOX_USER, BOX_USER)

    def write_files(self):
        for path, text in self.texts.items():
            path.write_text(text)
            path.chmod(0o600)
            if path != self.private:
                self.own(path)

    def start_process(self):
        other = {"user": BOX_USER, "group": BOX_USER, "extra_groups": []} if IS_ROOT else {}
        return subprocess.Popen(["sleep", "600"], cwd="/", **other)

    def listen(self, family, address):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
        return listener

    def address(self):
        """Something of the process that may be read and written."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/maps").read_text().splitlines():
            if " rw-p " in line:
                return "0x" + line.split("-")[0]
        raise RuntimeError("the process has no memory")

    def look(self):
        return {path: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def restore(self):
        """After a control, which is meant to get through."""
        # A control may have killed it a moment ago: it is not asked whether it still lives.
        self.process.kill()
        self.process.wait()
        self.process = self.start_process()
        for path in set(self.look()) - set(self.digests):
            path.unlink()
        self.write_files()
        self.connections()

    def connections(self):
        count = 0
        for listener in self.sockets:
            while True:
                try:
                    listener.accept()[0].close()
                    count += 1
                except BlockingIOError:
                    break
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
            seen.append("a socket outside was connected to")
        return "; ".join(seen)

    def remove(self):
        self.process.kill()
        self.process.wait()
        for listener in self.sockets:
            listener.close()
        LIBC.shmctl(self.shm, 0, None)
        LIBC.semctl(self.sem, 0, 0)
        LIBC.msgctl(self.msg, 0, None)
        LIBC.mq_unlink(self.queue.encode())
        if HAS_KEYS:
            as_box_user(lambda: remove_key(self.key, USER_KEYRING))
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
    ours = (entry / "comm").read_text().startswith("gb-")
    if ours or "glovebox" in command.split(" ")[0] or "/probe" in command.split(" ")[0]:
        yield f"{entry.name} {command}"


def survivors(probe):
    """Processes that run a copy of the probe, wherever its file seems to lie."""
    wanted = os.stat(probe)

    def running(entry):
        facts = os.stat(entry / "exe")
        if (facts.st_dev, facts.st_ino) == (wanted.st_dev, wanted.st_ino):
            yield int(entry.name)
    return list(each_process(running))


def end_survivors(probe):
    found = survivors(probe)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 5
    while survivors(probe) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


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


def own_listing(path):
    """What glovebox or a box could have left there: others use these folders too, also its other
    tests."""
    mine = {BOX_USER, os.geteuid()} if not IS_ROOT else {BOX_USER}
    found = set()
    for name in listing(path):
        try:
            ours = os.path.basename(name).startswith("glovebox") or os.lstat(name).st_uid in mine
            if ours and "-test" not in name and "glovebox-audit-" not in name:
                found.add(name)
        except OSError:
            pass
    return found


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
        "/tmp": own_listing("/tmp"),
        "/var/tmp": own_listing("/var/tmp"),
        "/dev/shm": own_listing("/dev/shm"),
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
