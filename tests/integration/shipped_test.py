#!/usr/bin/env python3
"""The shipped policies are what they say, and `glovebox policy` answers with the promised codes: each
command over good and bad input, in each form, also from a pipe and from git."""
import json
import re
import shutil
import sys
import tomllib

from exec_support import SOURCE, case, glovebox, run_all
from policy_support import HEAD, NARROW, WIDE, git, glovebox_in, policy_of, write
from schema_check import problems_of

SHIPPED = ("default.toml", "strict.toml", "read-only.toml", "example-network.toml")
CAP = "example-cap.toml"
WITHIN = 'cap = "cap.toml"\n'
USAGE = 64


def policy(folder, *arguments, stdin=b""):
    return glovebox_in(folder, "policy", *arguments, stdin=stdin)


@case
def shipped_policies_are_good_to_the_strictest_look(folder):
    for name in (*SHIPPED, CAP):
        done = glovebox("policy", "check", "--strict", SOURCE / "policy" / name).expect(0)
        assert done.out.splitlines()[-1].startswith(f"{SOURCE}/policy/{name}: good"), done.out
    glovebox("policy", "check", "--strict", SOURCE / "policy" / CAP).expect(0, out="good, a cap\n")
    for name in ("default", "strict"):
        glovebox("policy", "check", "--strict", f"builtin:{name}").expect(0, out=f"builtin:{name}: good\n")


@case
def what_is_shipped_in_the_program_is_what_lies_in_the_folder(folder):
    for name in ("default", "strict"):
        shown = glovebox("policy", "show", f"builtin:{name}").expect(0)
        assert shown.out == (SOURCE / "policy" / f"{name}.toml").read_text()
        glovebox("policy", "diff", f"builtin:{name}", SOURCE / "policy" / f"{name}.toml").expect(
            0, out="the texts are equal")
    glovebox("policy", "show", "builtin:defualt").expect(2, err="builtin:default, builtin:strict")


@case
def the_tests_of_shipped_policies_pass_and_touch_every_rule(folder):
    for name in ("builtin:default", "builtin:strict", SOURCE / "policy/read-only.toml",
                 SOURCE / "policy/example-network.toml"):
        done = glovebox("policy", "test", "--coverage", name).expect(0)
        passed, touched = (re.search(rf"^(\d+) of (\d+) {what}$", done.out, re.MULTILINE).groups()
                           for what in ("tests passed", "rules touched"))
        assert passed[0] == passed[1] != "0" and touched[0] == touched[1] != "0", done.out
        assert "no test touches" not in done.out and "not ok" not in done.out, done.out


@case
def shipped_policies_lie_within_the_example_cap(folder):
    shutil.copy(SOURCE / "policy" / CAP, folder / "cap.toml")
    (folder / "cap.toml").chmod(0o644)
    for name in ("default.toml", "strict.toml"):
        text = (SOURCE / "policy" / name).read_text()
        assert text.count("\nname = ") == 1
        write(folder / name, text.replace("\nname = ", "\n" + WITHIN + "name = "))
        policy(folder, "check", "--strict", name).expect(0, out="good")
        # Every line that the cap bounds names it.
        done = policy(folder, "explain", "--policy", name).expect(0)
        assert done.out.count("cap cap.toml:") > 10, done.out
        beyond = {"8GiB more": ('memory = "', 'memory = "9'), "as root": ('user = "agent"', 'user = "root"'),
                  "less on record": ('level = "args"', 'level = "metadata"'),
                  "no guard": ('".git/hooks", ', "")}
        for what, (old, new) in beyond.items():
            changed = (folder / name).read_text()
            assert old in changed, what
            write(folder / "beyond.toml", changed.replace(old, new))
            done = policy(folder, "check", "beyond.toml").expect(2, out="exceeds the cap")
            assert re.search(r"hint: the cap: cap\.toml:\d+", done.out), (what, done.out)
            glovebox_in(folder, "exec", "--policy", "beyond.toml", "--state", folder / "state", "--",
                        "/bin/true").expect(78, err="exceeds the cap")


