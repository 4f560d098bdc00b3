#!/usr/bin/env python3
"""What a box reaches of the world, and what not, with real programs in real boxes.

usage: egress_test.py root|user [WORD...]    (WORD: only cases with it in their name)

The host and the world behind it are egress_world.py, which takes root; the word says who glovebox
runs as. Whether something got out is asked of the world: of its servers, and of the cable.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import egress_world  # noqa: E402
from egress_support import CASES, play  # noqa: E402
from worker_harness import remove_folders  # noqa: E402

# Each adds its cases, in this order.
import egress_refused  # noqa: E402, F401
import egress_allowed  # noqa: E402, F401
import egress_inspected  # noqa: E402, F401
import egress_http2  # noqa: E402, F401
import egress_proxied  # noqa: E402, F401
import egress_lasting  # noqa: E402, F401


def main():
    user, words = sys.argv[1], sys.argv[2:]
    egress_world.enter()
    world = egress_world.World()
    failed = play(CASES, world, user, words)
    world.end()
    remove_folders()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
