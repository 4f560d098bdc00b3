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


def attempts(attack, user):
    for attempt in ATTEMPTS:
        if user not in attempt.users or attempt.name in COLD_ONLY or attempt.probe == "E31":
            continue
        if attack.mode == "keep" and attempt.name in KILL_ONLY:
            continue
        yield attempt


def as_step(attack, attempt):
    """The shell becomes the probe, as a program in a box is its own."""
    argument = attack.words(attempt.argument).replace("/workspace/probe", "/shown/probe")
    return step(f"exec /shown/probe {attempt.probe} {shlex.quote(argument)}", **expectation(attempt))


def play_all(attack, left, problems):
    """Each of these twice in one session; returns those that had no box that waited for them."""
    calls, whose = [step("true", exit=0)], [None]
    for attempt in left:
        calls += [as_step(attack, attempt)] * 2
        whose += [attempt] * 2
    starts = []
    problem = play(attack, *calls, seconds=300, starts=starts)
    if problem:
        problems.append(problem)
    warm = {whose[number].name for number, start in starts if start == "warm" and whose[number]}
    return [attempt for attempt in left if attempt.name not in warm]


# A call that comes while the next box is still being made gets one of its own time, as after a call
# that ended the session's processes; so does its attempt once more, among others.
ROUNDS = 6


@case("every attempt twice, warm, in one session", times=1)
def warm(attack):
    left, problems = list(attempts(attack, "agent")), []
    for _ in range(ROUNDS):
        left = play_all(attack, left, problems)
        if problems:
            return problems[0]
        if not left:
            return None
    return f"never in a box that waited: {', '.join(attempt.name for attempt in left)}"
