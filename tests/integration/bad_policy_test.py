#!/usr/bin/env python3
"""Policies that nobody should write: `glovebox policy check` says what is wrong and where, and whatever
would run something with them starts nothing: `exec` and `worker` end with 78 and the same words."""
import os
import pathlib
import re
import sys

from exec_support import IS_ROOT, PROGRAM, case, run_all
from policy_support import HEAD, NARROW, WORKSPACE, glovebox_in, policy_of, write

UNCONFIGURED = 78
WRONG_PLACE = "http://127.0.0.1:9"  # nobody is asked before the policy is good


def mounts(*more):
    return policy_of(f'why = "w"\nmount = [ {", ".join([WORKSPACE, *more])} ]')


def shows(path, mode="ro"):
    return mounts(f'{{ at = "/shown", from = "{path}", mode = "{mode}" }}')


def make_links(folder):
    (folder / "loop.toml").symlink_to("pool.toml")
    (folder / "pool.toml").symlink_to("loop.toml")


# name: text of bad.toml or what makes it, words of the refusal, further files
TEXTS = {
    "empty": ("", r"bad\.toml:1:1: error GB0001: the file is empty\n  hint: start from"),
    "only blanks": ("\n\n  \n", r"error GB0013"),
    "50 MB": (b"#" * (50 << 20), r"bad\.toml: longer than 1048576 bytes"),
    "nested deeply": ("glovebox = 1\nx = " + "[" * 100000 + "]" * 100000,
                      r"bad\.toml:2:21: error GB0004: nesting deeper than 16"),
    "tables in tables": ("glovebox = 1\nx = " + "{ a = " * 5000 + "1" + " }" * 5000, r"error GB0004"),
    "a long dotted key": ("glovebox = 1\n" + "a." * 100000 + "a = 1\n",
                          r"bad\.toml:2:32: error GB0004: key of more than 16 parts"),
    "NUL": (NARROW.replace("[[bind]]", "[[bi\0nd]]"), r"bad\.toml:2:5: error GB0002: character U\+0000"),
    "bidi": (NARROW.replace("[[bind]]", 'name = "a\u202eb"\n[[bind]]'),
             r"bad\.toml:2:10: error GB0002: character U\+202E, which no reviewer sees"),
    "a blank that is none": (NARROW.replace("glovebox = 1", "glovebox\u00a0= 1"), r"bad\.toml:1:9: error GB000"),
    "no UTF-8": (b'glovebox = 1\nname = "\xff\xfe"\n', r"bad\.toml:2:9: error GB0002: bytes that are not UTF-8"),
    "escapes of a terminal": ("glovebox = 1\n# \x1b]0;mine\x07\n", r"bad\.toml:2:3: error GB0002: character U\+001B"),
    "two binds for one call": (NARROW.replace("[profile.p]", '[[bind]]\nagent = "a"\ntools = { bash = "p" }\n'
                                              "[profile.p]"),
                               r"bad\.toml:4:1: error GB0018: this bind and the one of line 2"),
    "a date that is past": (policy_of("expires = 2020-01-01"), r"bad\.toml:3:17: error GB0041: profile `p` ended on"),
    "a date that is none": (policy_of("expires = 2026-02-30"), r"bad\.toml:5:\d+: error GB0003"),
    "no limit": (policy_of('limits = { wall = "0s" }'), r"bad\.toml:5:\d+: error GB0012"),
    "the root in its place": (mounts('{ at = "/", mode = "ro" }'), r"bad\.toml:6:47: error GB0021: the root itself"),
    "the root elsewhere": (shows("/"), r"bad\.toml:6:47: error GB0021: the whole host"),
    "the host's processes": (shows("/proc"), r"bad\.toml:6:47: error GB0021: nothing of /proc"),
    "a way around": (shows("/usr/../etc"), r"bad\.toml:6:71: error GB0020: a source is an absolute path"),
    "includes itself": (policy_of("", 'include = ["bad.toml"]'), r"bad\.toml:2:12: error GB0022: a policy cannot"),
    "includes in a ring": (policy_of("", 'include = ["ring.toml"]'),
                           r"ring\.toml:1:1: error GB0022: `include` stands in the policy itself only",
                           {"ring.toml": 'include = ["bad.toml"]\n'}),
    "includes what is above": (policy_of("", 'include = ["../x.toml"]'), r"bad\.toml:2:12: error GB0020"),
    "includes a ring of links": (policy_of("", 'include = ["loop.toml"]'),
                                 r"bad\.toml:2:12: error GB0030: loop\.toml: is a symbolic link\n.*\n.*\n"
                                 r"  hint: name what it leads to", make_links),
    "includes a folder": (policy_of("", 'include = ["sub"]'), r"bad\.toml:2:12: error GB0030: sub: is not a regular",
                          lambda folder: (folder / "sub").mkdir()),
    "profiles in a ring": (HEAD + 'extends = "q"\n[profile.q]\nextends = "p"\n', r"error GB0023"),
    "a cap that takes what it gives": (
        policy_of("", 'cap = "cap.toml"'),
        r"cap\.toml:3:11: error GB0024: the cap allows /opt and denies it in line 4\n.*\n.*\n  hint: take out one",
        {"cap.toml": 'glovebox = 1\n[cap]\nmount = [ { at = "/opt", mode = "ro" } ]\ndeny = { paths = [ "/opt" ] }\n'}),
    "a cap in place of a policy": ("glovebox = 1\n[cap]\nlimits = { wall = 1 }\n", r"bad\.toml:[23]:\d+: error GB00"),
    "more than the cap": (policy_of('limits = { wall = "2m" }', 'cap = "cap.toml"'),
                          r"bad\.toml:6:19: error GB0101: profile `p` exceeds the cap: .*\n.*\n.*\n"
                          r"  hint: the cap: cap\.toml:3",
                          {"cap.toml": 'glovebox = 1\n[cap]\nlimits = { wall = "1m" }\n'}),
    "a cap that is gone": (policy_of("", 'cap = "cap.toml"'), r"bad\.toml:2:7: error GB0001: cap\.toml: openat2: ENOENT"),
    "a filter that is none": (policy_of('syscalls = "builtin:bsah"'), r"bad\.toml:5:12: error GB0015: no built-in filter named `bsah`"),
    "glovebox's own program": (shows(PROGRAM), r"bad\.toml:6:47: error GB0021: .* belongs to glovebox"),
    "the folder of the program": (shows(pathlib.Path(PROGRAM).parent), r"bad\.toml:6:47: error GB0021"),
    "the program for writing": (shows(pathlib.Path(PROGRAM).parent, "rw"), r"bad\.toml:6:47: error GB0021"),
}


