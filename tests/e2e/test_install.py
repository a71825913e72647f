"""`make install` puts everything where the loader, people and `bookend` itself look for it."""

import os
import subprocess

import pytest

import support


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The staging folder of an installation under /usr."""
    stage = tmp_path_factory.mktemp("stage")
    support.run("make", "-s", "-o", "all", "-C", support.ROOT, "install", "PREFIX=/usr", f"DESTDIR={stage}", f"B={support.BUILD}",
                env={**os.environ, "MAKEFLAGS": ""}, check=True, timeout=300)
    return stage / "usr"


def test_everything_has_its_place(installed):
    triplet = subprocess.run(["cc", "-print-multiarch"], capture_output=True, text=True, check=True).stdout.strip()
    for name in ("bin/bookend", "libexec/bookend/bookend-collector", f"lib/{triplet}/libbookend.so",
                 "lib/bookend/libbookend-sender.so", "share/man/man1/bookend.1", "share/doc/bookend/policy.md",
                 "share/doc/bookend/examples/demo.yaml"):
        assert (installed / name).is_file(), name


def test_what_is_installed_works_from_there(installed, env, run, state):
    tool = installed / "bin" / "bookend"
    done = run(tool, "run", "--", "/bin/sh", "-c", "exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    run(tool, "flush", "--timeout", "10s", check=True)
    lines = support.json_lines((state / "events.ndjson").read_text())
    assert [line["kind"] for line in lines] == ["start", "stop"]
    assert "usage: bookend collect" in run(tool, "collect", "--help").stdout
