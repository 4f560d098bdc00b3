#!/usr/bin/env python3
"""The contract of `glovebox seccomp`: exit codes, places, machine output, and what is never written."""
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import SOURCE, case, glovebox, run_all

GOOD = "default: errno(ENOSYS)\n@base\nopenat: allow\n"
SHIPPED = ["bash", "file", "search", "role-supervisor", "role-auditor", "role-boxer", "role-keeper",
           "role-worker", "role-egress", "role-plane"]


def seccomp(*arguments):
    return glovebox("seccomp", *arguments)


def golden(name):
    return (SOURCE / "tests/golden/seccomp" / name).read_text()


@case
def a_wrong_filter_is_shown_with_its_place(folder):
    path = folder / "own.policy"
    path.write_text("default: errno(ENOSYS)\n@fils\nptrase: allow\nsocket: allow\n")
    done = seccomp("check", path).expect(2)
    assert done.out == "", done.out
    assert done.err.startswith(
        f"{path}:2:2: error GB0506: no set named `fils`\n"
        "  @fils\n   ^^^^\n  hint: did you mean `@files`?\n"
        f"{path}:3:1: error GB0504: no system call named `ptrase`\n"
        "  ptrase: allow\n  ^^^^^^\n  hint: did you mean `ptrace`?\n"
        f"{path}:4:1: error GB0511: `socket` is dangerous: its line needs a reason after `#`\n"
        "  socket: allow\n  ^^^^^^\n  hint: "), done.err


@case
def files_that_are_no_filters(folder):
    for name, content in [("empty", b""), ("nul", b"default: kill\n\0\n"), ("bidi", "default: kill\n# \u202e\n".encode()),
                          ("large", b"#" * (256 * 1024 + 1)), ("line", b"default: kill\n#" + b"x" * 3000)]:
        path = folder / name
        path.write_bytes(content)
        done = seccomp("check", path).expect(2)
        assert f"{name}:" in done.err and "error GB05" in done.err, done.err
        assert "\u202e" not in done.err and "\0" not in done.err
        seccomp("compile", path, "-o", folder / "out").expect(2)
    for path in [folder, folder / "missing"]:
        done = seccomp("check", path).expect(2, err="error GB0517: cannot be read: ")
        seccomp("show", path).expect(2)
        seccomp("explain", "read", "--filter", path).expect(2)
    assert not (folder / "out").exists()


@case
def what_no_tool_may_have(folder):
    path = folder / "own.policy"
    path.write_text("default: errno(ENOSYS)\nmount: allow  # please\n")
    for command in [("check", path), ("show", path), ("compile", path, "-o", folder / "out"),
                    ("explain", "mount", "--filter", path)]:
        seccomp(*command).expect(2, err=f"{path}:2:1: error GB0514: no tool may have mount\n")
    assert not (folder / "out").exists()


@case
def good_filters_are_proved_on_each_architecture(folder):
    one, other = folder / "one.policy", folder / "other.policy"
    one.write_text(GOOD)
    other.write_text(GOOD + "pipe: allow\n")
    done = seccomp("check", one).expect(0, out=f"{one}: good\n  x86_64: ")
    assert "\n  aarch64: " in done.out and done.err == ""
    done = seccomp("check", one, other).expect(2, out=f"{one}: good")
    assert "base.set:77:1: error GB0509: `pipe` has a rule already, at " in done.err, done.err
    done = seccomp("check", "--format", "json", one, other).expect(2)
    first, second = json.loads(done.out)["files"]
    assert first["good"] and first["errors"] == []
    assert [a["name"] for a in first["architectures"]] == ["x86_64", "aarch64"]
    assert "epoll_wait" in first["architectures"][1]["absent"]
    assert all(len(a["sha256"]) == 64 and a["instructions"] > 10 for a in first["architectures"])
    assert not second["good"] and second["architectures"] == []
    assert {"code", "file", "line", "column", "message", "hint", "source"} == set(second["errors"][0])


