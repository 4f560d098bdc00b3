"""The tables of the attack suite. Ids are those of the attack list."""
import dataclasses
import os

IS_ROOT = os.geteuid() == 0
OUTSIDE = ()  # the probe as it is
ROOT_OF_ITS_OWN = ("unshare", "--user", "--map-root-user", "--mount", "--ipc", "--uts")
HARMS = "it would harm the host"
NEVER = "the host refuses it to this user as well"


def if_root(control):
    return control if IS_ROOT else NEVER


@dataclasses.dataclass
class Case:
    name: str
    probe: str
    argument: str = ""
    control: object = OUTSIDE  # a prefix of the command, or why there is none
    statuses: tuple = (10,)
    says: str = "denied: "


@dataclasses.dataclass
class ToolCase:
    name: str
    tool: str
    input: dict
    answer: str
    links: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Twin:
    name: str
    script: str
    says: str = ""
    needs: tuple = ()


CASES = [
    Case("A01 credentials of the host", "A01", "{secret}"),
    Case("A05 files that others run", "A05", "{profile}"),
    Case("A05 system files", "A05", "/etc/profile:/etc/passwd:/usr/bin/env:/bin/sh",
         if_root("it would be the host's own files")),
    Case("A05 planted files", "A05-create", "{new}:/etc/profile.d/x:/usr/local/bin/x",
         "the case leaves files on the host"),
    Case("A13 mounts changed", "A13", "/proc", ROOT_OF_ITS_OWN),
    Case("A16 D05 specials in the workspace", "A16"),
    Case("A17 devices", "A17", "", if_root("which devices there are differs")),
    Case("A20 kernel settings", "A20", "/proc/sys/kernel/core_pattern:/proc/sysrq-trigger:"
         "/proc/sys/vm/overcommit_memory:/sys/kernel/uevent_helper:/sys/fs/cgroup/release_agent",
         if_root(OUTSIDE)),
    Case("A25 own policy, state and log", "A25", "{policy}:{state}:{state}/audit"),
    Case("C01 ptrace of PID 1 and the parent", "C01", "{pid}"),
    Case("C02 memory of others", "C02", "1", HARMS),
    Case("C04 D08 proc files of PID 1 and the parent", "C04"),
    Case("C05 signals to others", "C05", "{pid}"),
    Case("C07 io_uring", "C07", "", "some hosts have it switched off"),
    Case("C08 userfaultfd", "C08", "", if_root(OUTSIDE)),
    Case("C10 perf", "C10", "", if_root("some hosts have no counters")),
    Case("C11 E22 keyrings", "C11"),
    Case("C13 personality", "C13"),
    Case("C14 32-bit entry", "C14", "", "some kernels have none", (10, 159), ""),
    Case("C16 nested user namespaces", "C16"),
    Case("C17 new mount calls", "C17", "", ROOT_OF_ITS_OWN),
    Case("C19 terminal input", "C19", "", "some kernels refuse it to all"),
    Case("C20 console requests", "C20", "", "needs a console"),
    Case("C22 segments and ports", "C22"),
    Case("C23 administration", "C23", "", ROOT_OF_ITS_OWN),
    Case("C25 set-user-id", "C25"),
    Case("C26 page cache of a read-only file", "C26", "/bin/sh", "only old kernels have the fault"),
    Case("C29 core files", "C29", "", "depends on the host's core_pattern"),
    Case("C31 sockets of all families", "C31"),
    Case("C32 machine sockets", "C32", "", "some kernels have none"),
    Case("C34 process controls", "C34", "", HARMS),
    Case("D01 SysV segments of the host", "D01", "{shm}"),
    Case("D04 sockets of the host", "D04", "{socket}"),
    Case("D07 environment", "D07", "ATTACK_TOKEN:canary-token:GLOVEBOX_",
         "the control has no such variable"),
    Case("D11 other descriptors", "D11", "", "there are none to begin with"),
    Case("D14 leftovers of the call before", "D14", "", "the case leaves files on the host"),
    Case("E01 processes", "E01", "500", HARMS),
    Case("E02 threads", "E02", "500", HARMS),
    Case("E04 memory of many", "E04", "24", HARMS, (137,), ""),
    Case("E05 SysV memory", "E05", "2000", HARMS, (10, 137), ""),
    Case("E07 pipes", "E07", "1000", HARMS),
    Case("E08 bytes in /tmp", "E08", "64", HARMS),
    Case("E08 names in /tmp", "E08-names", "2000000", HARMS),
    Case("E13 survivors", "E13", "/workspace/probe", HARMS),
    Case("E14 zombies", "E14", "10000", HARMS),
    Case("E16 PID 1 stopped", "E16", "", HARMS),
    Case("E19 event descriptors", "E19", "2000", HARMS),
    Case("E20 message queues", "E20", "2000", HARMS, (10,), ""),
    # On a busy host the wall clock may come first.
    Case("E23 cpu time of one", "E23", "1", HARMS, (137, 152, 124), ""),
    Case("E23 cpu time of many", "E23", "8", HARMS, (137, 152, 124), ""),
]

OUT = 'path "{0}" is outside the session\'s working directory'

