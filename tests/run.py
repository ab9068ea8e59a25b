#!/usr/bin/env python3
"""Builds and runs every test this machine can run: `./fdl test`.

Suites are the doctest executables in BUILD/tests/suites.txt, then the scripts that test this runner,
./fdl and the architecture, the golden cases, the guide, the manifests, the schema, exports to ONNX,
the dashboard's page, and each tests/e2e/*.py. A script prints one line per test, `ok NAME`,
`not ok NAME: why` or `skip NAME: why`; lines after it, up to the next of these, are its details. It
is called with `--build FOLDER`. A doctest case that cannot run here prints such a `skip` line and
returns. The last line printed is `N passed, M failed, K skipped`.
"""

import argparse
import fcntl
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_RESULT = re.compile(r'^(ok|not ok|skip) (.*)$')
_DOCTEST = re.compile(r'^\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|'
                      r'(?:\s*(\d+) skipped)?', re.MULTILINE)


@dataclass
class Suite:
    name: str
    command: list
    is_doctest: bool


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    details: list = field(default_factory=list)  # what a person needs to see of the failures
    reasons: list = field(default_factory=list)  # why tests were skipped

    def fail(self, text):
        self.failed += 1
        self.details.append(text)


def find_suites(build):
    listed = build / 'tests/suites.txt'
    paths = listed.read_text(encoding='utf-8').splitlines() if listed.is_file() else []
    suites = [Suite(Path(path).name, [path, '--no-colors=true'], True) for path in paths if path]
    scripts = [(name, ROOT / f'tests/{name}/{file}.py')
               for name, file in (('runner', 'runner_test'), ('launcher', 'launcher_test'),
                                  ('arch', 'arch'), ('golden', 'run'), ('guide', 'guide_test'),
                                  ('manifests', 'manifests_test'), ('schema', 'schema_test'),
                                  ('onnx', 'onnx_test'), ('page', 'page_test'), ('results', 'results_test'),
                                  ('parity', 'loss_curves'))]
    scripts += [(f'e2e_{path.stem}', path) for path in sorted((ROOT / 'tests/e2e').glob('*.py'))]
    for name, path in scripts:
        suites.append(Suite(name, [sys.executable, path, '--build', build], False))
    return suites


def select(suites, words):
    """Those whose name is a word, or holds it between underscores: `unit` means `unit_base` too."""
    for word in words:
        if not any(_matches(suite, word) for suite in suites):
            sys.exit(f"run.py: no suite is named '{word}'; --list shows them")
    return [suite for suite in suites if not words or any(_matches(suite, w) for w in words)]


def _matches(suite, word):
    return word == suite.name or word in suite.name.split('_')


def num_jobs():
    """One per core, as far as memory goes: a compiler takes up to 2 GB over libtorch's headers."""
    found = re.search(r'^MemAvailable:\s*(\d+) kB', Path('/proc/meminfo').read_text(encoding='ascii'),
                      re.MULTILINE)
    cores = len(os.sched_getaffinity(0))
    return min(cores, int(found.group(1)) // 2_000_000 + 1) if found else cores


def build_tests(build):
    """Configures and builds, under the lock that ./fdl takes; quiet when there is nothing to do."""
    (ROOT / 'build').mkdir(exist_ok=True)
    with open(ROOT / 'build/.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Configuring also finds headers that are new since the last time.
        configured = subprocess.run(['cmake', build], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, errors='replace')
        if configured.returncode != 0:
            sys.stdout.write(configured.stdout)
            return False
        command = ['cmake', '--build', build, '-j', str(num_jobs()),
                   '--target', 'fdl_all', 'fdl_tests']
        return subprocess.run(command).returncode == 0


def run_suite(suite):
    """Runs one to its end; whatever goes wrong with it counts as a failed test."""
    try:
        done = subprocess.run(suite.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=ROOT, env=_environment())
    except OSError as error:
        outcome = Outcome()
        outcome.fail(f'cannot start {suite.command[0]}: {error.strerror}')
        return outcome
    text = done.stdout.decode('utf-8', errors='backslashreplace')
    outcome = read_doctest(text) if suite.is_doctest else read_lines(text)
    if done.returncode not in (0, 1) and not suite.is_doctest:
        outcome.fail(f'{text}\n{_ending(done.returncode)}')
    elif done.returncode != 0 and outcome.failed == 0:
        outcome.fail(f'{text}\n{_ending(done.returncode)}, but no test said that it failed')
    elif outcome.passed + outcome.failed + outcome.skipped == 0:
        outcome.fail(f'{text}\nit ended without running a single test')
    return outcome


def _environment():
    """Ours, without what would change the manifests that tests read."""
    return {name: value for name, value in os.environ.items()
            if name != 'FDL_ENV' and not name.upper().startswith('FDL_SET__')}


def _ending(code):
    return f'it was ended by signal {-code}' if code < 0 else f'it ended with exit code {code}'


def read_doctest(text):
    outcome = Outcome()
    outcome.reasons = [m.group(0) for m in re.finditer(r'^skip .*$', text, re.MULTILINE)]
    summary = _DOCTEST.search(text)
    if summary:
        passed, failed, filtered = (int(number or 0) for number in summary.groups())
        outcome.passed = passed - len(outcome.reasons)
        outcome.skipped = filtered + len(outcome.reasons)
        outcome.failed = failed
    if outcome.failed:
        outcome.details.append(text)
    return outcome


def read_lines(text):
    outcome = Outcome()
    in_failure = False
    for line in text.split('\n'):
        result = _RESULT.match(line)
        if result:
            word, rest = result.groups()
            in_failure = word == 'not ok'
            outcome.passed += word == 'ok'
            outcome.failed += in_failure
            outcome.skipped += word == 'skip'
            if word == 'skip':
                outcome.reasons.append(f'skip {rest}')
        elif line.startswith('Traceback (most recent call last)'):
            outcome.failed += 1  # the script itself broke off
            in_failure = True
        if in_failure:
            outcome.details.append(line)
    return outcome


def run_all(suites):
    total = Outcome()
    width = max((len(suite.name) for suite in suites), default=0)
    for suite in suites:
        print(f'{suite.name:<{width}}  ', end='', flush=True)
        start = time.monotonic()
        outcome = run_suite(suite)
        seconds = time.monotonic() - start
        print(f'{outcome.passed:5} passed {outcome.failed:4} failed {outcome.skipped:4} skipped '
              f'{seconds:8.2f} s', flush=True)
        for line in outcome.details + outcome.reasons:
            print('    ' + line.rstrip('\n').replace('\n', '\n    '))
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.skipped += outcome.skipped
    return total


def main():
    sys.stdout.reconfigure(errors='backslashreplace')
    parser = argparse.ArgumentParser(description='Builds and runs the tests')
    parser.add_argument('suites', nargs='*', help='suites to run; all when none is named')
    parser.add_argument('--list', action='store_true', help='print the names of the suites')
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release',
                        help='build folder, default build/release')
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    start = time.monotonic()
    if arguments.list:
        print('\n'.join(suite.name for suite in find_suites(build)))
        return 0
    total = Outcome()
    if build_tests(build):
        total = run_all(select(find_suites(build), arguments.suites))
    else:
        print('building the tests failed')
        total.failed = 1
    print(f'{time.monotonic() - start:.1f} s in all')
    print(f'{total.passed} passed, {total.failed} failed, {total.skipped} skipped')
    return 1 if total.failed or not total.passed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
