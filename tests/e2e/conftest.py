"""The fixtures stand in fixtures.py, which tests/hosts takes too."""

from fixtures import *  # noqa: F401,F403