def run_all_commands(folder, name):
    """Of `bad.toml` in the folder: what check, exec and worker say, as (who, code, words)."""
    state = folder / "state"
    work = folder / "work"
    work.mkdir(exist_ok=True)
    check = glovebox_in(folder, "policy", "check", "bad.toml")
    execute = glovebox_in(folder, "exec", "--policy", "bad.toml", "--state", state, "--", "/bin/sh", "-c", "echo ran")
    os.environ["ANTHROPIC_ENVIRONMENT_KEY"] = "key"
    worker = glovebox_in(folder, "worker", "--environment-id", "env_1", "--base-url", WRONG_PLACE, "--policy",
                         "bad.toml", "--workdir", work, "--state", state, seconds=60)
    assert "ran" not in execute.out.split(), name
    assert not list(work.iterdir()), name
    return check, execute, worker


def refusal(name, text, words, make=None):
    def body(folder):
        write(folder / "bad.toml", text)
        if callable(make):
            make(folder)
        for file, content in ({} if callable(make) or make is None else make).items():
            write(folder / file, content)
        check, execute, worker = run_all_commands(folder, name)
        # An end that is past is a finding of a policy that is valid.
        assert check.code == (1 if name == "a date that is past" else 2), (check.code, check.out, check.err)
        assert re.search(words, check.out + check.err), check.out[-2000:] + check.err[-2000:]
        for done in (execute, worker):
            assert done.code == UNCONFIGURED, (done.code, done.out, done.err[-2000:])
            assert "glovebox: error: " in done.err and re.search(words, done.err), done.err[-2000:]
            assert len(done.err) < 20000, "a refusal that nobody reads"
        # What a terminal would act on is never printed.
        for done in (check, execute, worker):
            assert not re.search("[\0\x1b\x07\u202e]", done.out + done.err), repr(done.out + done.err)
    body.__name__ = f"refused: {name}"
    return case(body)


