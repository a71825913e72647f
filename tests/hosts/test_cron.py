"""cron with a private crontab: its children call setsid and run jobs; one job, @reboot, runs at once and once."""

import pathlib
import signal

import pytest

import support
from host import ended

# Nothing of the system's is seen or touched: the places that cron looks at are mounted over.
PRIVATE = """
mount -t tmpfs -o mode=755 none /run
mount --bind {folder}/crontabs /var/spool/cron/crontabs
mount --bind {folder}/empty /etc/cron.d
mount --bind {folder}/empty_file /etc/crontab
exec cron -f -L 0
"""


def serve(world, job):
    for name in ("crontabs", "empty"):
        (world.folder / name).mkdir()
    (world.folder / "empty_file").touch()
    crontab = world.folder / "crontabs/root"
    # A job's environment is made new by cron: the administrator writes there what it shall have.
    lines = [f"{name}={value}" for name, value in world.env.items() if name.startswith(("LD_", "BOOKEND_"))]
    crontab.write_text("\n".join([*lines, f"@reboot {job}"]) + "\n")
    crontab.chmod(0o600)
    process = world.start("unshare", "-m", "--propagation", "private", "/bin/bash", "-ec",
                          PRIVATE.format(folder=world.folder))
    support.wait_until(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "cron\n", 10, "cron")
    return process


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("sender", ["later", "helper"])
def test_a_job_runs_once(sender, host):
    h = host("cron", "dash", sender=sender)

    def scenario(world):
        ran = world.folder / "ran"
        process = serve(world, f"echo ran >>{ran}; exit 5")
        support.wait_until(lambda: ran.exists() and ran.read_text(), 10, "the job")
        seen = world.settled(process.pid, ready=lambda seen: not seen["children"])
        process.send_signal(signal.SIGTERM)
        return seen, process.wait(10), ran.read_text()

    seen = h.both(scenario)
    assert seen[1:] == (-15, "ran\n")
    h.expect(ended("dash", reason="_exit", code=5), ended("cron", reason="signal", signal=15), flush=sender == "later")


@pytest.mark.usefixtures("root")
def test_cron_killed_while_a_job_runs(host):
    """The job has a session of its own, and its own run, and takes nothing over."""
    h = host("cron", "dash")

    def scenario(world):
        ran = world.folder / "ran"
        support.run("mkfifo", world.folder / "end", check=True)
        process = serve(world, f"echo $$ >{ran}; read line <{world.folder}/end")
        support.wait_until(lambda: ran.exists() and ran.read_text(), 10, "the job")
        process.kill()
        status = process.wait(10)
        with open(world.folder / "end", "w", encoding="ascii") as end:
            end.write("go on\n")
        return status

    assert h.both(scenario) == -9
    h.expect(ended("cron", reason="vanished"), ended("dash", reason="_exit", code=0))
