"""The fixtures of the tests of systems: those of tests/e2e, and `system`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402

from fixtures import *  # noqa: E402,F401,F403
from system import System, build_programs  # noqa: E402


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder of the stand-ins, built once."""
    return build_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def system(programs, receiver, tmp_path, state):
    """system("rivet", {"https://old.example": "..."}): the policy of that system with its URLs at the receiver; see system.py."""
    made = []

    def make(name, **more):
        made.append(System(name, programs, receiver, tmp_path, state, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