@case
def the_schema_is_the_one_that_was_reviewed(folder):
    done = glovebox("policy", "schema").expect(0)
    assert done.out == (SOURCE / "tests/golden/policy/schema.json").read_text()
    schema = json.loads(done.out)
    for name in SHIPPED:
        assert problems_of(tomllib.loads((SOURCE / "policy" / name).read_text()), schema) == []
    good = tomllib.loads((SOURCE / "policy/default.toml").read_text())
    rows = {"unknown key": lambda p: p["profile"]["shell"].update(mounts=[]),
            "wrong type": lambda p: p["profile"]["shell"].update(landlock="1"),
            "not one of the words": lambda p: p["profile"]["shell"].update(user="rot"),
            "out of range": lambda p: p["profile"]["shell"].update(landlock=65),
            "missing key": lambda p: p.pop("bind"),
            "of another version": lambda p: p.update(glovebox=2)}
    for what, spoil in rows.items():
        bad = json.loads(json.dumps(good))
        spoil(bad)
        assert problems_of(bad, schema), what


def files_of_the_table(folder):
    """Each file that the rows below name."""
    write(folder / "narrow.toml", NARROW)
    write(folder / "wide.toml", WIDE)
    write(folder / "same.toml", "# the same\n" + NARROW)
    write(folder / "finding.toml", NARROW.replace('mode = "rw"', 'mode = "rw", exec = true'))
    write(folder / "unused.toml", NARROW + "[profile.nobody]\n")
    write(folder / "failing.toml", NARROW.replace('expect = "allow"', 'expect = "deny"'))
    write(folder / "misspelt.toml", NARROW.replace("try = \"write ", "try = \"wrote "))
    write(folder / "untested.toml", HEAD)
    write(folder / "invalid.toml", NARROW + "surprise = 1\n")
    write(folder / "cap.toml", 'glovebox = 1\n[cap]\nlimits = { wall = "1m" }\n')
    write(folder / "within.toml", policy_of('limits = { wall = "30s" }', WITHIN))
    write(folder / "beyond.toml", policy_of('limits = { wall = "2m" }', WITHIN))
    write(folder / "bad-cap.toml", "glovebox = 1\n[cap]\nuser = \"rot\"\n")
    write(folder / "bound.toml", 'glovebox = 1\n[[bind]]\nenvironment = "prod"\nagent = "a"\n'
          'tools = { bash = "p" }\n[profile.p]\n')


