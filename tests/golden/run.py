#!/usr/bin/env python3
"""Compares whole outputs of `fdl` with stored text. Usage: run.py [--build FOLDER] [AREA[/CASE]...]

A case is a folder tests/golden/AREA/CASE with `cmd`, one shell line, and the files it needs. It runs
by `sh -e` in a copy of its folder, with the built `fdl` first in PATH, $REPO as the root of the
repository and no other FDL_* variable than those `cmd` sets. `stdout`, `stderr` and `exit` are what
must come out; a missing one means nothing, and exit code 0. The copy's path is written `<tmp>`, the
repository's `<repo>`. FDL_UPDATE_GOLDEN=1 writes what came out instead of comparing.
"""

import argparse
import concurrent.futures
import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / 'tests/golden'
EXPECTED = ('stdout', 'stderr', 'exit')


def environment(build, folder):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(('FDL_', 'LC_', 'XDG_')) and name not in ('COLUMNS', 'LANG')}
    return kept | {'PATH': f'{build / "bin"}:{os.environ.get("PATH", os.defpath)}',
                   'HOME': str(folder), 'PWD': str(folder), 'REPO': str(ROOT), 'NO_COLOR': '1',
                   'TERM': 'dumb', 'LC_ALL': 'C.UTF-8',
                   # Peak memory depends on whether the CPU has tiles: as if none had.
                   'ATEN_CPU_CAPABILITY': 'avx2'}


def run_case(case, build):
    """What came out, as {'stdout': text, 'stderr': text, 'exit': text}."""
    with tempfile.TemporaryDirectory(prefix='fdl-golden-') as outer:
        folder = Path(outer).resolve() / case.name
        shutil.copytree(case, folder, ignore=shutil.ignore_patterns('cmd', *EXPECTED))
        done = subprocess.run(['sh', '-e', '-c', (case / 'cmd').read_text(encoding='utf-8')],
                              cwd=folder, env=environment(build, folder),
                              stdin=subprocess.DEVNULL, capture_output=True)

        def plain(output):
            text = output.decode('utf-8', errors='surrogateescape')
            return text.replace(str(folder), '<tmp>').replace(str(ROOT), '<repo>')
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return {'stdout': plain(done.stdout), 'stderr': plain(done.stderr),
                'exit': f'{code}\n' if code else ''}


def stored(case, part):
    path = case / part
    if not path.is_file():
        return ''
    text = path.read_bytes().decode('utf-8', errors='surrogateescape')
    return '' if part == 'exit' and text.strip() == '0' else text


def store(case, outcome):
    for part, text in outcome.items():
        if text:
            (case / part).write_bytes(text.encode('utf-8', errors='surrogateescape'))
        else:
            (case / part).unlink(missing_ok=True)


def differences(case, outcome):
    for part, text in outcome.items():
        expected = stored(case, part)
        if text != expected:
            yield from difflib.unified_diff(_lines(expected), _lines(text), f'expected {part}',
                                            f'actual {part}', lineterm='')


def _lines(text):
    lines = text.split('\n')
    if lines[-1] == '':
        return lines[:-1]
    return lines[:-1] + [lines[-1] + '  (no newline at the end)']


def judge(case, build):
    """The lines to print for a case; the first says whether it passed."""
    name = f'golden/{case.relative_to(CASES).as_posix()}'
    try:
        outcome = run_case(case, build)
    except (OSError, UnicodeError, shutil.Error) as error:
        return [f'not ok {name}: cannot be run: {error}']
    if os.environ.get('FDL_UPDATE_GOLDEN') == '1':
        changed = any(outcome[part] != stored(case, part) for part in EXPECTED)
        store(case, outcome)
        return [f'ok {name}' + (' (rewritten)' if changed else '')]
    diff = list(differences(case, outcome))
    if not diff:
        return [f'ok {name}']
    return [f'not ok {name}: {(case / "cmd").read_text(encoding="utf-8").strip()}'] + \
        ['  ' + line for line in diff]


def find_cases(wanted):
    cases = sorted(path.parent for path in CASES.glob('*/*/cmd'))
    return [case for case in cases if not wanted or any(
        case.relative_to(CASES).as_posix() == word or case.parent.name == word for word in wanted)]


def main():
    parser = argparse.ArgumentParser(description='Golden tests')
    parser.add_argument('cases', nargs='*', metavar='AREA[/CASE]')
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    cases = find_cases(arguments.cases)
    sys.stdout.reconfigure(encoding='utf-8', errors='backslashreplace')
    if not (build / 'bin/fdl').is_file():
        print(f'not ok golden: {build}/bin/fdl is not built')
        return 1
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for lines in pool.map(lambda case: judge(case, build), cases):
            print('\n'.join(lines), flush=True)
            failed += lines[0].startswith('not ok')
    return 1 if failed or not cases else 0


if __name__ == '__main__':
    sys.exit(main())
