#!/usr/bin/env python3
"""`fdl predict` in whole: each kind of input gives the labels that `fdl eval` counts, each kind of
output holds the same numbers.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import array
import csv
import gzip
import json
import math
import random
import struct
import subprocess
import sys
import zlib

from run_test import Tests as RunTests
from run_test import main, same

CLASSES = ['ant', 'bee', 'cat']
NUM_TEST = 130

TABLE_JOB = """
model:
  name: table
  inputs: { x: "f32[4]" }
  flow: [ linear: 32, relu, linear: 3 ]
data:
  train: { csv: { file: train.csv, x: [a, b, c, d], kind: kind } }
  test: { csv: { file: test.csv, x: [a, b, c, d], kind: kind } }
  transforms: { all: { x: [ { normalize: { mean: 0.5, std: 2 } } ] } }
training:
  epochs: 3
  batch_size: 32
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adam: { lr: 1e-2 } }
"""

IMAGE_JOB = """
model:
  name: pictures
  inputs: { image: "f32[3, 6, 5]" }
  flow: [ flatten, linear: 3 ]
data:
  train: { image_folder: { path: train } }
  test: { image_folder: { path: test } }
  transforms: { all: { image: [ to_f32 ] } }
training:
  epochs: 5
  batch_size: 16
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adam: { lr: 1e-2 } }
"""

DIGITS_JOB = """
model:
  name: digits
  inputs: { image: "f32[1, 28, 28]" }
  flow: [ flatten, linear: 10 ]
data:
  train: { mnist: { path: digits } }
  test: { mnist: { path: digits, split: test } }
  transforms: { all: { image: [ to_f32 ] } }
training:
  epochs: 5
  batch_size: 16
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adam: { lr: 1e-2 } }
"""

REGRESSION_JOB = """
model:
  name: regression
  inputs: { x: "f32[4]" }
  flow: [ linear: 2 ]
data:
  train: { synthetic: { kind: regression, target: "f32[2]", samples: 200 } }
training:
  steps: 3
  loss: mse
  optimizer: { sgd: { lr: 1e-2 } }