# arguments of `glovebox policy`; exit code; what stdout, what stderr must hold
TABLE = (
    ("check narrow.toml", 0, "narrow.toml: good\n", ""),
    ("check --strict narrow.toml wide.toml", 0, "wide.toml: good\n", ""),
    ("check finding.toml", 1, "finding.toml:5:11: error GB0105: ", ""),
    ("check unused.toml", 0, "warning GB0053: ", ""),
    ("check --strict unused.toml", 1, "error GB0053: ", ""),
    ("check invalid.toml", 2, "invalid.toml:9:1: error GB0010: unknown key `surprise`", ""),
    ("check invalid.toml finding.toml narrow.toml", 2, "narrow.toml: good\n", ""),
    ("check within.toml", 0, "within.toml: good\n", ""),
    ("check beyond.toml", 2, "hint: the cap: cap.toml:3", ""),
    ("check cap.toml", 0, "cap.toml: good, a cap\n", ""),
    ("check bad-cap.toml", 2, "bad-cap.toml:3:8: error GB0012: ", ""),
    ("check missing.toml", 2, "", "glovebox: error: missing.toml: openat2: ENOENT\nhint: start from"),
    ("check builtin:none", 2, "", "no built-in policy `none`"),
    ("check", USAGE, "", "files is required"),
    ("check --format sarif narrow.toml", USAGE, "", "--format: text|json"),
    ("diff narrow.toml narrow.toml", 0, "the texts are equal", ""),
    ("diff narrow.toml same.toml", 0, "COSMETIC", ""),
    ("diff narrow.toml wide.toml", 3, "now allowed: exec @workspace as tool any", ""),
    ("diff narrow.toml wide.toml", 3, "+ wide.toml:6 ", ""),
    ("diff narrow.toml wide.toml", 3, "- narrow.toml:5 ", ""),
    ("diff wide.toml narrow.toml", 0, "NARROWER  1\n", ""),
    ("diff --fail-on nothing narrow.toml wide.toml", 0, "WIDER  1\n", ""),
    ("diff --format md narrow.toml wide.toml", 3, "## policy diff: `narrow.toml` to `wide.toml`\n", ""),
    ("diff builtin:default builtin:strict", 0, "Landlock ABI 6 must be there, before 1\n", ""),
    ("diff builtin:strict builtin:default", 3, "now allowed: exec @workspace as tool bash\n", ""),
    ("diff invalid.toml narrow.toml", 2, "", "invalid.toml:9:1: error GB0010"),
    ("diff narrow.toml invalid.toml", 2, "", "invalid.toml:9:1: error GB0010"),
    ("diff cap.toml narrow.toml", 2, "", "this is a cap and no policy"),
    ("diff narrow.toml missing.toml", 2, "", "error: missing.toml: openat2: ENOENT\n"),
    ("diff narrow.toml", USAGE, "", "new is required"),
    ("diff --fail-on all narrow.toml wide.toml", USAGE, "", "--fail-on: widen|nothing"),
    ("test narrow.toml", 0, "1 of 1 tests passed\n", ""),
    ("test narrow.toml wide.toml", 0, "ok     wide.toml:7: write @workspace/a as tool bash\n", ""),
    ("test failing.toml", 1, "not ok failing.toml:6: write @workspace/a as tool bash\n"
     "       expected deny, is allow: the mount of `@workspace` gives it\n       at failing.toml:5\n", ""),
    ("test narrow.toml failing.toml", 1, "0 of 1 tests passed\n", ""),
    ("test misspelt.toml", 1, "not ok misspelt.toml:6: wrote @workspace/a", ""),
    ("test untested.toml", 1, "0 of 0 tests passed\n", "untested.toml holds no test\nhint: [[test]]"),
    ("test --coverage untested.toml", 1, "no test touches untested.toml:3: bind * = p\n", "holds no test"),
    ("test --coverage narrow.toml", 0, "2 of 2 rules touched\n", ""),
    ("test invalid.toml", 2, "", "invalid.toml:9:1: error GB0010"),
    ("test missing.toml", 2, "", "error: missing.toml: openat2: ENOENT\n"),
    ("test", USAGE, "", "file is required"),
    ("why --policy narrow.toml write @workspace/a", 0, "allow: the mount of `@workspace` gives it\n", ""),
    ("why --policy narrow.toml write @workspace/a", 0, "at narrow.toml:5\n", ""),
    ("why --policy narrow.toml exec @workspace/a", 1, "deny: nothing can be run from `@workspace`\n", ""),
    ("why --policy narrow.toml exec @workspace/a", 1, "at narrow.toml:5\n", ""),
    ("why --policy narrow.toml connect example.com:443", 1, "deny: the profile has no egress rule\n", ""),
    ("why --policy bound.toml tool bash", 1, "deny: ", ""),
    ("why --policy bound.toml --environment prod --agent a tool bash", 0, "allow: ", ""),
    ("why --policy bound.toml --environment prod --agent a --tool read tool read", 1, "bound.toml:2\n", ""),
    ("why --policy narrow.toml dance", USAGE, "", "hint: tool NAME, read|write|exec PATH"),
    ("why --policy narrow.toml read relative/path", USAGE, "", "glovebox: error: "),
    ("why --policy invalid.toml tool bash", 2, "", "invalid.toml:9:1: error GB0010"),
    ("why --policy narrow.toml", USAGE, "", "a request is needed, or --record"),
    ("explain --policy narrow.toml", 0, "mount @workspace rw ", ""),
    ("explain --policy narrow.toml", 0, " narrow.toml:5\n", ""),
    ("explain --policy within.toml", 0, "cap cap.toml:3\n", ""),
    ("explain --policy bound.toml --tool read", 0, "is denied", ""),
    ("explain --policy invalid.toml", 2, "", "invalid.toml:9:1: error GB0010"),
    ("explain --policy missing.toml", 2, "", "error: missing.toml: openat2: ENOENT\n"),
    ("schema", 0, '"$ref": "#/definitions/bind"', ""),
    ("schema narrow.toml", USAGE, "", "glovebox: error: "),
    ("show builtin:strict", 0, 'name = "strict"\n', ""),
    ("show default", 2, "", "no shipped policy `default`"),
    ("frobnicate", USAGE, "", "glovebox: error: "),
)


