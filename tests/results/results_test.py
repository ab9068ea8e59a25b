#!/usr/bin/env python3
"""Holds docs/benchmarks.md to the stored reports, docs/results.md to the curves in manifests/results/curves, the curves to the figures that are asked
for and to their manifests, and the curves beside PyTorch to their tolerance. Nothing is trained here.

Prints `ok NAME`, `not ok NAME: why`, or `skip NAME: why` for a job that nobody has trained yet, as tests/run.py reads them.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / 'bench'), str(ROOT / 'tests/parity')]
import loss_curves  # noqa: E402  pylint: disable=wrong-import-position
import publish  # noqa: E402  pylint: disable=wrong-import-position
import scaling  # noqa: E402  pylint: disable=wrong-import-position


def resolved(fdl, name):
    done = subprocess.run([fdl, 'config', 'show', publish.RESULTS / f'{name}.yml', '--json'], cwd=ROOT,
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def reaches(fdl, name):
    """Its last weights do what is asked, after the epochs that its manifest has."""
    claim, rows = publish.CLAIMS[name], publish.read_curve(name)
    figure = publish.figure_of(name)
    assert claim.holds(figure), f'{claim.metric} is {figure}, asked for {claim.bound}'
    training = resolved(fdl, name)['training']
    assert [int(row['epoch']) for row in rows] == list(range(1, training['epochs'] + 1)), 'other epochs'
    steps = {int(row['step']) // int(row['epoch']) for row in rows}
    assert len(steps) == 1, f'epochs of different lengths: {steps}'


def follows_pytorch(name):
    curves = json.loads(publish.LOSS_CURVES.read_text(encoding='utf-8'))['jobs'][name]
    differences = [abs(a - b) for a, b in zip(curves['fdl'], curves['pytorch'], strict=True)]
    assert len(differences) == loss_curves.NUM_STEPS
    assert max(differences) == curves['max_difference'] <= loss_curves.TOLERANCE, max(differences)


def all_are_there():
    names = {path.stem for path in publish.RESULTS.glob('*.yml')}
    curves = {path.stem for path in publish.CURVES.glob('*.csv')}
    assert names == set(publish.CLAIMS) == set(loss_curves.JOBS), names
    assert set(publish.read_runs()) == curves, curves


def benchmarks_are_made(fdl):
    """docs/benchmarks.md is what the stored reports, the command and bench/README.md give."""
    reports = sorted(path.relative_to(ROOT) for path in (ROOT / 'bench/results/reports').glob('*.json'))
    done = subprocess.run([fdl, 'bench', '--table', *reports], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = '`fdl bench --table bench/results/reports/*.json --out docs/benchmarks.md` makes it anew'
    assert done.stdout == (ROOT / 'docs/benchmarks.md').read_text(encoding='utf-8'), words


def peers_count_alike():
    """Each peer asserts the number of its parameters; it is the one that the manifest's first line states."""
    peers = '\n'.join(path.read_text(encoding='utf-8') for path in (ROOT / 'bench/peers').glob('*.py'))
    for manifest in (ROOT / 'manifests/bench').glob('*.yml'):
        stated = re.search(r'([\d,]+) parameters', manifest.read_text(encoding='utf-8')).group(1)
        assert re.search(rf'\b{stated.replace(",", "_")}\b', peers), f'{manifest.name}: {stated}'


def scaling_is_made():
    """The page and its picture are what the stored figures give, whose fits are those of their points."""
    figures = json.loads(scaling.FIGURES.read_text(encoding='utf-8'))
    for one in figures['series']:
        assert len(one['points']) == 6 and scaling.fit(one['points']) == one['fit'], scaling.title(one)
    words = '`python3 bench/scaling.py --table` makes it anew'
    assert scaling.PAGE.read_text(encoding='utf-8') == scaling.page(figures), words
    assert scaling.PICTURE.read_text(encoding='utf-8') == scaling.picture(figures), words


def a_fit_is_that_of_least_squares():
    assert scaling.fit([(1, 3.0), (2, 5.0), (3, 7.0)]) == {'constant_ms': 1.0, 'slope_ms': 2.0, 'r2': 1.0}
    bent = scaling.fit([(0, 0.0), (1, 0.0), (2, 3.0)])  # 1.5 x - 0.5, by hand; residuals 0.5, -1, 0.5
    assert abs(bent['slope_ms'] - 1.5) < 1e-12 and abs(bent['constant_ms'] + 0.5) < 1e-12, bent
    assert abs(bent['r2'] - (1 - 1.5 / 6)) < 1e-12, bent


def table_is_made():
    text = publish.DOCS.read_text(encoding='utf-8')
    found = re.search(re.escape(publish.BEGIN) + '(.*?)' + re.escape(publish.END), text, re.DOTALL)
    assert found and found.group(1) == publish.table(), '`python3 bench/publish.py --table` makes it anew'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    fdl = parser.parse_args().build.resolve() / 'bin/fdl'
    tests = {'all_are_there': all_are_there, 'table_is_made': table_is_made,
             'peers_count_alike': peers_count_alike, 'scaling_is_made': scaling_is_made,
             'a_fit_is_that_of_least_squares': a_fit_is_that_of_least_squares,
             'benchmarks_are_made': lambda: benchmarks_are_made(fdl)}
    for name in publish.CLAIMS:
        tests[f'{name} follows PyTorch'] = lambda name=name: follows_pytorch(name)
        if name in publish.read_runs():
            tests[f'{name} reaches its figure'] = lambda name=name: reaches(fdl, name)
        else:
            print(f'skip results/{name} reaches its figure: nobody has trained it yet')
    failed = False
    for name, test in tests.items():
        try:
            test()
            print(f'ok results/{name}')
        except (AssertionError, OSError, ValueError, KeyError, subprocess.CalledProcessError) as problem:
            print(f'not ok results/{name}: {problem!r}')
            failed = True
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