TOOL_CASES = [
    ToolCase("G16 A01 read", "read", {"file_path": "{secret}"}, "is outside the session's"),
    ToolCase("G16 A22 read by /proc", "read", {"file_path": "/proc/self/root{secret}"},
             "is outside the session's"),
    ToolCase("A10 read by a link", "read", {"file_path": "out/id_ed25519"},
             OUT.format("out/id_ed25519"), {"out": "{home}/.ssh"}),
    ToolCase("A10 write by a link", "write", {"file_path": "out/.bashrc", "content": "owned"},
             OUT.format("out/.bashrc"), {"out": "{home}"}),
    ToolCase("A10 write by a dangling link", "write", {"file_path": "out", "content": "owned"},
             OUT.format("out"), {"out": "{new}"}),
    ToolCase("A10 edit by a link", "edit",
             {"file_path": "out/.bashrc", "old_string": "canary", "new_string": "owned"},
             OUT.format("out/.bashrc"), {"out": "{home}"}),
    ToolCase("A10 glob by a link", "glob", {"pattern": "out/*"}, "no matches", {"out": "{home}"}),
    ToolCase("A10 grep by a link", "grep", {"pattern": "canary-secret", "path": "out"},
             OUT.format("out"), {"out": "{home}"}),
    ToolCase("B08 glob over loops", "glob", {"pattern": "**/nothing"}, "no matches",
             {"loop": ".", "up": "..", "proc": "/proc/self/root"}),
    ToolCase("B08 grep over loops", "grep", {"pattern": "canary-" + "secret"}, "no matches",
             {"loop": ".", "up": "..", "proc": "/proc/self/root"}),
    ToolCase("E26 a hostile pattern", "grep", {"pattern": "(x+x+)+y"}, "no matches"),
    ToolCase("G08 dot-dot", "read", {"file_path": "../../etc/passwd"}, "is outside the session's"),
    ToolCase("G08 home is a name", "read", {"file_path": "~/.bashrc"}, "no such file or directory"),
    ToolCase("G08 a variable is a name", "read", {"file_path": "$HOME"},
             "no such file or directory"),
    ToolCase("G08 a NUL", "read", {"file_path": "a\0b"}, "contains a NUL byte"),
    ToolCase("G08 a path of 100 KiB", "read", {"file_path": "a" * 102_401}, "is longer than"),
    ToolCase("G01 no switch in the input", "read",
             {"file_path": "/etc/passwd", "sandbox": False, "unsandboxed": True},
             "is outside the session's"),
]

TWINS = [
    Twin("twin git", "export HOME=/workspace; rm -rf g; git init -q g && cd g && git config "
         "user.email a@b && git config user.name a && echo x > f && git add f && git commit -qm one"
         " && git status --short && git log --oneline", "one", ("git",)),
    Twin("twin make", "mkdir -p m && cd m && printf 'all: a b\\na b:\\n\\ttouch $@\\n' > Makefile && "
         "rm -f a b && make -j2 && ls a b", "a", ("make",)),
    Twin("twin gcc", "printf '#include <stdio.h>\\nint main(){puts(\"built\");}' > c.c && "
         "gcc c.c -o c.out && ./c.out", "built", ("gcc",)),
    Twin("twin python multiprocessing", "/usr/bin/python3 -c 'import multiprocessing as m\n"
         "if __name__ == \"__main__\":\n"
         "  with m.get_context(\"fork\").Pool(2) as p: print(sum(p.map(abs, range(10))))'", "45",
         ("/usr/bin/python3",)),
    Twin("twin python asyncio", "/usr/bin/python3 -c 'import asyncio, socket\n"
         "async def main():\n"
         "  a, b = socket.socketpair()\n"
         "  r, w = await asyncio.open_connection(sock=a)\n"
         "  b.send(b\"pair\\n\"); print((await r.readline()).decode())\n"
         "asyncio.run(main())'", "pair", ("/usr/bin/python3",)),
    Twin("twin sqlite", "/usr/bin/python3 -c 'import sqlite3\n"
         "c = sqlite3.connect(\"/workspace/d.db\"); c.execute(\"pragma journal_mode=wal\")\n"
         "c.execute(\"create table if not exists t(x)\"); c.execute(\"insert into t values(1)\")\n"
         "c.commit(); print(\"rows\", c.execute(\"select count(*) from t\").fetchone()[0])'", "rows",
         ("/usr/bin/python3",)),
    Twin("twin tar", "mkdir -p t && ln -sf f t/l && echo x > t/f && tar cf t.tar t && rm -r t && "
         "tar xf t.tar && cat t/l", "x", ("tar",)),
    Twin("twin find on 50,000 files", "cd /tmp && mkdir many && cd many && seq 50000 | xargs touch "
         "&& find . -type f | wc -l", "50000", ("find",)),
    Twin("twin localhost", "/usr/bin/python3 -m http.server 8080 --bind 127.0.0.1 >/dev/null 2>&1 & "
         "for i in $(seq 100); do (exec 9<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && break; "
         "sleep 0.1; done; exec 9<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&9; "
         "head -1 <&9; kill %1", "200 OK", ("/usr/bin/python3",)),
    Twin("twin long output", "seq 300000 | tail -1", "300000"),
]
