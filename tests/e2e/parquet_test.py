#!/usr/bin/env python3
"""Parquet tables give what the same tables as CSV give; the library that reads them is built here,
against the Apache Arrow that pyarrow brings, where the build has none.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / 'tests'))

import environment  # noqa: E402

environment.enter('parquet', ['pyarrow==17.0.0', 'numpy<3'], 'pyarrow.parquet')

import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

from run_test import Project, main, same  # noqa: E402

JOB = """
model:
  inputs: {{ x: "f32[2]" }}
  flow: [ {{ linear: 16 }}, tanh, {{ linear: 2 }} ]
data:
  train: {{ {source}: {{ file: t.{source}, x: [a, b], side: {{ column: side, missing: left }} }}, slice: ":300" }}
  val: {{ {source}: {{ file: t.{source}, x: [a, b], side: {{ column: side, missing: left }} }}, slice: "300:" }}
training: {{ epochs: 3, batch_size: 16, loss: cross_entropy, metrics: [accuracy], optimizer: {{ adam: {{ lr: 1e-2 }} }} }}
"""


def built(fdl):
    """A folder with these programs and the library."""
    if (fdl.parent / 'libfdl_parquet.so').exists():
        return fdl
    folder = ROOT / 'build/parquet-venv/fdl'
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ('fdl', 'fdl-engine', 'libfdl_unpack.so'):
        try:
            os.link(fdl.parent / name, folder / name)
        except OSError:
            shutil.copy2(fdl.parent / name, folder / name)
    arrow = Path(pyarrow.__file__).parent
    libraries = [f'-l:{path.name}' for name in ('arrow', 'parquet')
                 for path in arrow.glob(f'lib{name}.so.*')]
    subprocess.run([os.environ.get('CXX', 'c++'), '-std=c++20', '-O1', '-shared', '-fPIC', '-Wall',
                    '-Wextra', '-Werror', f'-I{ROOT}', '-isystem', arrow / 'include',
                    ROOT / 'lib/format/parquet_plugin.cpp', '-o', folder / 'libfdl_parquet.so',
                    f'-L{arrow}', *libraries, f'-Wl,-rpath,{arrow}'], check=True)
    return folder / 'fdl'


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl, self.folder = built(fdl), folder

    def project(self, name, manifest):
        return Project(self.fdl, self.folder / name, manifest)

    def points(self):
        draw = random.Random(1)
        rows = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(400)]
        return [(a, b, None if i % 50 == 0 else 'left' if a + b < 0 else 'right')
                for i, (a, b) in enumerate(rows)]

    def write(self, path, **columns):
        pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=64)

    def trained(self, name, source):
        project = self.project(name, JOB.format(source=source))
        rows = self.points()
        if source == 'csv':
            lines = [f'{a!r},{b!r},{side or ""}\n' for a, b, side in rows]
            (project.folder / 't.csv').write_text('a,b,side\n' + ''.join(lines), encoding='utf-8')
        else:
            a, b, side = map(list, zip(*rows))
            self.write(project.folder / 't.parquet', a=a, b=b,
                       side=pyarrow.array(side).dictionary_encode(), more=[str(x) for x in a])
        project.call('run')
        return project

    def test_the_same_as_a_table_of_text(self):
        text, parquet = self.trained('text', 'csv'), self.trained('parquet', 'parquet')
        same('model', parquet.model_hash(), text.model_hash())
        assert parquet.events('epoch')[-1]['val/accuracy'] > 0.9
        a, b, _ = map(list, zip(*self.points()[:20]))
        self.write(parquet.folder / 'new.parquet', a=a, b=b)
        lines = ''.join(f'{x!r},{y!r}\n' for x, y in zip(a, b))
        (parquet.folder / 'new.csv').write_text('a,b\n' + lines, encoding='utf-8')
        same('predictions', parquet.call('predict', '--input', 'new.parquet'),
             parquet.call('predict', '--input', 'new.csv'))

    def test_every_type_that_is_read(self):
        project = self.project('types', """
model: { inputs: { t: "i64[T<=9]", n: "f32[1]" }, flow: [ { from: t, embedding: { num: 9, dim: 2 } }, { mean: { dim: 1 } }, { concat: { with: [n], dim: 1 } }, { linear: 2 } ] }
data: { train: { parquet: { file: t.parquet, t: t, n: n, y: { column: y, type: class } } } }
training: { epochs: 1, loss: cross_entropy, optimizer: adam }
""")
        for numbers in (pyarrow.bool_(), pyarrow.int8(), pyarrow.uint16(), pyarrow.int64(),
                        pyarrow.float32(), pyarrow.float64()):
            for words in (pyarrow.string(), pyarrow.large_string(), pyarrow.int32(), pyarrow.bool_()):
                for kind in (pyarrow.list_, pyarrow.large_list):
                    label = ['p', 'q'] if 'string' in str(words) else [0, 1]
                    self.write(project.folder / 't.parquet',
                               t=pyarrow.array([[1, 2], [3]] * 50, kind(pyarrow.int16())),
                               n=pyarrow.array([0, 1] * 50).cast(numbers),
                               y=pyarrow.array(label * 50).cast(words))
                    project.call('check')
        project.call('run')
        shown = json.loads(project.call('data', 'show', '--json'))
        assert '[1, 2]' in json.dumps(shown) or '[1,2]' in json.dumps(shown), shown

    def test_what_cannot_be_read_is_told(self):
        project = self.project('bad', JOB.format(source='parquet'))
        path = project.folder / 't.parquet'

        def told(code, *words, **columns):
            if columns:
                self.write(path, **columns)
            output = project.call('check', expect=2)
            assert code in output and all(word in output for word in words), output

        a, b, side = [0.5] * 400, [1.5] * 400, ['left', 'right'] * 200
        told('FDL5102', "'side'", 'timestamp', a=a, b=b,
             side=pyarrow.array([1] * 400, pyarrow.timestamp('s')))
        told('FDL5102', "'b' has no value here", 't.parquet:18', a=a, b=b[:17] + [None] + b[18:],
             side=side)
        told('FDL2001', "no column 'b'", a=a, c=b, side=side)
        self.write(path, a=a, b=b, side=side)
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) // 2])
        told('FDL5102')
        path.write_bytes(b'')
        told('FDL5102')
        draw = random.Random(3)
        for _ in range(60):  # whatever is said, nothing crashes
            bad = bytearray(whole)
            for _ in range(3):
                bad[draw.randrange(len(bad))] = draw.randrange(256)
            path.write_bytes(bad)
            done = subprocess.run(check=False, **project.command('check'))
            assert done.returncode in (0, 1, 2), done.stdout


if __name__ == '__main__':
    sys.exit(main(Tests))
