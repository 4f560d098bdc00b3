"""The attempts of the probe once more, warm: calls of one session, each in a box that was made while
the call before was answered. Controls are those of the cold runs."""
import shlex

from attack import collect
from cases import CASES as ATTEMPTS
from keep_cases import play, step

CASES = []
case = collect(CASES)
# A shell has descriptors of its own.
COLD_ONLY = {"D11 other descriptors"}
# In keep mode the scratch folders are the session's.
KILL_ONLY = {"D14 leftovers of the call before"}


def expectation(attempt):
    if attempt.statuses == (10,):
        return {"exit": 10, "lacks": ["through: "]}
    return {"is_error": True}


def steps(attack, user):
    """The shell becomes the probe, as a program in a box is its own."""
    yield step("true", exit=0)
    for attempt in ATTEMPTS:
        if user not in attempt.users or attempt.name in COLD_ONLY or attempt.probe == "E31":
            continue
        if attack.mode == "keep" and attempt.name in KILL_ONLY:
            continue
        argument = attack.words(attempt.argument).replace("/workspace/probe", "/shown/probe")
        command = f"exec /shown/probe {attempt.probe} {shlex.quote(argument)}"
        for _ in range(2):
            yield step(command, **expectation(attempt))


@case("every attempt twice, warm, in one session", times=1)
def warm(attack):
    return play(attack, *steps(attack, "agent"), seconds=300)