@case
def shipped_filters_are_shown_as_reviewed(folder):
    for name in SHIPPED:
        table, program = golden(name + ".table"), golden(name + ".bpf.txt")
        for arch in ["x86_64", "aarch64"]:
            shown = seccomp("show", name, "--arch", arch).expect(0).out
            first, second = shown.split("\n\n")
            assert first + "\n" in table, (name, arch)
            assert second in program, (name, arch)
    assert seccomp("show", "builtin:bash").out == seccomp("show", "bash").out
    seccomp("show", "bahs").expect(2, err="no shipped filter")


@case
def a_compiled_filter_is_the_proved_one(folder):
    out = folder / "out.bpf"
    for arch in ["x86_64", "aarch64"]:
        done = seccomp("compile", "bash", "-o", out, "--arch", arch).expect(0)
        digest = hashlib.sha256(out.read_bytes()).hexdigest()
        assert f"sha256 {digest}" in done.out and f"sha256 {digest}" in golden("bash.bpf.txt"), done.out
        assert len(out.read_bytes()) % 8 == 0
    before = out.read_bytes()
    path = folder / "own.policy"
    path.write_text("default: kill\nnothing: allow\n")
    seccomp("compile", path, "-o", out).expect(2)
    assert out.read_bytes() == before
    seccomp("compile", "bash", "-o", "/dev/null").expect(64, err="exists and is no file")
    seccomp("compile", "bash", "-o", folder).expect(64, err="exists and is no file")
    seccomp("compile", "bash", "-o", folder / "missing" / "x").expect(64, err="ENOENT")
    link = folder / "link"
    link.symlink_to(out)
    seccomp("compile", "bash", "-o", link).expect(64, err="exists and is no file")
    seccomp("compile", "bash", "-o", out, "--arch", "riscv64").expect(64, err="x86_64|aarch64")
    assert sorted(p.name for p in folder.iterdir()) == ["link", "out.bpf", "own.policy"]


@case
def a_call_is_explained(folder):
    done = seccomp("explain", "socket(arg0=AF_VSOCK)", "--filter", "bash").expect(0)
    assert done.out.startswith("socket(arg0=0x28) on x86_64 (number 41): notify(EAFNOSUPPORT)\n"
                               "  line: net.set:18\n  reason: what a network namespace"), done.out
    assert "  floor: no tool may have it with AF_PACKET" in done.out
    done = seccomp("explain", "socket", "--filter", "bash").expect(0, out="it depends\n  allow if ")
    assert "errno(EAFNOSUPPORT) otherwise" in done.out
    answer = json.loads(seccomp("explain", "mount", "--filter", "bash", "--format", "json").expect(0).out)
    assert answer["outcomes"] == [{"action": "notify(EPERM)", "when": None}], answer
    assert answer["place"] == "walls.set:9" and answer["reason"] == "the view of files", answer
    seccomp("explain", "open", "--filter", "file", "--arch", "aarch64").expect(0, out="has no such call")
    seccomp("explain", "opne", "--filter", "file").expect(64, err="did you mean `open`?")
    seccomp("explain", "read", "--filter", "none").expect(2)
    seccomp("explain", "read").expect(64)


@case
def an_imported_profile_is_a_filter(folder):
    source, draft = folder / "profile.json", folder / "draft.policy"
    seeds = SOURCE / "fuzz/corpus/oci_profile"
    for seed in sorted(seeds.glob("taken-*")):
        draft.write_text(seccomp("import-oci", seed).expect(0).out)
        seccomp("check", draft).expect(0)
    for seed in sorted(seeds.glob("refused-*")):
        done = seccomp("import-oci", seed).expect(2, err="glovebox: error: ")
        assert done.out == "" and "\x1b" not in done.err
    source.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    seccomp("import-oci", source).expect(2, err="\nhint: a filter here names what is allowed")
    source.write_bytes(b"[" * 100000)
    seccomp("import-oci", source).expect(2)
    source.write_bytes(b" " * (1024 * 1024 + 1))
    seccomp("import-oci", source).expect(2)
    seccomp("import-oci", folder).expect(2)


sys.exit(run_all())
