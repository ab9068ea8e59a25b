#!/usr/bin/env python3
"""Trains on every kind of data that the test can make: the loss falls, and neither the loader's
threads nor a resume within an epoch change a bit.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = ['training.steps=60', 'output.checkpoint.every=30 steps', 'output.checkpoint.keep.last=2']

VECTOR = 'inputs: { x: "f32[2]" }, flow: [ { linear: 16 }, tanh, { linear: 2 } ]'
TOKENS = ('inputs: { tokens: "i64[T<=16]" }, flow: [ { embedding: { num: 12, dim: 16 } }, '
          '{ linear: 12 } ]')
IMAGE = 'inputs: { image: "f32[1, 8, 8]" }, flow: [ flatten, { linear: 32 }, relu, { linear: 4 } ]'


def table(folder):
    """Points in a plane and on which side of a line they are, as CSV and as JSON lines."""
    draw = random.Random(1)
    points = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(400)]
    sides = ['left' if a + b < 0 else 'right' for a, b in points]
    rows = [f'{a},{b},{side}\n' for (a, b), side in zip(points, sides)]
    (folder / 'points.csv').write_text('a,b,side\n' + ''.join(rows), encoding='utf-8')
    lines = [json.dumps({'x': point, 'side': side}) + '\n' for point, side in zip(points, sides)]
    (folder / 'points.jsonl').write_text(''.join(lines), encoding='utf-8')


def shards(folder):
    """Tokens that count up, over two files."""
    tokens = [i % 12 for i in range(2000)]
    for name, part in (('a.bin', tokens[:900]), ('b.bin', tokens[900:])):
        (folder / name).write_bytes(struct.pack(f'<{len(part)}H', *part))


def text(folder):
    (folder / 'text.txt').write_text('abcdefghijkl' * 150, encoding='utf-8')


def tokenizer(folder):
    """The text of above, and a tokenizer that joins two of its pairs."""
    text(folder)
    words = list('abcdefghijkl') + ['ab', 'cd']
    (folder / 'tokenizer.json').write_text(json.dumps({
        'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': False, 'use_regex': False},
        'model': {'type': 'BPE', 'vocab': {word: i for i, word in enumerate(words)},
                  'merges': ['a b', 'c d']}}), encoding='utf-8')


# name: what makes the files, the model, the training data with what follows it, the loss.
JOBS = {
    'regression': (None, VECTOR, 'synthetic: { target: "f32[2]" }', '', 'mse'),
    'classification': (None, VECTOR.replace('f32[2]', 'f32[8]'),
                       'synthetic: { kind: classification, classes: 2 }', '', 'cross_entropy'),
    'images': (None, IMAGE, 'synthetic: { kind: images, classes: 4 }', '', 'cross_entropy'),
    'reconstruction': (
        None, 'inputs: { image: "f32[1, 8, 8]" }, flow: [ { conv2d: { out: 4, kernel: 3, padding: 1 '
        '} }, { conv2d: { out: 1, kernel: 3, padding: 1 } } ]',
        'synthetic: { kind: images, target: image }', '', 'mse'),
    'segmentation': (None, 'inputs: { image: "f32[2, 8, 8]" }, flow: [ { conv2d: { out: 3, kernel: 1 '
                     '} } ]', 'synthetic: { kind: segmentation, classes: 3 }', '', 'cross_entropy'),
    'tokens': (None, TOKENS, 'synthetic: { kind: tokens }', '', 'cross_entropy'),
    'ragged tokens': (None, TOKENS, 'synthetic: { kind: tokens, lengths: [2, 12] }', '',
                      'cross_entropy'),
    'tags': (None, TOKENS, 'synthetic: { kind: tokens, classes: 12, target: "i64[T]" }', '',
             'cross_entropy'),
    'transforms': (None, IMAGE, 'synthetic: { kind: images, classes: 4 }',
                   ', transforms: { train: { image: [ { random_crop: { size: 8, padding: 1 } }, '
                   '{ random_rotate: 5 }, { random_cutout: 2 } ] } }', 'cross_entropy'),
    'mixed batches': (None, IMAGE, 'synthetic: { kind: images, classes: 4 }',
                      ', transforms: { batch: [ { mixup: 0.2 }, { cutmix: { p: 0.3 } } ] }',
                      'cross_entropy'),
    'masked tokens': (None, TOKENS.replace('num: 12', 'num: 13').replace('linear: 12', 'linear: 13'),
                      'synthetic: { kind: tokens, vocab: 12, target: tokens, length: 12 }',
                      ', transforms: { all: { tokens: [ { mask_tokens: { mask: 12, vocab: 13, p: 0.5, '
                      'random: 0, keep: 0.9 } } ], target: [ { mask_tokens: { mask: 12, vocab: 13, p: '
                      '0.5, random: 0, keep: 0.9, labels: true } } ] } }', 'cross_entropy'),
    'weighted': (table, VECTOR, 'csv: { file: points.csv, x: [a, b], side: side }',
                 ', loader: { sampler: weighted }', 'cross_entropy'),
    'stratified': (table, VECTOR, 'csv: { file: points.csv, x: [a, b], side: side }',
                   ', loader: { sampler: stratified }', 'cross_entropy'),
    'bucketed': (None, TOKENS, 'synthetic: { kind: tokens, lengths: [2, 12] }',
                 ', loader: { sampler: { bucketed: { batches: 3 } } }', 'cross_entropy'),
    'folds and sets': (table, VECTOR, 'csv: { file: points.csv, x: [a, b], side: side }, '
                       'fold: { k: 4, index: 1 }, limit: 7',
                       ', val: { held: { csv: { file: points.csv, x: [a, b], side: side }, fold: { k: 4, '
                       'index: 1 } }, few: { csv: { file: points.csv, x: [a, b], side: side }, fold: { k: 4, '
                       'index: 1 }, limit: 1 } }', 'cross_entropy'),
    'tokenizer': (tokenizer, TOKENS.replace('num: 12', 'num: 14').replace('linear: 12', 'linear: 14'),
                  'text: { file: text.txt, tokenizer: tokenizer.json }', '', 'cross_entropy'),
    'csv': (table, VECTOR, 'csv: { file: points.csv, x: [a, b], side: side }', '', 'cross_entropy'),
    'jsonl': (table, VECTOR, 'jsonl: points.jsonl', '', 'cross_entropy'),
    'text': (text, TOKENS, 'text: text.txt', '', 'cross_entropy'),
    'token_shards': (shards, TOKENS, 'token_shards: { path: ., vocab: 12, stride: 4 }', '',
                     'cross_entropy'),
}


def manifest(model, data, rest, loss):
    return (f'model: {{ name: small, {model} }}\ndata: {{ train: {{ {data} }}{rest} }}\n'
            f'training: {{ epochs: 1000, batch_size: 16, loss: {loss}, optimizer: {{ adam: {{ lr: '
            f'1e-2 }} }}, validate: 10 steps }}\n')


def call(fdl, folder, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
    done = subprocess.run([fdl, *words], cwd=folder, env=environment | {'FDL_THREADS': '1'},
                          text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise AssertionError(f'fdl {" ".join(words)}: exit {done.returncode}\n{done.stdout}')


def only_run(folder, name):
    runs = [path.parent for path in (folder / name).glob('*/*/manifest.yml')]
    assert len(runs) == 1, f'{len(runs)} runs in {name}'
    return runs[0]


def losses(run):
    """The mean loss of each epoch; of a single one, what was reported within it and at its end."""
    events = map(json.loads, (run / 'events.jsonl').read_text(encoding='utf-8').splitlines())
    return [event['train/loss'] for event in events if 'train/loss' in event]


def model_hash(run):
    return hashlib.sha256((run / 'checkpoints/step-60/model.safetensors').read_bytes()).hexdigest()


def test(fdl, folder, make, *job):
    if make is not None:
        make(folder)
    (folder / 'fdl.yml').write_text(manifest(*job), encoding='utf-8')
    # The loss of the first step alone, then of all.
    call(fdl, folder, 'run', 'training.steps=1', 'output.dir=first')
    call(fdl, folder, 'run', *STEPS, 'output.dir=runs')
    run = only_run(folder, 'runs')
    first, last = losses(only_run(folder, 'first'))[-1], losses(run)[-1]
    assert last < 0.8 * first, f'the loss went from {first} to {last}'
    call(fdl, folder, 'run', *STEPS, 'output.dir=threads', 'data.loader.workers=3')
    assert model_hash(only_run(folder, 'threads')) == model_hash(run), 'threads changed the model'
    stopped = run.with_name('stopped')
    shutil.copytree(run, stopped)
    shutil.rmtree(stopped / 'checkpoints/step-60')
    call(fdl, folder, 'run', '--resume', '--run', str(stopped))
    assert model_hash(stopped) == model_hash(run), 'a resume changed the model'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    fdl = options.build.resolve() / 'bin/fdl'
    failed = False
    for name, job in JOBS.items():
        if options.names and name not in options.names:
            continue
        if not (fdl.parent / 'fdl-engine').exists():
            print(f'skip data/{name}: the engine is not built')
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(fdl, Path(folder), *job)
                print(f'ok data/{name}', flush=True)
            except AssertionError as problem:
                failed = True
                print(f'not ok data/{name}: {problem}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