for row, facts in TEXTS.items():
    refusal(row, *facts)


@case
def what_is_no_file_to_read(folder):
    write(folder / "good.toml", NARROW)
    (folder / "dir.toml").mkdir()
    make_links(folder)
    (folder / "link.toml").symlink_to("good.toml")
    os.mkfifo(folder / "fifo.toml", 0o644)
    write(folder / "open.toml", NARROW, 0o666)
    rows = {"dir.toml": "is not a regular file", "loop.toml": "is a symbolic link\nhint: name what it leads to",
            "link.toml": "is a symbolic link\nhint: name what it leads to", "fifo.toml": "is not a regular file",
            "missing.toml": "openat2: ENOENT\nhint: start from `glovebox policy show builtin:default`",
            "open.toml": "open.toml: ", "builtin:x": "no built-in policy `x`"}
    if not IS_ROOT:
        write(folder / "shut.toml", NARROW, 0)
        rows["shut.toml"] = "EACCES"
    for name, words in rows.items():
        glovebox_in(folder, "policy", "check", name).expect(2, err=words)
        glovebox_in(folder, "exec", "--policy", name, "--state", folder / "state", "--", "/bin/true").expect(
            UNCONFIGURED, err=words)
        done = glovebox_in(folder, "policy", "explain", "--policy", name) if name in (
            "dir.toml", "loop.toml", "missing.toml", "builtin:x") else None
        if done is not None:
            done.expect(2)
            assert done.err.count(name) <= 2 and done.out == "", done.err
    # The twin: the very same text as a file of one's own runs.
    glovebox_in(folder, "exec", "--policy", "good.toml", "--state", folder / "state", "--", "/bin/true").expect(0)


@case
def a_mount_of_glovebox_s_own_folders(folder):
    # Only who runs knows where they are: check looks at the usual places.
    state, log, kept = folder / "state", folder / "log", folder / "kept"
    kept.mkdir()
    (kept / "shown").write_text("text")
    settings = write(folder / "glovebox.toml", f'[audit]\ndir = "{log}"\n', 0o600)
    for what, path in {"the state folder": state, "the log in it": state / "audit", "what is above": folder,
                       "the policy's own file": folder / "bad.toml"}.items():
        for mode in ("ro", "rw"):
            write(folder / "bad.toml", shows(path, mode))
            done = glovebox_in(folder, "exec", "--policy", "bad.toml", "--state", state, "--", "/bin/true")
            assert done.code == UNCONFIGURED, (what, mode, done.code, done.err)
            assert re.search(r"bad\.toml:6:47: error GB0021: mount of .* belongs to glovebox", done.err), done.err
    write(folder / "bad.toml", shows(log))
    os.environ["ANTHROPIC_ENVIRONMENT_KEY"] = "key"
    done = glovebox_in(folder, "worker", "--config", settings, "--environment-id", "env_1", "--base-url", WRONG_PLACE,
                       "--policy", "bad.toml", "--state", state)
    assert done.code == UNCONFIGURED and "which belongs to glovebox" in done.err, (done.code, done.err)
    for usual in ("/etc/glovebox", "/var/lib/glovebox", "/run/glovebox", "/var/lib", "/usr/bin/glovebox"):
        write(folder / "bad.toml", shows(usual))
        glovebox_in(folder, "policy", "check", "bad.toml").expect(2, out="error GB0021: mount of ")
    # The twin: a folder beside them is shown.
    write(folder / "good.toml", shows(kept))
    glovebox_in(folder, "exec", "--policy", "good.toml", "--state", state, "--", "/bin/cat", "/shown/shown").expect(
        0, out="text")


if __name__ == "__main__":
    sys.exit(run_all())
