"""java: main runs in another thread than the process's first, exits come from any, TERM is taken by a thread that waits for it."""

import pytest

import support
from host import ended
from probe import probe

EXE = "java"

# A class file needs a compiler's second; java runs a source file, but not fast enough for every case.
SOURCE = """
public class Ends {
    public static void main(String[] words) throws Exception {
        switch (words[0]) {
        case "end": System.out.println("end"); break;
        case "exit": Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.exit(3); break;
        case "thread": Thread t = new Thread(() -> System.exit(4)); t.start(); t.join(); break;
        case "halt": Runtime.getRuntime().halt(5); break;
        case "throw": throw new Exception("up");
        case "wait": new java.io.File("ready").createNewFile(); Thread.sleep(60000); break;
        case "child":
            for (String[] command : new String[][] { { words[1], "6" }, { "/bin/sh", "-c", words[1] + " 7; exit 8" } })
                System.out.println(new ProcessBuilder(command).inheritIO().start().waitFor());
            try { Runtime.getRuntime().exec("/nonexistent"); } catch (java.io.IOException e) { System.out.println(e.getMessage()); }
        }
    }
}
"""

JAVA = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+UseSerialGC"]


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("java")
    (folder / "Ends.java").write_text(SOURCE)
    support.run("javac", "Ends.java", cwd=folder, env=support.environment(), check=True)
    return folder


def command(classes, *words):
    return [*JAVA, "-cp", classes, "Ends", *words]


@pytest.mark.parametrize("word, status", [("end", 0), ("exit", 3), ("thread", 4), ("halt", 5), ("throw", 1)])
def test_ends(word, status, host, classes):
    h = host(EXE)
    assert h.compare(command(classes, word))[0] == status
    h.expect(ended(EXE, code=status))


@pytest.mark.parametrize("number, status", [(15, 143), (2, 130), (1, 129)])
def test_a_signal(number, status, host, classes):
    h = host(EXE)

    def scenario(world):
        process = world.start(*command(classes, "wait"))
        support.wait_until((world.folder / "ready").exists, 10, "java")
        process.send_signal(number)
        return process.wait(10)

    assert h.both(scenario) == status
    h.expect(ended(EXE, code=status, after=number))


def test_what_a_signal_finds(host, classes):
    """Handlers, masks and descriptors; the number of threads is the machine's."""
    h = host(EXE)

    def scenario(world):
        process = world.start(*command(classes, "wait"))
        support.wait_until((world.folder / "ready").exists, 10, "java")
        seen = world.settled(process.pid)
        process.kill()
        return seen

    h.both(scenario)
    h.expect(ended(EXE, reason="vanished"))


def test_children(host, classes, tmp_path):
    """By jspawnhelper, a program of the JDK's that closes all descriptors and execs."""
    h = host(EXE)
    assert h.compare(command(classes, "child", probe(tmp_path)))[0] == 0
    h.expect(ended(EXE, code=0))