@case
def every_command_answers_with_its_code(folder):
    files_of_the_table(folder)
    wrong = []
    for words, code, out, err in TABLE:
        done = policy(folder, *words.split(" "))
        if done.code != code or out not in done.out or err not in done.err or (done.err and not err):
            wrong.append(f"{words}: exit {done.code}, wanted {code}\nout: {done.out}\nerr: {done.err}")
    assert not wrong, "\n".join(wrong)


@case
def what_scripts_read_can_be_read(folder):
    files_of_the_table(folder)
    checked = json.loads(policy(folder, "check", "--format", "json", "finding.toml", "missing.toml",
                                "cap.toml").expect(2).out)
    finding, missing, cap = checked["files"]
    assert (finding["exit"], missing["exit"], cap["exit"]) == (1, 2, 0), checked
    assert (finding["kind"], cap["kind"]) == ("policy", "cap") and "ENOENT" in missing["problem"], checked
    found = finding["diagnostics"][0]
    assert (found["code"], found["severity"], found["line"]) == ("GB0105", "error", 5), found
    diff = json.loads(policy(folder, "diff", "--format", "json", "narrow.toml", "wide.toml").expect(3).out)
    assert diff["wider"] is True and len(diff["differences"]) == 1, diff
    difference = diff["differences"][0]
    assert difference["witness"] == "exec @workspace" and difference["after"]["line"] == 6, difference
    same = json.loads(policy(folder, "diff", "--format", "json", "narrow.toml", "same.toml").expect(0).out)
    assert same["wider"] is False and same["differences"] == [], same
    why = json.loads(policy(folder, "why", "--json", "--policy", "narrow.toml", "exec @workspace/a").expect(1).out)
    assert why["answer"] == "deny" and why["rule"]["file"] == "narrow.toml" and why["rule"]["line"] == 5, why
    assert [step["stage"] for step in why["trace"]][:3] == ["bind", "profile", "rule"], why
    explained = json.loads(policy(folder, "explain", "--json", "--policy", "within.toml").expect(0).out)
    wall = next(line for line in explained["lines"] if line["words"].startswith("limit wall"))
    assert wall["at"]["file"] == "within.toml" and wall["cap"]["file"] == "cap.toml", wall
    # What diff calls a witness is a request that `why` decides the same way.
    for file, code in (("narrow.toml", 1), ("wide.toml", 0)):
        policy(folder, "why", "--policy", file, difference["witness"]).expect(code)


