"""Fixtures of the end to end tests. Everything a test makes lies in its own temporary folder and its own pool."""

import os
import subprocess

import pytest

import support


@pytest.fixture(scope="session")
def bookend():
    """Paths of the built parts: .tool .shim .sender .collector"""
    missing = [p for p in (support.Bookend.tool, support.Bookend.shim) if not os.path.exists(p)]
    if missing:
        pytest.fail(f"not built: {', '.join(missing)} (run make)")
    return support.Bookend


@pytest.fixture
def wait_until():
    """wait_until(condition, deadline, what): see support.py"""
    return support.wait_until


@pytest.fixture
def state(tmp_path):
    """A private state directory (a pathlib.Path, 0700); its pool is removed afterwards."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    yield folder
    support.remove_pools(folder)


@pytest.fixture
def env(state, tmp_path):
    """A small environment with BOOKEND_STATE set, for run(..., env=env)."""
    home = tmp_path / "home"
    home.mkdir()
    return support.environment(state, home)


@pytest.fixture
def run(env, tmp_path):
    """run("program", "argument", env=..., check=True): a CompletedProcess; the default environment is `env`."""

    def go(*command, **more):
        more.setdefault("env", env)
        more.setdefault("cwd", tmp_path)
        return support.run(*command, **more)

    return go


@pytest.fixture
def start(env, tmp_path):
    """start("program", ...): a Popen in the background, killed with all its group at the end of the test."""
    started = []

    def go(*command, **more):
        more.setdefault("env", env)
        more.setdefault("cwd", tmp_path)
        more.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], start_new_session=True, **more)
        started.append(process)
        return process

    yield go
    for process in started:
        support.kill_group(process)


@pytest.fixture
def compile_c(tmp_path):
    """compile_c(source, name="helper", flags=[], libs=[]): path of the program"""
    return lambda source, **more: support.compile_c(tmp_path, source, **more)


@pytest.fixture
def policy(tmp_path, bookend, env):
    """policy(yaml, name="policy"): writes and compiles it, returns the path of the YAML."""

    def write(text, name="policy"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text)
        support.run(bookend.tool, "compile", file, env=env, check=True)
        return file

    return write


@pytest.fixture
def receiver():
    """An HTTP receiver: .url .requests .events() .answer(503, 200) .wait(count); see support.Receiver"""
    with_http = support.Receiver()
    yield with_http
    with_http.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """(CA file, certificate and key file) for 127.0.0.1"""
    return support.make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def https_receiver(authority):
    """The same with TLS; .authority is the CA file to trust."""
    with_tls = support.Receiver(certificate=authority[1], authority=authority[0])
    yield with_tls
    with_tls.close()


@pytest.fixture
def proxy():
    """A forwarding proxy: .url .targets"""
    forwarder = support.Proxy()
    yield forwarder
    forwarder.close()


@pytest.fixture
def collector(bookend, tmp_path, env):
    """A running `bookend collect`: .url .port .database .stop(signal) .start()"""
    one = support.Collector(tmp_path, env)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def root():
    """Skips the test unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a file system or makes a namespace")
