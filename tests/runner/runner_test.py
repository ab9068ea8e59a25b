#!/usr/bin/env python3
"""Tests of tests/run.py and tests/golden/run.py on stand-ins: no failure may go unseen."""

import argparse
import importlib.util
import os
import sys
import tempfile
import traceback
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


runner = load('runner', TESTS / 'run.py')
golden = load('golden', TESTS / 'golden/run.py')


def counts(script, is_doctest=False):
    suite = runner.Suite('stand-in', ['sh', '-c', script], is_doctest)
    outcome = runner.run_suite(suite)
    assert bool(outcome.details) == bool(outcome.failed), outcome
    return outcome.passed, outcome.failed, outcome.skipped


def scripts_are_counted_line_by_line():
    assert counts('echo ok a; echo noise; echo skip b: no GPU; echo ok c') == (2, 0, 1)
    assert counts('echo ok a; echo "not ok b: why"; echo more; exit 1') == (1, 1, 0)
    outcome = runner.read_lines('ok a\nnoise\nnot ok b: why\n  more\nok c\nnoise\n')
    assert outcome.details == ['not ok b: why', '  more'], outcome.details
    assert runner.read_lines('skip b: no GPU\n').reasons == ['skip b: no GPU']


def endings_without_a_result_fail():
    for is_doctest in (True, False):
        assert counts('true', is_doctest) == (0, 1, 0)
        assert counts('echo hello; exit 3', is_doctest) == (0, 1, 0)
        assert counts('kill -SEGV $$', is_doctest) == (0, 1, 0)
    assert counts('echo ok a; exit 1') == (1, 1, 0)
    assert counts('echo ok a; kill -KILL $$') == (1, 1, 0)
    assert counts('echo "not ok a: x"; kill -KILL $$') == (0, 2, 0)
    assert counts('echo "not ok a: x"; echo ok b; python3 -c 1/0') == (1, 2, 0)


def missing_executables_fail():
    outcome = runner.run_suite(runner.Suite('gone', ['/nonexistent/test'], True))
    assert (outcome.passed, outcome.failed) == (0, 1) and '/nonexistent/test' in outcome.details[0]


def doctest_summaries_are_read():
    line = '[doctest] test cases: %s'
    say = f"echo '{line}'; exit %d"
    assert counts(say % (' 12 |  12 passed | 0 failed | 0 skipped', 0), True) == (12, 0, 0)
    assert counts(say % ('12 | 10 passed | 2 failed |', 1), True) == (10, 2, 0)
    assert counts(say % ('3 | 3 passed | 0 failed | 4 skipped', 0), True) == (3, 0, 4)
    assert counts(say % ('3 | 3 passed | 0 failed | 0 skipped', 139), True) == (3, 1, 0)
    assert counts('echo skip x: no GPU; ' + say % ('3 | 3 passed | 0 failed |', 0), True) == (2, 0, 1)


def suites_are_selected_by_name_or_part():
    suites = [runner.Suite(name, [], True) for name in ('unit_base', 'unit_config', 'golden')]

    def names(*words):
        return [suite.name for suite in runner.select(suites, words)]
    assert names() == ['unit_base', 'unit_config', 'golden']
    assert names('unit') == ['unit_base', 'unit_config']
    assert names('golden', 'unit_base') == ['unit_base', 'golden']
    try:
        names('nothing')
    except SystemExit as refusal:
        assert 'nothing' in refusal.code
    else:
        raise AssertionError('an unknown name was accepted')


def write_case(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding='utf-8')
    return folder


def judged(files, update=False):
    with tempfile.TemporaryDirectory() as outer:
        golden.CASES = Path(outer)
        case = write_case(golden.CASES / 'area' / 'case', files)
        os.environ['FDL_UPDATE_GOLDEN'] = '1' if update else '0'
        lines = golden.judge(case, Path('/nonexistent'))
        return lines, {path.name: path.read_text(encoding='utf-8') for path in case.iterdir()}


def golden_cases_are_compared_whole():
    echo = 'cat in; echo oops >&2; exit 2\n'
    sound = {'cmd': echo, 'in': 'grün\n', 'stdout': 'grün\n', 'stderr': 'oops\n', 'exit': '2\n'}
    assert judged(sound)[0] == ['ok golden/area/case']
    for part, wrong in (('stdout', 'grün'), ('stdout', 'grau\n'), ('stderr', ''), ('exit', '0\n'),
                        ('in', 'grün\n\n')):
        lines, _ = judged(sound | {part: wrong})
        assert lines[0].startswith('not ok golden/area/case: cat in'), (part, lines)
        assert len(lines) > 3, lines
    assert judged({'cmd': 'true\n'})[0] == ['ok golden/area/case']
    assert judged({'cmd': 'false; true\n'})[0][0].startswith('not ok')  # sh -e


def golden_cases_run_in_their_own_world():
    os.environ['FDL_SET__training__epochs'] = '3'
    text = 'pwd; echo $HOME; echo $REPO; env | grep -c ^FDL_ || true; test -e cmd || echo "no cmd"\n'
    expected = '<tmp>\n<tmp>\n<repo>\n0\nno cmd\n'
    assert judged({'cmd': text, 'stdout': expected})[0] == ['ok golden/area/case']
    del os.environ['FDL_SET__training__epochs']


def golden_cases_are_rewritten_on_request():
    lines, files = judged({'cmd': 'echo new; exit 3', 'stderr': 'old\n'}, update=True)
    assert lines == ['ok golden/area/case (rewritten)']
    assert files == {'cmd': 'echo new; exit 3', 'stdout': 'new\n', 'exit': '3\n'}, files


TESTS_HERE = [scripts_are_counted_line_by_line, endings_without_a_result_fail,
              missing_executables_fail, doctest_summaries_are_read,
              suites_are_selected_by_name_or_part, golden_cases_are_compared_whole,
              golden_cases_run_in_their_own_world, golden_cases_are_rewritten_on_request]


def main():
    parser = argparse.ArgumentParser(description='Tests of the test runner')
    parser.add_argument('--build')  # every script is given one; this needs none
    parser.parse_args()
    failed = False
    for test in TESTS_HERE:
        try:
            test()
            print(f'ok {test.__name__}')
        except Exception:  # whatever it is, it is this test's failure
            failed = True
            print(f'not ok {test.__name__}: see below')
            print('  ' + traceback.format_exc().replace('\n', '\n  '))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
