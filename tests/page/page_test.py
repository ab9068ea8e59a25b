#!/usr/bin/env python3
"""The dashboard's page in a real browser, served by `fdl dashboard`: what it shows is what was recorded.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
Any console error or violation of the page's policy fails the test in which it came up.
"""

import argparse
import shutil
import sys
import traceback
from pathlib import Path

import live_cases
import view_cases
from browser import Browser, BrowserError, find_chromium

ROOT = Path(__file__).resolve().parents[2]
CASES = view_cases.CASES + live_cases.CASES


def where(problem):
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f'{Path(frame.filename).name}:{frame.lineno}: {frame.line}'


def run_case(browser, case, fdl, screenshots):
    """The line to print, and whether it went well."""
    name = f'page/{case.__name__}'
    browser.open('about:blank')
    browser.problems.clear()
    try:
        told = case(browser, fdl, screenshots)
        if not shutil.which('dot'):  # then there is no drawing of the model
            browser.forget_problems('api/graph')
        assert not browser.problems, ' | '.join(browser.problems[:4])
    except (AssertionError, BrowserError) as problem:
        more = f' ({browser.problems[:3]})' if browser.problems else ''
        return f'not ok {name}: {str(problem) or where(problem)}{more}', False
    if told and told.startswith('skip: '):
        return f'skip {name}: {told.removeprefix("skip: ")}', True
    return f'ok {name}' + (f' ({told})' if told else ''), True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('--screenshots', type=Path, help='a folder for pictures of every view')
    parser.add_argument('--slow', type=int, default=0, metavar='MS',
                        help='every drawing comes that much later: finds tests that count on a quick browser')
    parser.add_argument('names', nargs='*', help='only these tests')
    options = parser.parse_args()
    fdl, program = options.build.resolve() / 'bin/fdl', find_chromium()
    chosen = [case for case in CASES if not options.names or case.__name__ in options.names]
    if not program or not fdl.exists():
        for case in chosen:
            print(f'skip page/{case.__name__}: {"fdl is not built" if program else "no chromium"}')
        return 0
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    browser, good = Browser(program, options.slow), True
    try:
        for case in chosen:
            line, went_well = run_case(browser, case, fdl, options.screenshots)
            good = good and went_well
            print(line, flush=True)
    finally:
        browser.close()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
