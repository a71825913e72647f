#!/usr/bin/python3
"""suite.py PART...: runs parts of the test suite on what the Makefile built, prints what failed and, as its last line, the sum.

Parts: quick-lint lint unit tsan fuzz e2e. A failing test's output is shown, a passing one's is not.
"""

import concurrent.futures
import importlib.util
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("BOOKEND_BUILD", ROOT / "build"))
CPUS = len(os.sched_getaffinity(0))
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}
SLOW_LINT = {"tidy", "analyzer", "cppcheck"}


class Total:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def show(name, output):
    print(f"\n--- {name} failed ---\n{output.rstrip()}\n", flush=True)


def call(command, timeout, env=None):
    """Status and output of a command; a command that hangs is killed with its group and has failed."""
    with subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
            return process.returncode, output.decode(errors="backslashreplace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            return -9, f"{output.decode(errors='backslashreplace')}\nkilled: it took more than {timeout} s"


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        yield from pool.map(function, items)


def cmocka(total, tree):
    """The programs of a tree; each counts the tests it holds, and a crash or a leak counts as one that failed."""
    programs = sorted(p for p in (BUILD / tree / "tests/unit").glob("test_*") if os.access(p, os.X_OK) and not p.suffix)
    programs = [p for p in programs if (ROOT / "tests/unit" / f"{p.name}.c").exists()]
    for program, (status, output) in zip(programs, in_parallel(lambda p: call([p], 180, SANITIZERS), programs)):
        passed = len(re.findall(r"^\[       OK \]", output, re.M))
        failed = len(set(re.findall(r"^\[  FAILED  \] (\w+)$", output, re.M)))
        skipped = len(set(re.findall(r"^\[  SKIPPED \] (\w+)$", output, re.M)))
        if status != 0 or passed + skipped == 0:
            show(f"{tree}: {program.name}", output)
            failed = max(failed, 1)
        total.add(passed, failed, skipped)


def write_dictionary(path):
    """The words of the policy language, from its tables."""
    tables = "\n".join(p.read_text() for p in sorted(ROOT.glob("policy/**/*.def")))
    words = re.findall(r"^(?:KEY\(\w+, |WORD\(|PARAMETER\(|TRANSFORM\()(\w+)", tables, re.M)
    words += re.findall(r'^FACT\(\w+, "([\w.]+)"', tables, re.M)
    path.write_text("".join(f'"{word}"\n' for word in sorted(set(words))))


def fuzz(total):
    seconds = int(os.environ.get("FUZZ_SECONDS", 5))

    def one(program):
        corpus = ROOT / "tests/fuzz/corpus" / program.name
        with tempfile.TemporaryDirectory() as found:
            folders = [found] + ([corpus] if corpus.is_dir() else [])
            dictionary = pathlib.Path(found) / "words.dict"
            write_dictionary(dictionary)
            return call([program, f"-dict={dictionary}", f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=2048", "-print_final_stats=1",
                         f"-artifact_prefix={BUILD}/fuzz/{program.name}-", *folders], seconds + 60, SANITIZERS)

    programs = [BUILD / "fuzz/tests/fuzz" / p.stem for p in sorted(ROOT.glob("tests/fuzz/fuzz_*.c"))]
    for program, (status, output) in zip(programs, in_parallel(one, programs)):
        if status != 0:
            show(f"fuzz: {program.name}", output[-6000:])
        total.add(passed=status == 0, failed=status != 0)


def lint(total, quick):
    checks = [p for p in sorted((ROOT / "tests/lint").iterdir()) if p.suffix in (".sh", ".py") and os.access(p, os.X_OK)]
    checks = [p for p in checks if not (quick and p.stem in SLOW_LINT)]
    for check, (status, output) in zip(checks, in_parallel(lambda p: call([p], 1200, {"BOOKEND_BUILD": str(BUILD)}), checks)):
        if status != 0:
            show(f"lint: {check.stem}", output)
        total.add(passed=status == 0, failed=status != 0)


def e2e(total):
    """pytest; its own output is the progress, and counts come from its report."""
    folders = [f for f in ("tests/e2e", "tests/systems", "tests/hooks", "tests/hosts") if list((ROOT / f).glob("test_*.py"))]
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        spread = ["-n", str(CPUS)] if CPUS > 1 and importlib.util.find_spec("xdist") else []
        status = subprocess.call(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}",
             *spread, *folders], cwd=ROOT, stdin=subprocess.DEVNULL)
        if not report.exists():
            return total.add(failed=1)
        suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    tests, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    if status not in (0, 5) and failed == 0:
        failed = 1
    return total.add(max(tests - failed - skipped, 0), failed, skipped)


PARTS = {
    "quick-lint": lambda total: lint(total, quick=True),
    "lint": lambda total: lint(total, quick=False),
    "unit": lambda total: cmocka(total, "asan"),
    "tsan": lambda total: cmocka(total, "tsan"),
    "fuzz": fuzz,
    "e2e": e2e,
}


def main(names):
    # A shell's background job inherits that these are ignored, and so would every program under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        sys.exit(f"usage: suite.py PART...; parts are {' '.join(PARTS)}")
    total = Total()
    for name in names:
        part, begin = Total(), time.monotonic()
        print(f"{name:<10} ...", flush=True)
        PARTS[name](part)
        print(f"{name:<10} {part} ({time.monotonic() - begin:.0f} s)", flush=True)
        total.add(part.passed, part.failed, part.skipped)
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
