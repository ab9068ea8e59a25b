#!/usr/bin/env python3
"""Trains a job of manifests/results and keeps what came out: python3 bench/publish.py NAME.

Writes manifests/results/curves/NAME.csv, a row for each epoch, with the figures of the test set in the
last one; its entry in curves/runs.json: times, threads, seed, commit; and the table in docs/results.md
from both and from results/loss_curves.json. `--run FOLDER` takes a run that has ended instead of training (with --cpu-s, its processor
time, which the run does not know); `--table` only writes the table anew.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from machine import cpu_facts

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'manifests/results'
CURVES = RESULTS / 'curves'
DOCS = ROOT / 'docs/results.md'
LOSS_CURVES = ROOT / 'bench/results/loss_curves.json'
BEGIN, END = '<!-- made by bench/publish.py -->\n', '<!-- end -->'


@dataclass(frozen=True)
class Claim:
    """What a job is to reach with its last weights."""
    title: str
    metric: str
    bound: float

    @property
    def is_accuracy(self):
        return self.metric.endswith('accuracy')

    def holds(self, figure):
        return figure >= self.bound if self.is_accuracy else figure <= self.bound

    def shown(self, figure):
        return f'{100 * figure:.2f} %' if self.is_accuracy else f'{figure:.3f}'


CLAIMS = {
    'mlp': Claim('MLP, Fashion-MNIST', 'test/accuracy', 0.89),
    'lenet5': Claim('LeNet-5, Fashion-MNIST', 'test/accuracy', 0.915),
    'resnet20': Claim('ResNet-20, Fashion-MNIST', 'test/accuracy', 0.93),
    'char_rnn': Claim('char-RNN, Tiny Shakespeare', 'val/loss', 1.60),
    'gpt_nano': Claim('GPT-nano, Tiny Shakespeare', 'val/loss', 1.75),
}


def call(*command, environment=None):
    done = subprocess.run([str(word) for word in command], cwd=ROOT, text=True, check=False,
                          stdout=subprocess.PIPE, env=environment)
    if done.returncode != 0:
        sys.exit(f'publish: exit {done.returncode} of {" ".join(map(str, command))}')
    return done.stdout


def read_curve(name):
    with open(CURVES / f'{name}.csv', encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def read_runs():
    path = CURVES / 'runs.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}


def figure_of(name):
    """The claim's metric as the last row of the curve has it."""
    return float(read_curve(name)[-1][CLAIMS[name].metric])


def short(value):
    """Six digits are enough for a curve."""
    return value if value.isdigit() or not value else f'{float(value):.6g}'


def keep_curve(name, run, tested):
    with open(run / 'metrics.csv', encoding='utf-8', newline='') as file:
        rows = [dict(row) for row in csv.DictReader(file)]
    for row in rows:
        for key in ('num_steps', 'lr', 'step_ms_p50', 'step_ms_p95', 'step_ms_p99'):
            row.pop(key, None)
        row.update({key: '' for key in tested})
    rows[-1].update({key: str(value) for key, value in tested.items()})
    CURVES.mkdir(exist_ok=True)
    with open(CURVES / f'{name}.csv', 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator='\n')
        writer.writeheader()
        writer.writerows({key: short(value) for key, value in row.items()} for row in rows)


def events_of(run):
    lines = (run / 'events.jsonl').read_text(encoding='utf-8').splitlines()
    return [json.loads(line) for line in lines]


def keep_run(fdl, name, run, cpu_s):
    events = events_of(run)
    end = next(event for event in events if event['event'] == 'end')
    job = json.loads(call(fdl, 'config', 'show', RESULTS / f'{name}.yml', '--json'))
    kept = read_runs()
    kept[name] = {
        'wall_s': round(end['seconds']), 'cpu_s': None if cpu_s is None else round(cpu_s),
        'threads': events[0]['threads'], 'seed': job['training']['seed'],
        'commit': call('git', 'describe', '--always').strip(), 'torch': events[0]['torch'],
        'cpu': cpu_facts()['model'], 'date': f'{run.name[:4]}-{run.name[4:6]}-{run.name[6:8]}'}
    text = json.dumps({key: kept[key] for key in CLAIMS if key in kept}, indent=1)
    (CURVES / 'runs.json').write_text(text + '\n', encoding='utf-8')


def train(fdl, name, folder, threads):
    """The run's folder and the processor time that it took, user and system."""
    environment = os.environ | {'FDL_THREADS': str(threads), 'OMP_NUM_THREADS': str(threads)}
    before = os.times()
    call(fdl, 'run', RESULTS / f'{name}.yml', f'output.dir={folder}', environment=environment)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return next(folder.glob('*/*/metrics.csv')).parent, cpu_s


def table():
    beside = json.loads(LOSS_CURVES.read_text(encoding='utf-8'))['jobs']
    lines = ['| job | asked for | reached | parameters | epochs | processor time | on the clock '
             '| threads | seed | commit | beside PyTorch |', '|' + '---|' * 11]
    for name, run in read_runs().items():
        claim = CLAIMS[name]
        sign = '≥' if claim.is_accuracy else '≤'
        first = (RESULTS / f'{name}.yml').read_text(encoding='utf-8').split('\n', 1)[0]
        parameters = re.search(r'([\d,]+) parameters', first).group(1)
        lines.append(
            f'| [{claim.title}](../manifests/results/{name}.yml) '
            f'| {sign} {claim.shown(claim.bound)} | {claim.shown(figure_of(name))} | {parameters} '
            f'| [{len(read_curve(name))}](../manifests/results/curves/{name}.csv) '
            f'| {minutes(run["cpu_s"])} | {minutes(run["wall_s"])} | {run["threads"]:.0f} '
            f'| {run["seed"]} | {run["commit"]} | {beside[name]["max_difference"]:.1g} |')
    return '\n'.join(lines) + '\n'


def minutes(seconds):
    if seconds is None:
        return 'not measured'
    return f'{seconds} s' if seconds < 100 else f'{seconds / 60:.0f} min'


def write_table():
    before, rest = DOCS.read_text(encoding='utf-8').split(BEGIN)
    DOCS.write_text(before + BEGIN + table() + END + rest.split(END)[1], encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('name', nargs='?', choices=list(CLAIMS))
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('--run', type=Path)
    parser.add_argument('--cpu-s', type=float)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--table', action='store_true')
    options = parser.parse_args()
    if not options.table and options.name is None:
        parser.error('give a NAME')
    if options.table:
        return write_table()
    fdl, begin = options.build.resolve() / 'bin/fdl', time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run, cpu_s = options.run, options.cpu_s
        if run is None:
            run, cpu_s = train(fdl, options.name, Path(folder), options.threads)
        tested = {}
        if CLAIMS[options.name].metric.startswith('test/'):
            tested = json.loads(call(fdl, 'eval', run.resolve(), '--data', 'test', '--json'))
        keep_curve(options.name, run, {k: v for k, v in tested.items() if k.startswith('test/')})
        keep_run(fdl, options.name, run, cpu_s)
    write_table()
    claim, figure = CLAIMS[options.name], figure_of(options.name)
    print(f'{options.name}: {claim.metric} {claim.shown(figure)}, '
          f'{"as" if claim.holds(figure) else "NOT as"} asked for; {time.monotonic() - begin:.0f} s')
    return 0 if claim.holds(figure) else 1


if __name__ == '__main__':
    sys.exit(main())
