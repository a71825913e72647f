"""git clone over http: git, git-remote-http and its helpers are programs of their own, and those that git is again are runs."""

import pytest

import support
from host import ended
from web import served

EXES = ("git", "git-remote-http")
IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@localhost", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@localhost", "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_DATE": "1700000000 +0000", "GIT_CONFIG_NOSYSTEM": "1"}


def make_repository(folder):
    """bare.git in the folder, which git can clone without a server's help."""
    env = support.environment(home=folder, **IDENTITY)

    def git(*words):
        support.run("git", *words, cwd=folder, env=env, check=True)

    git("init", "-q", "-b", "main", "work")
    for n in range(3):
        (folder / "work" / f"file{n}").write_text(f"{n}\n")
        git("-C", "work", "add", ".")
        git("-C", "work", "commit", "-q", "-m", f"commit {n}")
    git("clone", "-q", "--bare", "work", "bare.git")
    git("-C", "bare.git", "update-server-info")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The URL of such a folder."""
    folder = tmp_path_factory.mktemp("git")
    make_repository(folder)
    with served(folder) as url:
        yield url


def test_clone(repository, host):
    """git clone runs git remote-http, that git-remote-http, and git rev-list: what GIT_TRACE says, too."""
    h = host(*EXES)

    def scenario(world):
        done = world.run("git", "clone", f"{repository}/bare.git", "copy", env=IDENTITY)
        files = sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*"))
        return done.returncode, done.stdout, done.stderr, files

    status, _, _, files = h.both(scenario)
    assert status == 0 and "copy/file2" in files
    h.expect(*[ended("git", code=0)] * 3, ended("git-remote-http", code=0))


def test_clone_of_nothing(repository, host):
    h = host(*EXES)
    assert h.compare(["git", "clone", f"{repository}/none.git"], env=IDENTITY)[0] == 128
    h.expect(ended("git", code=128), ended("git", code=128), ended("git-remote-http", code=128))