"""


def rows(number, seed):
    """Points around a centre for each class, overlapping."""
    draw = random.Random(seed)
    for _ in range(number):
        kind = draw.randrange(3)
        yield [round(draw.gauss(kind if i == kind else 0, 0.7), 4) for i in range(4)], kind


def write_csv(path, samples, labelled=True):
    with path.open('w', newline='', encoding='utf-8') as file:
        out = csv.writer(file)
        out.writerow(['d', 'c', 'b', 'a'] + (['kind'] if labelled else []))
        for x, kind in samples:  # columns in another order than the field's
            out.writerow(x[::-1] + ([CLASSES[kind]] if labelled else []))


def write_npy(path, numbers, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode()
                     + array.array('f', numbers).tobytes())


def read_npy(path):
    content = path.read_bytes()
    assert content[:8] == b'\x93NUMPY\x01\x00', content[:8]
    length, = struct.unpack('<H', content[8:10])
    same('alignment', (10 + length) % 64, 0)
    header = eval(content[10:10 + length])
    return header, array.array('f', content[10 + length:])


def write_safetensors(path, name, numbers, shape):
    data = array.array('f', numbers).tobytes()
    header = json.dumps({name: {'dtype': 'F32', 'shape': shape,
                                'data_offsets': [0, len(data)]}}).encode()
    path.write_bytes(struct.pack('<Q', len(header)) + header + data)


def read_safetensors(path):
    content = path.read_bytes()
    length, = struct.unpack('<Q', content[:8])
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    kinds = {'F32': 'f', 'I64': 'q'}
    return {name: (one['shape'], array.array(kinds[one['dtype']],
                                             data[slice(*one['data_offsets'])]))
            for name, one in header.items() if name != '__metadata__'}


def write_png(path, width, height, pixels):
    def chunk(kind, data):
        body = kind + data
        return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body))
    lines = b''.join(b'\0' + bytes(pixels[y * width * 3:(y + 1) * width * 3])
                     for y in range(height))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'\x89PNG\r\n\x1a\n'
                     + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
                     + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.trained = None

    project = RunTests.project

    def table(self):
        """A project that is trained on a table, its test samples, and its accuracy on them."""
        if self.trained is None:
            project = self.project('table', TABLE_JOB)
            write_csv(project.folder / 'train.csv', rows(400, 1))
            samples = list(rows(NUM_TEST, 2))
            write_csv(project.folder / 'test.csv', samples)
            project.call('run')
            measured = json.loads(project.call('eval', '--json'))
            self.trained = project, samples, measured['test/accuracy']
        return self.trained

    def predict(self, project, *words, expect=0):
        command = project.command('predict', *words) | {'stderr': subprocess.PIPE}
        done = subprocess.run(check=False, **command)
        same(f'exit of {words}: {done.stdout}{done.stderr}', done.returncode, expect)
        return done.stdout if expect == 0 else done.stderr

    def labels_of(self, project, *words):
        return [row['label'] for row in csv.DictReader(
            self.predict(project, *words).splitlines())]

    def check_accuracy(self, labels, samples, accuracy):
        same('number', len(labels), len(samples))
        right = sum(label == CLASSES[kind] for label, (_, kind) in zip(labels, samples))
        assert math.isclose(right / len(samples), accuracy, rel_tol=1e-6), (right, accuracy)

    def test_tables_give_the_labels_that_eval_counts(self):
        project, samples, accuracy = self.table()
        assert 0.5 < accuracy < 1, accuracy
        self.check_accuracy(self.labels_of(project, '--input', 'test.csv'), samples, accuracy)
        write_csv(project.folder / 'bare.csv', samples, labelled=False)
        self.check_accuracy(self.labels_of(project, '--input', 'bare.csv'), samples, accuracy)
        with (project.folder / 'bare.jsonl').open('w', encoding='utf-8') as file:
            for x, _ in samples:
                file.write(json.dumps(dict(zip('abcd', x))) + '\n')
        self.check_accuracy(self.labels_of(project, '--input', 'bare.jsonl'), samples, accuracy)

    def test_arrays_give_the_same_labels(self):
        project, samples, accuracy = self.table()
        numbers = [number for x, _ in samples for number in x]
        write_npy(project.folder / 'x.npy', numbers, (NUM_TEST, 4))
        write_safetensors(project.folder / 'x.safetensors', 'x', numbers, [NUM_TEST, 4])
        for name in ('x.npy', 'x.safetensors'):
            self.check_accuracy(self.labels_of(project, '--input', name), samples, accuracy)

    def test_outputs_hold_the_same_numbers(self):
        project, _, _ = self.table()
        table = list(csv.DictReader(self.predict(project, '--input', 'test.csv').splitlines()))
        same('columns', list(table[0]), ['label', 'probability', 'p_ant', 'p_bee', 'p_cat'])
        expected = [[float(row['p_' + name]) for name in CLASSES] for row in table]
        for row, probabilities in zip(table, expected):
            assert math.isclose(sum(probabilities), 1, rel_tol=1e-5), row
            same('label', CLASSES.index(row['label']), probabilities.index(max(probabilities)))
            same('probability', float(row['probability']), max(probabilities))
        for name in ('p.jsonl', 'p.npy', 'p.safetensors'):
            self.predict(project, '--input', 'test.csv', '--output', name)
        lines = (project.folder / 'p.jsonl').read_text(encoding='utf-8').splitlines()
        objects = [json.loads(line) for line in lines]
        same('jsonl', [list(one['probabilities'].values()) for one in objects], expected)
        same('labels', [one['label'] for one in objects], [row['label'] for row in table])
        flat = array.array('f', [number for row in expected for number in row])
        header, numbers = read_npy(project.folder / 'p.npy')
        same('shape', header['shape'], (NUM_TEST, 3))
        same('npy', numbers, flat)
        tensors = read_safetensors(project.folder / 'p.safetensors')
        same('safetensors', tensors['output'], ([NUM_TEST, 3], flat))
        same('labels', tensors['output.label'],
             ([NUM_TEST], array.array('q', [CLASSES.index(row['label']) for row in table])))
        left = [path.name for path in project.folder.iterdir() if '.part' in path.name]
        assert not left, left

    def test_pictures_from_a_folder(self):
        project = self.project('pictures', IMAGE_JOB)
        draw = random.Random(3)
        for part, number in (('train', 60), ('test', 30)):
            for i in range(number):
                kind = i % 3
                pixels = [min(255, max(0, int(draw.gauss(120 + (70 if c == kind else 0), 60))))
                          for _ in range(30) for c in range(3)]
                write_png(project.folder / part / CLASSES[kind] / f'{i}.png', 5, 6, pixels)
        project.call('run')
        accuracy = json.loads(project.call('eval', '--json'))['test/accuracy']
        found = list(csv.DictReader(self.predict(project, '--input', 'test').splitlines()))
        same('files', found[0]['file'], 'ant/0.png')
        right = sum(row['file'].startswith(row['label'] + '/') for row in found)
        assert math.isclose(right / 30, accuracy, rel_tol=1e-6), (right, accuracy)
        alone, = csv.DictReader(
            self.predict(project, '--input', 'test/bee/1.png').splitlines())
        among = next(row for row in found if row['file'] == 'bee/1.png')
        same('alone', (alone['file'], alone['label']), ('1.png', among['label']))
        for name in CLASSES:  # a batch of another size rounds otherwise
            pair = float(alone['p_' + name]), float(among['p_' + name])
            assert math.isclose(*pair, rel_tol=1e-5), (name, pair)

    def test_regressions_are_raw(self):
        project = self.project('regression', REGRESSION_JOB)
        project.call('run')
        write_npy(project.folder / 'x.npy', [1, 2, 3, 4] * 3, (3, 4))
        found = list(csv.DictReader(self.predict(project, '--input', 'x.npy').splitlines()))
        same('columns', list(found[0]), ['output_0', 'output_1'])
        same('rows', found[1:], found[:-1])
        (project.folder / 'x.csv').write_text('p,q,r,s\n' + '1,2,3,4\n' * 3, encoding='utf-8')
        by_csv = list(csv.DictReader(self.predict(project, '--input', 'x.csv').splitlines()))
        same('csv', by_csv, found)

    def test_idx_files_plain_and_gzip(self):
        project = self.project('digits', DIGITS_JOB)
        draw = random.Random(4)
        (project.folder / 'digits').mkdir()
        for part, number in (('train', 60), ('t10k', 20)):
            labels = bytes(i % 10 for i in range(number))
            pixels = bytes(min(255, draw.randrange(120) + 13 * label)
                           for label in labels for _ in range(28 * 28))
            images = struct.pack('>IIII', 0x803, number, 28, 28) + pixels
            (project.folder / f'digits/{part}-images-idx3-ubyte').write_bytes(images)
            (project.folder / f'digits/{part}-labels-idx1-ubyte').write_bytes(
                struct.pack('>II', 0x801, number) + labels)
        with gzip.open(project.folder / 'new-idx3-ubyte.gz', 'wb') as file:
            file.write(images)
        project.call('run')
        plain = self.predict(project, '--input', 'digits/t10k-images-idx3-ubyte')
        same('gzip', self.predict(project, '--input', 'new-idx3-ubyte.gz'), plain)
        found = [row['label'] for row in csv.DictReader(plain.splitlines())]
        accuracy = json.loads(project.call('eval', '--json'))['test/accuracy']
        same('number', len(found), 20)
        right = sum(int(label) == i % 10 for i, label in enumerate(found))
        assert math.isclose(right / 20, accuracy, rel_tol=1e-6), (right, accuracy)
        (project.folder / 'cut-idx3-ubyte.gz').write_bytes(
            (project.folder / 'new-idx3-ubyte.gz').read_bytes()[:-500])
        assert 'FDL5102' in self.predict(project, '--input', 'cut-idx3-ubyte.gz', expect=2)

    def test_bad_input(self):
        project, samples, _ = self.table()
        numbers = [number for x, _ in samples for number in x]
        write_npy(project.folder / 'wide.npy', numbers, (NUM_TEST // 2, 8))
        write_safetensors(project.folder / 'y.safetensors', 'y', numbers, [NUM_TEST, 4])
        (project.folder / 'odd.bin').write_bytes(b'\0\1')
        write_png(project.folder / 'p.png', 5, 6, [0] * 90)
        (project.folder / 'words.csv').write_text('a,b,c,d\n1,2,x,4\n', encoding='utf-8')
        (project.folder / 'few.csv').write_text('a,b\n1,2\n', encoding='utf-8')
        before = sorted(path.name for path in project.folder.iterdir())
        for words, code in ((('wide.npy',), 'FDL5231'), (('y.safetensors',), 'FDL5231'),
                            (('odd.bin',), 'FDL5231'), (('gone.csv',), 'FDL5231'),
                            (('p.png',), 'FDL5231'), (('words.csv',), 'FDL5102'),
                            (('test.csv', '--format', 'xml'), 'FDL5231'),
                            (('test.csv', '--output', 'a.doc'), 'FDL5231'),
                            (('test.csv', '--format', 'safetensors'), 'FDL5231')):
            said = self.predict(project, '--input', *words, expect=2)
            assert code in said, (words, said)
        self.predict(project, '--input', 'few.csv', expect=2)
        self.predict(project, expect=2)
        same('files', sorted(path.name for path in project.folder.iterdir()), before)


if __name__ == '__main__':
    sys.exit(main(Tests))
