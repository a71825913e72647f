"""What holds for each of the examples."""

import re

import pytest
import yaml

import support
from system import EXAMPLES, check_silent

SYSTEMS = sorted(path.stem for path in EXAMPLES.glob("*.yaml") if path.stem != "demo")
SERVICES = [(name, service) for name in SYSTEMS for service in yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())["services"]]


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_is_to_be_said_against_it(name):
    done = support.run(support.Bookend.tool, "check", EXAMPLES / f"{name}.yaml", env=support.environment())
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SYSTEMS)
def test_it_says_to_its_reader_how_to_switch_it_off(name):
    comments = "".join(re.findall("^#.*$", (EXAMPLES / f"{name}.yaml").read_text(), re.M))
    assert "To switch it off" in comments


@pytest.mark.parametrize("name, service", SERVICES)
def test_another_program_is_none_of_its_service(system, name, service):
    env = {"RS_SEGMENT_WRITE_KEY": "WKEY", "SALTO_TELEMETRY_URL": "http://127.0.0.1:1/", "SALTO_TELEMETRY_TOKEN": "dev"}
    check_silent(system(name), service, "/bin/true", **env)