@case
def a_policy_can_come_from_a_pipe(folder):
    write(folder / "narrow.toml", NARROW)
    wide = WIDE.encode()
    policy(folder, "diff", "narrow.toml", "/dev/stdin", stdin=wide).expect(3, out="+ /dev/stdin:6 ")
    policy(folder, "test", "/dev/stdin", stdin=wide).expect(0, out="1 of 1 tests passed\n")
    policy(folder, "explain", "--policy", "/dev/stdin", stdin=wide).expect(0, out="rw exec")
    policy(folder, "why", "--policy", "/dev/stdin", "exec @workspace/a", stdin=wide).expect(0)
    policy(folder, "test", "/dev/stdin", stdin=b"").expect(2, err="the file is empty")
    policy(folder, "test", "/dev/stdin", stdin=b"#" * (50 << 20)).expect(2, err="longer than 1048576 bytes")
    # What something would run with is a file that nobody else can write.
    policy(folder, "check", "/dev/stdin", stdin=wide).expect(2, err="is a symbolic link")


@case
def a_review_compares_with_what_git_has(folder):
    write(folder / "policy.toml", NARROW)
    git(folder, "init", "-q", ".")
    git(folder, "add", "policy.toml")
    git(folder, "commit", "-qm", "one")
    write(folder / "policy.toml", WIDE)
    policy(folder, "diff", "HEAD:policy.toml", "policy.toml").expect(3, out="now allowed: exec @workspace")
    done = policy(folder, "diff", "policy.toml", "main:policy.toml").expect(0, out="NARROWER  1\n")
    assert done.err == "", done.err
    policy(folder, "test", "HEAD:policy.toml").expect(0)
    for name, words in (("HEAD:other.toml", "git: path 'other.toml' does not exist in 'HEAD'"),
                        ("none:policy.toml", "git: invalid object name 'none'"),
                        ("HEAD:", "ENOENT"), ("--help:policy.toml", "glovebox: error: ")):
        done = policy(folder, "diff", "--", name, "policy.toml").expect(2, err=words)
        assert done.out == "", done.out


# A line of the README that is a command, and what it prints up to the next one.
COMMAND = re.compile(r"^    \$ (.*)\n((?:    (?!\$ ).*\n|\n(?=    ))*)", re.MULTILINE)


@case
def the_readme_shows_what_the_program_prints(folder):
    text = (SOURCE / "README.md").read_text()
    section = text[text.index("## A reviewer's day"):]
    section = section[:section.index("\n## ", 1)]
    shutil.copytree(SOURCE / "policy", folder / "policy")
    for path in (folder / "policy").glob("*.toml"):
        path.chmod(0o644)
    seen = []
    for command, printed in COMMAND.findall(section):
        words = command.split(" ")
        if words[0] == "sed":
            change, _, name = command.partition(" > ")
            script, file = re.fullmatch(r"sed '(.*)' (\S+)", change).groups()
            place, line = re.fullmatch(r"/(.*)/a\\(.*)", script).groups()
            lines = (folder / file).read_text().splitlines()
            at = next(i for i, each in enumerate(lines) if place in each)
            write(folder / name, "\n".join([*lines[:at + 1], line, *lines[at + 1:]]) + "\n")
            continue
        assert words[:2] == ["glovebox", "policy"], command
        done = policy(folder, *words[2:])
        wanted = "".join(line[4:] + "\n" for line in printed.rstrip("\n").splitlines())
        code = re.search(r"^exit (\d+)\n\Z", wanted, re.MULTILINE)
        shown = done.out + (f"exit {done.code}\n" if code else "")
        assert shown == wanted, f"{command}\nprints:\n{shown}\nthe README says:\n{wanted}"
        seen.append((words[2], done.code))
    assert ("diff", 3) in seen and ("why", 1) in seen and len(seen) >= 4, seen


@case
def the_tour_of_the_demo_goes_as_it_says(folder):
    done = glovebox("rehearse", SOURCE / "policy/rehearsals/tour.toml", "--policy", "builtin:default",
                    "--state", folder / "state", "--timeout", "60s")
    done.expect(0, out="15 as expected")
    assert re.search(r"^audit verify: \d+ records, .* good$", done.out, re.MULTILINE), done.out


if __name__ == "__main__":
    sys.exit(run_all())
