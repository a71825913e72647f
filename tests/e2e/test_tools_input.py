"""Bad input gets a clear error, on stderr and nowhere else; the command of `bookend run` runs all the same."""

import os
import re
import stat

import pytest

import support

POLICY = support.plain_policy("file:/nonexistent/events.ndjson", match="{ exe: sh }")


@pytest.fixture
def tool(run, bookend):
    return lambda *words, **more: run(bookend.tool, *words, **more)


@pytest.fixture
def good(tmp_path):
    file = tmp_path / "good.yaml"
    file.write_text(support.plain_policy(f"file:{tmp_path}/events.ndjson", match="{ exe: [sh, dash] }"))
    return file


@pytest.fixture
def image(tool, good):
    tool("compile", good, check=True)
    return good.with_suffix(".bki")


def runs_anyway(tool, *words, **more):
    """The command's output and status are its own, and stderr says one thing and that nothing is recorded."""
    done = tool("run", *words, "sh", "-c", "echo out; exit 3", **more)
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert done.stderr.endswith("bookend run: sh runs without telemetry\n")
    return done.stderr


@pytest.mark.parametrize("words, part", [
    ([], "bookend: a command is missing: see `bookend --help`"),
    (["fly"], 'bookend: there is no command "fly": see `bookend --help`'),
    (["--fly"], 'bookend: there is no option "--fly": see `bookend --help`'),
    (["run"], "bookend run: there is no command to run: see `bookend run --help`"),
    (["run", "--fly", "sh"], "bookend run: there is no option --fly: see `bookend run --help`"),
    (["run", "--policy"], "bookend run: --policy needs a value: see `bookend run --help`"),
    (["run", "--to", "nowhere", "sh"], "bookend run: --to \"nowhere\" is neither file:PATH nor an http or https URL"),
    (["run", "--to", "ftp://x/", "sh"], "bookend run: --to \"ftp://x/\" is neither"),
    (["run", "--to", "http://", "sh"], "bookend run: --to \"http://\" is neither"),
    (["check"], "bookend check: there is no policy to check"),
    (["check", "a", "b"], 'bookend check: unexpected word "b"'),
    (["compile"], "bookend compile: there is no policy to compile"),
    (["compile", "policy.txt"], "bookend compile: policy.txt does not end in .yaml: say with -o where the image goes"),
    (["flush", "--timeout", "5"], 'bookend flush: --timeout "5" is no duration: write 500ms, 10s or 5m'),
    (["flush", "--once", "--follow"], "bookend flush: --once and --follow exclude each other"),
    (["flush", "--for", "me"], 'bookend flush: --for "me" is no process id'),
    (["flush", "now"], 'bookend flush: unexpected word "now"'),
    (["tail", "-x"], "bookend tail: there is no option -x"),
    (["status", "all"], 'bookend status: unexpected word "all"'),
])
def test_wrong_usage_is_said_with_the_way_to_the_help(tool, words, part):
    done = tool(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert part in done.stderr
    assert "--help`" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "check", "compile", "flush", "tail", "status"])
def test_every_command_has_its_help_on_stdout(tool, command):
    done = tool(command, "--help", check=True)
    assert done.stdout.startswith(f"usage: bookend {command}")
    assert done.stderr == ""


def test_the_version_is_told(tool):
    assert tool("--version", check=True).stdout.startswith("bookend 0.")


def test_options_behind_the_command_are_its_own(tool):
    assert tool("run", "sh", "-c", "echo $0 $1", "--policy", "--help").stdout == "--policy --help\n"


def test_an_unreadable_policy_is_said(tool, tmp_path):
    missing = tmp_path / "missing.yaml"
    for command in ("check", "compile"):
        done = tool(command, missing)
        assert done.returncode == 1
        assert "missing.yaml" in done.stderr
        assert "No such file" in done.stderr
    assert "No such file" in runs_anyway(tool, "--policy", missing)


def test_a_folder_is_no_policy(tool, tmp_path):
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    assert tool("check", folder).returncode == 1
    runs_anyway(tool, "--policy", folder)


def test_a_malformed_policy_is_said_with_line_and_column(tool, good):
    good.write_text(good.read_text().replace("when: start", "whem: start"))
    line = next(n for n, text in enumerate(good.read_text().splitlines(), 1) if "whem" in text)
    for text in (tool("check", good).stderr, runs_anyway(tool, "--policy", good)):
        assert f"{good}:{line}:" in text
        assert "whem" in text


def test_a_good_policy_passes_in_silence(tool, good, image):
    for file in (good, image):
        done = tool("check", file, check=True)
        assert (done.stdout, done.stderr) == ("", "")


