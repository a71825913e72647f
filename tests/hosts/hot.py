"""Policies about the calls of real programs: twenty hot symbols of libc, hooked in every way there is; and strace's truth."""

import collections
import re

import support

# Counted in assembly; by parameter; by result; with duration; variadic ones; one with events.
HOT = """
      malloc: { call: malloc, count: calls }
      malloced: { call: "void *malloc(size_t bytes)", histogram: { parameter: bytes } }
      free: { call: free, count: calls }
      freed: { call: free, count: calls, if: { parameter: 1, as: pointer, above: 0 } }
      calloc: { call: calloc, count: calls }
      realloc: { call: "void *realloc(void *at, size_t bytes)", sum: { parameter: bytes } }
      memcpy: { call: memcpy, sum: { parameter: 3, as: uint } }
      memmove: { call: memmove, count: calls }
      memset: { call: memset, count: calls }
      memcmp: { call: "int memcmp(const void *a, const void *b, size_t n)", count: calls, if: { value: "${call.result}", is: 0 } }
      strlen: { call: "size_t strlen(const char *s)", histogram: "${call.result}" }
      strcmp: { call: strcmp, count: calls }
      strchr: { call: strchr, count: calls }
      read: { call: "ssize_t read(int fd, void *into, size_t n)", sum: "${call.result}", if: { value: "${call.result}", above: 0 } }
      write: { call: "ssize_t write(int fd, const void *from, size_t n)", sum: "${call.result}" }
      writes: { call: write, count: calls }
      close: { call: close, last: { parameter: 1 } }
      lock: { call: pthread_mutex_lock, histogram: duration_ms }
      unlock: { call: pthread_mutex_unlock, histogram: duration_ms }
      wait: { call: [poll, epoll_wait, select], histogram: duration_ms }
      clock: { call: clock_gettime, count: calls }
      print: { call: [snprintf, __snprintf_chk], sum: "${call.result}" }
      signals: { call: [sigaction, sigprocmask, pthread_sigmask], count: calls }
"""

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "@OUT@" }}
services:
  app:
    match: {{ exe: [{exes}] }}
    to: out
    sender: {sender}
    consent: [ {{ allow: always }} ]
    measures: {measures}
    events:
      app_started: {{ when: start, properties: {{ exe: "${{process.exe}}" }} }}
{events}
      app_stopped:
        when: stop
        properties:
          exe: ${{process.exe}}
          how: ${{exit.how}}
          reason: ${{exit.reason}}
          code: ${{exit.code}}
          signal: ${{exit.signal}}
          after_signal: ${{exit.after_signal}}
{counts}
"""


def policy(exes, measures=HOT, events="", sender="later"):
    """A service of these executables whose stop carries every measure, as its count where it has one."""
    names = re.findall(r"^ +(\w+): \{ call:", measures, re.MULTILINE)
    counts = "\n".join(f'          {name}: ${{measure.{name}.count}}' for name in names)
    sums = [name for name, kind in re.findall(r"^ +(\w+): \{.*?\b(sum|histogram|last|count):", measures, re.MULTILINE) if kind == "sum"]
    counts += "".join(f"\n          {name}_sum: ${{measure.{name}}}" for name in sums)
    return POLICY.format(exes=", ".join(exes), measures=measures, events=events, sender=sender, counts=counts)


def stopped(host, deadline=20):
    """The properties of all stops that have been delivered, once there is one."""

    def there():
        host.tool("flush", "--once")
        return [event["properties"] for event in host.events() if event["event"] == "app_stopped"]

    return support.wait_until(there, deadline, "a stop")


def straced(log, but=()):
    """How often each system call was made, in strace's log with -y; without those on files that fit one of the patterns."""
    found = collections.Counter()
    for line in log.read_text(errors="replace").splitlines():
        call = re.match(r"\s*(?:\d+\s+)?(\w+)\((.*)", line)
        if call and not any(re.search(pattern, call.group(2)) for pattern in but):
            found[call.group(1)] += 1
    return found
