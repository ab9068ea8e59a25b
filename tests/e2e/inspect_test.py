#!/usr/bin/env python3
"""`fdl data show` and `fdl data stats` against numbers that are known or computed here, and `fdl eval`
over several sets.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FASHION = """
model: { inputs: { image: "f32[1, 28, 28]" }, flow: [ flatten, { linear: 10 } ] }
data:
  train: { fashion_mnist: { split: train } }
  test: { fashion_mnist: { split: test } }
  transforms: { all: { image: [ to_f32, { normalize: { mean: 0.2860, std: 0.3530 } } ] } }
training: { epochs: 1, loss: cross_entropy, optimizer: adam }
"""
TABLE = """
model: { inputs: { x: "f32[2]" }, flow: [ { linear: 2 } ] }
data:
  train: { csv: { file: t.csv, x: [a, b], y: y }, slice: ":6" }
  val:
    one: { csv: { file: t.csv, x: [a, b], y: y }, slice: "6:8" }
    two: { csv: { file: t.csv, x: [a, b], y: y }, slice: "8:" }
training: { epochs: 2, batch_size: 2, loss: cross_entropy, metrics: [accuracy, f1: { average: none }],
            optimizer: { sgd: { lr: 0.1 } }, early_stop: val/two/loss }
output: { checkpoint: { keep: { best: val/one/loss } } }
"""
ROWS = [(1, -1, 'cat'), (2, 0, 'dog'), (3, 5, 'cat'), (4, 2, 'cat'), (5, 1, 'dog'), (6, 3, 'cat'),
        (7, 0, 'dog'), (8, 1, 'cat'), (9, 2, 'dog'), (10, 4, 'cat'), (11, 0, 'dog')]


def call(fdl, folder, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
    done = subprocess.run([fdl, *words], cwd=folder, env=environment | {'FDL_THREADS': '1'},
                          text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, f'fdl {" ".join(words)}: {done.returncode}\n{done.stdout}{done.stderr}'
    return done.stdout


def png(path):
    """Width, height and the unfiltered bytes of an 8-bit picture."""
    data, at, packed = path.read_bytes(), 8, b''
    assert data.startswith(b'\x89PNG\r\n\x1a\n')
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
        if kind == b'IDAT':
            packed += body
        at += size + 12
    assert depth == 8
    return width, height, colour, len(zlib.decompress(packed))


def fashion_stats(fdl, folder):
    """The numbers that everybody uses for Fashion-MNIST come out."""
    (folder / 'fdl.yml').write_text(FASHION, encoding='utf-8')
    if not Path('/usr/share/datasets/fashion-mnist').is_dir():
        return 'Fashion-MNIST is not there'
    (split,) = json.loads(call(fdl, folder, 'data', 'stats', '--json'))
    assert split['num_samples'] == 60000
    image, label = split['fields']
    assert image['source']['count'] == 60000 * 784 and image['source']['missing'] == 0
    assert (image['source']['min'], image['source']['max']) == (0, 255)
    assert abs(image['normalize']['mean'] - 0.2860) < 5e-5, image['normalize']
    assert abs(image['normalize']['std'] - 0.3530) < 5e-5, image['normalize']
    assert abs(image['seen']['mean']) < 1e-3 and abs(image['seen']['std'] - 1) < 1e-3
    assert [one['count'] for one in label['classes']] == [6000] * 10
    assert label['classes'][8]['word'] == 'Bag'
    return None


def fashion_sheet(fdl, folder):
    (folder / 'fdl.yml').write_text(FASHION, encoding='utf-8')
    if not Path('/usr/share/datasets/fashion-mnist').is_dir():
        return 'Fashion-MNIST is not there'
    out = call(fdl, folder, 'data', 'show', '--data', 'test', '--samples', '2')
    assert 'label: 9 (Ankle boot)' in out, out
    width, height, colour, size = png(folder / 'data-test.png')
    assert width == height == 8 * (28 + 2) + 2, (width, height)
    assert colour == 0 and size == height * (width + 1)
    call(fdl, folder, 'data', 'show', '--no-sheet', 'data.train.slice=":100"')
    assert not (folder / 'data-train.png').exists()
    return None


def table_stats(fdl, folder):
    (folder / 'fdl.yml').write_text(TABLE, encoding='utf-8')
    rows = ''.join(f'{a},{b},{y}\n' for a, b, y in ROWS)
    (folder / 't.csv').write_text('a,b,y\n' + rows, encoding='utf-8')
    (split,) = json.loads(call(fdl, folder, 'data', 'stats', '--json'))
    numbers = [n for a, b, _ in ROWS[:6] for n in (a, b)]
    mean = sum(numbers) / 12
    std = math.sqrt(sum((n - mean) ** 2 for n in numbers) / 12)
    x, y = split['fields']
    assert abs(x['source']['mean'] - mean) < 1e-6 and abs(x['source']['std'] - std) < 1e-6
    assert (x['source']['min'], x['source']['max'], x['source']['count']) == (-1, 6, 12)
    assert {one['word']: one['count'] for one in y['classes']} == {'cat': 4, 'dog': 2}
    sets = json.loads(call(fdl, folder, 'data', 'stats', '--data', 'val', '--json'))
    assert [(one['split'], one['num_samples']) for one in sets] == [('val/one', 2), ('val/two', 3)]
    out = call(fdl, folder, 'data', 'show', '--samples', '1')
    assert 'x: [' in out and 'contact sheet' not in out, out
    return None


def several_sets(fdl, folder):
    """Each set is measured by itself, in training and by `fdl eval`; classes go by their words."""
    (folder / 'fdl.yml').write_text(TABLE, encoding='utf-8')
    rows = ''.join(f'{a},{b},{y}\n' for a, b, y in ROWS)
    (folder / 't.csv').write_text('a,b,y\n' + rows, encoding='utf-8')
    call(fdl, folder, 'run')
    (run,) = (folder / 'runs').glob('*/*')
    events = [json.loads(line) for line in (run / 'events.jsonl').read_text().splitlines()]
    last = [event for event in events if event['event'] == 'epoch'][-1]
    for name in ('val/one/loss', 'val/two/loss', 'val/one/accuracy', 'val/two/f1/cat', 'train/f1/dog'):
        assert name in last, sorted(last)
    assert 'val/loss' not in last
    best = min((e for e in events if e['event'] == 'epoch'), key=lambda e: e['val/one/loss'])
    lines = call(fdl, folder, 'eval', '--data', 'val', '--json').splitlines()
    both = [json.loads(line) for line in lines]
    assert [one['num_samples'] for one in both] == [2, 3], both
    assert both[0]['val/one/loss'] == best['val/one/loss']
    assert both[1]['val/two/loss'] == best['val/two/loss']
    one = json.loads(call(fdl, folder, 'eval', '--data', 'val/two', '--json'))
    assert one['val/two/loss'] == best['val/two/loss']
    return None


TESTS = [fashion_stats, fashion_sheet, table_stats, several_sets]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    options = parser.parse_args()
    fdl = options.build.resolve() / 'bin/fdl'
    failed = False
    for test in TESTS:
        name = f'inspect/{test.__name__}'
        if not (fdl.parent / 'fdl-engine').exists():
            print(f'skip {name}: the engine is not built')
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                why = test(fdl, Path(folder).resolve())
                print(f'skip {name}: {why}' if why else f'ok {name}', flush=True)
            except AssertionError as problem:
                failed = True
                print(f'not ok {name}: {problem}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
