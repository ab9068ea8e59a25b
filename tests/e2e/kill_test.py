#!/usr/bin/env python3
"""Kills runs at random moments, inside saves too, and goes on, until they are done: each ends with the
bits of the run that nobody disturbed. `--kills 200` is the proof; the default is a sample of it.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import run_test
import update_test
from run_test import TIMED, Project, same

UPDATES = update_test.DENSE.replace('  epochs: 3', """  phases:
    - { freeze: [linear_0], until: { epochs: 2 } }
    - { thaw: [linear_0], lr: { linear_0: 1e-3, default: 1e-2 }, until: { stalled: { metric: val/loss, window: 3, tolerance: 1e-9 } } }
  precision: f16
  accumulate: 3
  clip: 1
  ema: 0.9
  early_stop: { metric: val/loss, patience: 100 }
  schedule: { plateau: { metric: val/loss, patience: 1 } }
  epochs: 15""").replace('every: 10 steps', 'every: 3 steps')
TOKENS = update_test.TOKENS.replace('epochs: 2', 'epochs: 15').replace('batch_size: 32', 'batch_size: 8').replace(
    'every: 1 epoch', 'every: 5 steps, keep: { last: 3, best: { metric: train/loss, n: 2 } }')
PICTURES = """
model:
  name: pictures
  inputs: { image: "f32[3, 12, 12]" }
  flow: [{ conv2d: { out: 8, kernel: 3 } }, relu, { dropout2d: 0.2 }, { max_pool2d: 2 }, flatten, { linear: 4 }]
data:
  train: { synthetic: { kind: images, classes: 4, samples: 240 }, slice: ":200" }
  val: { synthetic: { kind: images, classes: 4, samples: 240 }, slice: "200:" }
  transforms: { train: { image: [{ random_crop: { size: 12, padding: 2 } }, random_hflip] } }
  loader: { workers: 2 }
training:
  epochs: 12
  batch_size: 16
  loss: cross_entropy
  metrics: [accuracy, auroc]
  optimizer: { sgd: { lr: 0.05, momentum: 0.9 } }
  schedule: { one_cycle: { max_lr: 0.1 } }
  validate: { every: 5 steps }
output: { checkpoint: { every: 4 steps, keep: { last: 2, best: { metric: val/accuracy } } } }
"""
JOBS = {'dense': run_test.JOB, 'states': run_test.STATE_JOB, 'updates': UPDATES, 'tokens': TOKENS,
        'pictures': PICTURES}


def new_project(fdl, folder, name):
    if name == 'tokens':
        tests = update_test.Tests(fdl, folder.parent)
        return tests.tokens(folder.relative_to(folder.parent), JOBS[name])
    return Project(fdl, folder, JOBS[name])


def outcome(project):
    """Everything that a run leaves but for the time it took."""
    state = json.loads((project.checkpoints()[-1] / 'state.json').read_text(encoding='utf-8'))
    records = [{k: v for k, v in event.items() if k not in TIMED}
               for event in project.events('epoch') + project.events('eval')]
    del state['train_seconds'], state['seconds']
    return project.steps(), project.model_hash(), state, records


def kill(process):
    """The engine, which would save its state if it saw its parent die, then `fdl`."""
    children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text(encoding='ascii')
    for child in [*map(int, children.split()), process.pid]:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()


def kill_until_done(project, draw, longest_s, most):
    """Starts, kills and goes on; the number of kills. `longest_s` holds how long a start takes at
    most, of which a busy machine may know little at first."""
    for num_kills in range(most):
        process = subprocess.Popen(**project.command('run', '--resume'))
        begin = time.monotonic()
        end = begin + draw.uniform(0, longest_s[0])
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        if process.poll() is not None:
            output, _ = process.communicate()
            assert process.returncode == 0, output
            longest_s[0] = min(longest_s[0], time.monotonic() - begin)
            return num_kills
        kill(process)
    project.call('run', '--resume')
    return most


def prove(fdl, folder, name, num_kills, draw):
    straight = new_project(fdl, folder / f'{name}-straight', name)
    begin = time.monotonic()
    straight.call('run')
    took_s = [time.monotonic() - begin]
    wanted = outcome(straight)
    done = number = 0
    while done < num_kills:
        project = new_project(fdl, folder / f'{name}-{number}', name)
        done += kill_until_done(project, draw, took_s, num_kills - done)
        for found, expected, what in zip(outcome(project), wanted,
                                         ('checkpoints', 'model hash', 'state', 'records')):
            same(f'{what} of run {number}', found, expected)
        number += 1
    return done, number


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=run_test.ROOT / 'build/release')
    parser.add_argument('--kills', type=int, default=10, help='over all jobs')
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('names', nargs='*', help=' '.join(JOBS))
    options = parser.parse_args()
    fdl = options.build.resolve() / 'bin/fdl'
    names = options.names or list(JOBS)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if not (fdl.parent / 'fdl-engine').exists():
                print(f'skip {name}: the engine is not built')
                continue
            try:
                kills, runs = prove(fdl, Path(folder), name, max(1, options.kills // len(names)),
                                    random.Random(f'{seed} {name}'))
                print(f'ok {name} survives {kills} kills in {runs} runs', flush=True)
            except Exception:  # any surprise is a failed test, and the next one runs
                failed = True
                print(f'not ok {name} survives kills: seed {seed}\n{run_test.surprise()}',
                      flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
