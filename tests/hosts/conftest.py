"""The fixtures of the tests of hosts: those of tests/e2e, and `host`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402

from fixtures import *  # noqa: E402,F401,F403
from host import Host  # noqa: E402
from sending import Sending  # noqa: E402


@pytest.fixture
def host():
    """host(*executables, sender="later", user=None, policy=None): see host.py; removed with all its processes at the end."""
    made = []

    def make(*executables, **more):
        made.append(Host(executables, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def sending(https_receiver):
    """sending(*executables, by="at_work", sender="thread", user=None): see sending.py"""
    made = []

    def make(*executables, **more):
        made.append(Sending(https_receiver, executables, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