def test_a_failed_compilation_leaves_the_old_image(tool, good, image):
    before = image.read_bytes()
    good.write_text("bookend: 1\n")
    assert tool("compile", good).returncode == 1
    assert image.read_bytes() == before
    assert sorted(p.name for p in image.parent.glob("good*") if p.is_file()) == ["good.bki", "good.yaml"]


def test_an_image_is_as_private_as_its_policy(tool, good):
    for mode in (0o600, 0o640, 0o644, 0o666):
        good.chmod(mode)
        tool("compile", good, check=True)
        assert stat.S_IMODE(good.with_suffix(".bki").stat().st_mode) == mode & 0o644


def test_a_truncated_or_damaged_image_is_said(tool, image):
    whole = image.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    for content in (b"", whole[:100], whole[:-1], bytes(damaged), whole + b"\0", b"\x7fELF" * 1000):
        image.write_bytes(content)
        for text in (tool("check", image).stderr, runs_anyway(tool, "--policy", image)):
            assert f"{image} is truncated, damaged, or no compiled policy: compile the policy again" in text


def test_an_image_of_another_version_is_said(tool, image):
    bytes_ = bytearray(image.read_bytes())
    bytes_[8] += 1  # image_header.major
    image.write_bytes(bytes_)
    assert "was compiled by another version of bookend" in tool("check", image).stderr
    assert "was compiled by another version of bookend" in runs_anyway(tool, "--policy", image)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_an_image_that_others_may_write_is_refused(tool, image, mode):
    image.chmod(mode)
    done = tool("check", image)
    assert done.returncode == 1
    assert done.stderr == f"bookend check: others may write {image}: chmod go-w it\n"
    assert f"others may write {image}" in runs_anyway(tool, "--policy", image)


def test_an_image_of_another_user_is_refused(tool, image, root):
    os.chown(image, 0, 0)
    assert tool("check", image).returncode == 0
    os.chown(image, 1234, 1234)
    assert "belongs to another user: make it yours or root's" in tool("check", image).stderr


def test_an_unknown_service_is_said_with_those_there_are(tool, good):
    text = runs_anyway(tool, "--policy", good, "--service", "nobody")
    assert 'bookend run: the policy has no service "nobody": it has app' in text


def test_an_image_keeps_its_destinations(tool, image):
    text = runs_anyway(tool, "--policy", image, "--to", "file:/tmp/x")
    assert "is compiled, its destinations can not be replaced: name the YAML together with --to" in text


def test_a_state_directory_must_be_absolute(tool, env):
    env = {**env, "BOOKEND_STATE": "here"}
    for command in ("flush", "tail", "status"):
        done = tool(command, env=env)
        assert done.returncode == 1
        assert f'bookend {command}: BOOKEND_STATE is not an absolute path: "here": start it with /' in done.stderr
    done = tool("run", "sh", "-c", "exit 3", env=env)
    assert done.returncode == 3
    assert "is not an absolute path" in done.stderr


def test_without_a_home_there_is_no_state_directory(tool, env):
    env = {name: value for name, value in env.items() if name not in ("HOME", "BOOKEND_STATE")}
    done = tool("tail", env=env)
    if not os.path.isdir("/var/lib/bookend"):
        assert "there is no state directory: set BOOKEND_STATE or HOME" in done.stderr


def test_only_users_that_exist_can_be_flushed_for(tool, root):
    done = tool("flush", "--user", "no-such-user")
    assert done.returncode == 1
    assert done.stderr == 'bookend flush: can not act as user "no-such-user": there is no such user\n'


def test_the_manual_has_every_command_and_option(tool):
    manual = (support.ROOT / "docs/bookend.1").read_text()
    synopsis = manual.split(".Sh SYNOPSIS\n")[1].split(".Sh")[0]
    commands = re.findall(r"^  (\w+)  +\w", tool("--help").stdout, re.M)
    assert "run" in commands and "id" in commands
    for command in commands:
        assert re.search(rf"^\.Cm .*\b{command}\b", synopsis, re.M), command
        of_it = "".join(re.findall(rf"^\.Cm .*\b{command}\b[^.]*\n((?:\.(?!Nm).*\n)*)", synopsis, re.M))
        described = manual.split(f".Ss bookend {command}", 1)[-1].split(".Ss", 1)[0]
        usage = tool(command, "--help").stdout.split("\n\n")[0]
        for option in re.findall(r"--(\w[-\w]*)", usage):
            assert f"Fl {option}" in of_it + described, f"{command} --{option}"
