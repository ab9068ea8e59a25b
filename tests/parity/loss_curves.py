#!/usr/bin/env python3
"""Holds fdl's losses to PyTorch's: the jobs of manifests/results, their first 50 steps in both, from the
same initial weights (fdl's, as safetensors), on the same batches in the same order, with the schedule of
the whole job, without dropout and without what changes pictures at random. One thread each.

fdl records a loss for each epoch, so each epoch is one batch here, and the job ends after 50 of them.

Needs PyTorch: --python, else build/peer/bin/python (bench/README.md says how to make it). Prints
`ok NAME`, `not ok NAME: why` or `skip NAME: why`, as tests/run.py reads them; --write FILE keeps the curves.
"""

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JOBS = ['mlp', 'lenet5', 'char_rnn', 'gpt_nano', 'resnet20']
NUM_STEPS = 50
# Batch norm at this learning rate makes a last bit grow to a hundredth of the loss: only libtorch's own
# operators follow it, not ones that round otherwise.
CHAOTIC = ['resnet20']
# Of a loss, absolute. Both compute in f32 with one library; the order of some sums differs.
TOLERANCE = 1e-4


class Failed(Exception):
    """What a job did not do."""


def call(*command, preloaded=None, **options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
    environment |= {'FDL_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
    if preloaded:
        environment['LD_PRELOAD'] = str(preloaded)
    done = subprocess.run([str(word) for word in command], text=True, check=False, cwd=ROOT,
                          env=environment, capture_output=True, **options)
    if done.returncode != 0:
        raise Failed(f'exit {done.returncode} of {" ".join(map(str, command))}\n{done.stderr[-2000:]}')
    return done.stdout


def num_steps_of(fdl, manifest):
    """Of the whole job: its schedule is to go as it goes there."""
    with tempfile.TemporaryDirectory() as folder:
        call(fdl, 'run', manifest, 'training.steps=0', f'output.dir={folder}')
        for line in next(Path(folder).glob('*/*/events.jsonl')).read_text(encoding='utf-8').splitlines():
            event = json.loads(line)
            if event['event'] == 'start':
                epochs = json.loads(call(fdl, 'config', 'show', manifest, '--json'))['training']['epochs']
                return int(event['steps_per_epoch']) * epochs
    raise Failed(f'{manifest} does not start')


def changes_for(name, job, total_steps):
    out = [f'training.epochs={total_steps}', 'data.train.limit=1', 'data.val=null', 'data.test=null',
           'training.early_stop={metric: train/loss, mode: min, threshold: 1e9, patience: 1000, '
           f'min_epochs: {NUM_STEPS}}}',
           f'output.checkpoint={{every: {total_steps} epochs, initial: true, keep: {{last: 2}}}}']
    if name in CHAOTIC:
        out.append('training.compile=false')
    if 'dropout' in job.get('params', {}):
        out.append('params.dropout=0')
    if 'train' in job['data'].get('transforms', {}):
        out.append('data.transforms.train=null')
    return out


def data_of(job, manifest):
    source = job['data']['train']
    if 'text' in source:
        return manifest.parent / source['text']['file']
    return Path('/usr/share/datasets/fashion-mnist')


def compare(fdl, python, name, folder):
    """The two curves."""
    manifest = ROOT / f'manifests/results/{name}.yml'
    job = json.loads(call(fdl, 'config', 'show', manifest, '--json'))
    changes = changes_for(name, job, num_steps_of(fdl, manifest))
    call(fdl, 'run', manifest, *changes, f'output.dir={folder}')
    run = next(folder.glob('*/*/metrics.csv')).parent
    with open(run / 'metrics.csv', encoding='utf-8', newline='') as file:
        ours = [float(row['train/loss']) for row in csv.DictReader(file)]
    resolved = folder / 'job.json'
    resolved.write_text(call(fdl, 'config', 'show', manifest, *changes, '--json'), encoding='utf-8')
    # fdl lets MKL take the kernels of the CPU's features whoever made it: so does this PyTorch then.
    dispatch = folder / 'mkl_dispatch.so'
    call('cc', '-shared', '-fPIC', '-o', dispatch, 'bench/peers/mkl_dispatch.c')
    theirs = json.loads(call(python, ROOT / 'tests/parity/curves/peer.py', name, resolved,
                             run / 'checkpoints/step-0/model.safetensors', data_of(job, manifest),
                             preloaded=dispatch))
    if not len(ours) == len(theirs) == NUM_STEPS:
        raise Failed(f'{len(ours)} steps in fdl, {len(theirs)} in PyTorch, expected {NUM_STEPS}')
    return ours, theirs


def judge(fdl, python, name, curves):
    """The line to print."""
    manifest = ROOT / f'manifests/results/{name}.yml'
    checked = subprocess.run([fdl, 'check', manifest], cwd=ROOT, text=True, check=False,
                             capture_output=True)
    if 'FDL5101' in checked.stderr:
        return f'skip loss_curves/{name}: its data is not on this machine'
    try:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = compare(fdl, python, name, Path(folder))
    except Failed as failure:
        return f'not ok loss_curves/{name}: {failure}'
    difference = max(abs(a - b) for a, b in zip(ours, theirs))
    curves[name] = {'max_difference': difference, 'fdl': ours, 'pytorch': theirs}
    if ours[-1] >= ours[0]:
        return f'not ok loss_curves/{name}: it does not learn: {ours[0]} at first, {ours[-1]} at last'
    if difference > TOLERANCE:
        at = max(range(NUM_STEPS), key=lambda i: abs(ours[i] - theirs[i]))
        return (f'not ok loss_curves/{name}: at step {at + 1} the loss is {ours[at]}, '
                f'in PyTorch {theirs[at]}')
    return f'ok loss_curves/{name} (to {difference:.1e})'


def report(python, path, curves):
    """With those of other jobs that the file has already."""
    if path.exists():
        curves = json.loads(path.read_text(encoding='utf-8'))['jobs'] | curves
    version = call(python, '-c', 'import torch; print(torch.__version__)').strip()
    return {'date': datetime.date.today().isoformat(), 'torch': version, 'threads': 1,
            'commit': call('git', 'describe', '--always', '--dirty').strip(),
            'tolerance': TOLERANCE, 'jobs': curves}


def find_python(given):
    """An interpreter with torch, or None."""
    python = given or ROOT / 'build/peer/bin/python'
    probe = 'import torch, numpy, safetensors'
    try:
        done = subprocess.run([python, '-c', probe], check=False, capture_output=True)
    except OSError:
        return None
    return python if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('--python', type=Path, help='an interpreter with torch')
    parser.add_argument('--write', type=Path, help='a JSON file for the curves')
    parser.add_argument('names', nargs='*', help=f'of {", ".join(JOBS)}')
    options = parser.parse_args()
    fdl = options.build.resolve() / 'bin/fdl'
    python = find_python(options.python and options.python.absolute())
    curves, failed = {}, False
    for name in options.names or JOBS:
        if python is None or not (fdl.parent / 'fdl-engine').exists():
            print(f'skip loss_curves/{name}: needs the engine, and PyTorch (bench/README.md)')
            continue
        line = judge(fdl, python, name, curves)
        failed = failed or line.startswith('not ok')
        print(line, flush=True)
    if options.write and curves:
        kept = report(python, options.write, curves)
        options.write.write_text(json.dumps(kept, indent=1) + '\n', encoding='utf-8')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
