"""The files of the checkout, for the checks beside this one: no check of its own (it is not executable)."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOOKEND_BUILD", ROOT / "build"))


def files(*suffixes):
    """Paths of all tracked and new files with one of the suffixes (all when none is given), relative to the top."""
    try:
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
            capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
                  if not {".git", "build", "__pycache__"} & set(p.relative_to(ROOT).parts)]
    paths = sorted(pathlib.PurePath(name) for name in set(listed) if name and (ROOT / name).is_file())
    return [p for p in paths if not suffixes or p.suffix in suffixes]


def lines(path):
    return (ROOT / path).read_text(errors="replace").splitlines()


def finish(complaints):
    """Prints the complaints and ends the check."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
