"""The fixtures stand in fixtures.py, which tests/hosts takes too; here are those of tests/e2e alone."""

import pytest

from calls import Called
from fixtures import *  # noqa: F401,F403


@pytest.fixture
def called(tmp_path, state):
    """called(exe, rest, sender="later"): a service of that executable; see calls.py."""
    return lambda exe, rest, **more: Called(tmp_path, state, [exe], rest, **more)
