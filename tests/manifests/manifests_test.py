#!/usr/bin/env python3
"""Holds every manifest in manifests/ to its word: it checks, has the number of parameters that its
first line states, and, where it is a job, trains 20 steps, and going on from step 10 gives the same
bits as not stopping. Models of more than 20 million parameters train their 20 steps only: a state of
gigabytes, written four times, would prove nothing that the smaller ones do not.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why`, as tests/run.py reads them.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Small batches and frequent saves: what is proved here does not need more.
CHANGES = ['training.steps=20', 'training.epochs=1000', 'training.batch_size=4',
           'output.checkpoint.every=10 steps', 'output.checkpoint.keep.last=3']
VALIDATED = ['data.val.limit=20']
SYNTHETIC = ['data.train.synthetic.samples=64']  # above this many parameters, fewer and shorter ones
LARGE, LARGE_CHANGES = 1_000_000, ['training.batch_size=2', 'data.train.synthetic.samples=8']
HUGE, HUGE_CHANGES = 20_000_000, ['training.batch_size=1', 'training.optimizer.sgd.lr=1e-3',
                                  'output.checkpoint.every=20 steps']
SHORT = ['data.train.synthetic.length=8']


class Failed(Exception):
    """What a manifest did not do."""


def call(build, *words, expect=0):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
    done = subprocess.run([build / 'bin/fdl', *words], cwd=ROOT, text=True, check=False,
                          env=environment | {'FDL_THREADS': '2'},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if expect is not None and done.returncode != expect:
        raise Failed(f'fdl {" ".join(map(str, words))}: exit {done.returncode}\n{done.stdout}')
    return done


def stated_parameters(manifest):
    first = manifest.read_text(encoding='utf-8').split('\n', 1)[0]
    found = re.search(r'([\d,]+) parameters', first)
    if not first.startswith('#') or not found:
        raise Failed('its first line is no comment that states the number of parameters')
    return found.group(1)


def check(build, manifest):
    output = call(build, 'check', '--no-data', manifest).stdout
    counted = re.search(r'([\d,]+) parameters', output)
    if not counted or counted.group(1) != stated_parameters(manifest):
        raise Failed(f'its first line states {stated_parameters(manifest)} parameters, '
                     f'but it has {counted.group(1) if counted else "none"}')


def outcome(run):
    """Everything the last checkpoint holds, but for the time it took."""
    last = run / 'checkpoints/step-20'
    state = json.loads((last / 'state.json').read_text(encoding='utf-8'))
    del state['train_seconds'], state['seconds']
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
             for path in last.glob('*.safetensors')}
    return files | state


def changes_for(manifest, num_parameters):
    """What a job is given besides CHANGES, so that it takes seconds."""
    text = manifest.read_text(encoding='utf-8')
    out = list(CHANGES)
    if re.search(r'^  val: ', text, re.MULTILINE):
        out += VALIDATED
    if 'synthetic:' in text:
        out += SYNTHETIC
    if 'synthetic:' in text and num_parameters > LARGE:
        out += LARGE_CHANGES
    if num_parameters > HUGE:
        out += HUGE_CHANGES + (SHORT if ' length: ' in text else [])
    return out


def only_run(folder):
    runs = [path.parent for path in folder.glob('*/*/manifest.yml')]
    if len(runs) != 1:
        raise Failed(f'it made {len(runs)} runs')
    return runs[0]


def train(build, manifest, folder, changes):
    """Straight to step 20."""
    call(build, 'run', manifest, *changes, f'output.dir={folder}')
    run = only_run(folder)
    events = (run / 'events.jsonl').read_text(encoding='utf-8').splitlines()
    last = json.loads(events[-1])
    if last['event'] != 'end' or last['reason'] != 'done' or last['step'] != 20:
        raise Failed(f'it ended with {last}')
    return run


def resume(build, manifest, folder, changes):
    """From a copy of the run as it stood at step 10, once more to step 20."""
    run = only_run(folder)
    straight = outcome(run)
    stopped = run.with_name('stopped')
    shutil.copytree(run, stopped)
    shutil.rmtree(stopped / 'checkpoints/step-20')
    call(build, 'run', manifest, '--resume', '--run', stopped, *changes, f'output.dir={folder}')
    if outcome(stopped) != straight:
        raise Failed(f'stopped at 10 and resumed it ends as {outcome(stopped)}, straight {straight}')


def judge(build, manifest, can_train):
    """The lines to print for one manifest."""
    name = manifest.relative_to(ROOT / 'manifests').with_suffix('').as_posix()
    try:
        check(build, manifest)
    except Failed as failure:
        return [f'not ok manifests/{name}: {failure}']
    lines = [f'ok manifests/{name} checks']
    if not re.search(r'^training:', manifest.read_text(encoding='utf-8'), re.MULTILINE):
        return lines  # a model for others to use
    if not can_train:
        return lines + [f'skip manifests/{name} trains: the engine is not built']
    missing = call(build, 'check', manifest, expect=None)
    if 'FDL5101' in missing.stdout:
        return lines + [f'skip manifests/{name} trains: its data is not on this machine']
    num_parameters = int(stated_parameters(manifest).replace(',', ''))
    changes = changes_for(manifest, num_parameters)
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            train(build, manifest, Path(folder), changes)
            if num_parameters <= HUGE:
                resume(build, manifest, Path(folder), changes)
    except Failed as failure:
        return lines + [f'not ok manifests/{name} trains: {failure}']
    seconds = time.monotonic() - begin
    what = 'trains and resumes' if num_parameters <= HUGE else 'trains, too large to be resumed here'
    return lines + [f'ok manifests/{name} {what} ({seconds:.0f} s)']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('names', nargs='*', help='such as bench/mlp')
    options = parser.parse_args()
    build = options.build.resolve()
    can_train = (build / 'bin/fdl-engine').exists()
    manifests = sorted((ROOT / 'manifests').rglob('*.yml'))
    if options.names:
        manifests = [ROOT / 'manifests' / f'{name}.yml' for name in options.names]
    failed = not manifests
    for manifest in manifests:
        lines = judge(build, manifest, can_train)
        failed = failed or any(line.startswith('not ok') for line in lines)
        print('\n'.join(lines), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
