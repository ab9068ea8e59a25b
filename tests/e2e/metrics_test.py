#!/usr/bin/env python3
"""Metrics, expressions and early stops in whole runs of the built `fdl` and its engine.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import csv
import json
import re
import struct
import sys

from run_test import Tests as RunTests
from run_test import TIMED, kill_engine, main, same, wait_until

# A classification with a metric of each kind of state: counts, sums, rows that are kept.
JOB = """
model:
  name: measured
  inputs: { x: "f32[64]" }
  flow: [ linear: 512, relu, linear: 1024, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 5000 }, slice: ":4000" }
  val: { synthetic: { kind: classification, classes: 5, samples: 5000 }, slice: "4000:" }
training:
  epochs: 3
  batch_size: 48
  loss: cross_entropy
  metrics:
    - accuracy
    - f1: { average: none, class_names: [a, b, c, d, e] }
    - auroc
    - calibration_error
    - confusion_matrix
  expressions: { gap: "val/loss - train/loss", error: "1 - accuracy" }
  optimizer: { adamw: { lr: 1e-3 } }
  validate: { every: 30 steps }
output:
  checkpoint: { every: 30 steps, keep: { last: 2, best: { metric: val/f1/c } } }
"""
STEPS_PER_EPOCH = 84


def write_array(path, dtype, shape, data):
    """A file as numpy.save writes it."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b' ' * (-(10 + len(header) + 1) % 64) + b'\n'
    path.write_bytes(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + data)



def untimed(events):
    return [{k: v for k, v in event.items() if k not in TIMED}
            for event in events]


class Tests(RunTests):
    """One method per test; `test_...` of the base class are not among them."""

    def undisturbed(self):
        if self.whole is None:
            self.whole = self.project('whole', JOB)
            self.whole.call('run')
        return self.whole

    def test_records(self):
        whole = self.undisturbed()
        epochs = whole.events('epoch')
        same('number of epochs', len(epochs), 3)
        for epoch in epochs:
            same('samples of training', sum(map(sum, epoch['train/confusion_matrix']['rows'])),
                 4000)
            same('train/error', epoch['train/error'], 1 - epoch['train/accuracy'])
        epoch = epochs[-1]  # the one whose end is a validation too
        assert all('gap' not in other for other in epochs[:-1]), epochs
        same('gap', epoch['gap'], epoch['val/loss'] - epoch['train/loss'])
        table = epoch['val/confusion_matrix']['rows']
        same('targets', sum(map(sum, table)), 1000)
        same('val/accuracy', epoch['val/accuracy'], sum(table[i][i] for i in range(5)) / 1000)
        for i, name in enumerate('abcde'):
            expected = 2 * table[i][i] / (sum(table[i]) + sum(row[i] for row in table))
            same(f'f1 of {name}', epoch[f'val/f1/{name}'], expected)
        assert 0.5 < epoch['val/auroc'] <= 1, epoch

    def test_files(self):
        run = self.undisturbed().run
        with (run / 'tables/val-confusion_matrix.csv').open(encoding='utf-8') as file:
            rows = list(csv.reader(file))
        same('labels', rows[0], ['target', '0', '1', '2', '3', '4'])
        table = self.undisturbed().events('epoch')[-1]['val/confusion_matrix']['rows']
        same('table', [[int(cell) for cell in row[1:]] for row in rows[1:]], table)
        header = (run / 'metrics.csv').read_text(encoding='utf-8').splitlines()[0].split(',')
        assert 'val/f1/a' in header and 'gap' in header, header
        assert not any('confusion' in name for name in header), header

    def test_killed_in_an_epoch(self):
        project = self.project('killed', JOB)
        process = project.start('run')
        assert wait_until(process, lambda: list(
            (project.folder / 'runs').glob('*/*/checkpoints/step-60/manifest.json')))
        kill_engine(project, process)
        assert (project.checkpoints()[-1] / 'metrics.safetensors').exists()
        project.call('run', '--resume')
        assert project.events('start')[-1]['resumed_from_step'] % STEPS_PER_EPOCH != 0
        same('model hash', project.model_hash(), self.undisturbed().model_hash())
        same('records', untimed(project.events('epoch')),
             untimed(self.undisturbed().events('epoch')))

    def test_eval_prints_the_table(self):
        whole = self.undisturbed()
        records = whole.events('eval') + whole.events('epoch')
        text = whole.call('eval', '--data', 'val')
        assert '\nval/confusion_matrix\ntarget' in text, text
        found = json.loads(whole.call('eval', '--data', 'val', '--json'))
        record, = [r for r in records if r['step'] == found['step'] and 'val/auroc' in r][:1]
        for name in ('val/auroc', 'val/f1/c', 'val/calibration_error', 'val/confusion_matrix'):
            same(name, found[name], record[name])

    def test_label_outside_the_classes(self):
        project = self.project('outside', JOB.replace('classes: 5', 'classes: 6'))
        output = project.call('run', expect=2)  # seen before anything runs
        assert "the target 'target' has 6 classes" in output, output
        # Of an array nobody knows how many classes it has before it is read.
        arrays = '{ npy: { x: x.npy, target: y.npy } }'
        project = self.project('unknown', re.sub(r'\{ synthetic: .*', arrays, JOB))
        write_array(project.folder / 'x.npy', '<f4', (96, 64), struct.pack('<6144f', *[0.5] * 6144))
        write_array(project.folder / 'y.npy', '<i8', (96,), struct.pack('<96q', *[0] * 70, *[5] * 26))
        output = project.call('run', 'data.allow_overlap=true', expect=1)
        assert 'FDL5420' in output and 'sample' in output and "'train'" in output, output
        assert 'the target is 5, where there are 5 classes, from 0' in output, output

    STOPS = ('training.early_stop.metric=val/loss', 'training.early_stop.patience=2',
             'training.early_stop.min_delta=100', 'training.epochs=50')

    def test_early_stop(self):
        project = self.project('stopped', JOB)
        output = project.call('run', *self.STOPS)
        end, = project.events('end')
        same('reason', end['reason'], 'early_stop')
        same('step', end['step'], 90)
        assert 'stopped early: val/loss has not improved in 2 measurements' in output, output
        same('saved', project.steps()[-1], end['step'])
        # It stays stopped.
        project.call('run', '--resume')
        same('step', project.events('end')[-1]['step'], end['step'])
        same('reason', project.events('end')[-1]['reason'], 'early_stop')

    def test_early_stop_goes_on_counting_after_a_kill(self):
        whole = self.project('counts', JOB)
        whole.call('run', *self.STOPS)
        project = self.project('killed_early', JOB)
        process = project.start('run', *self.STOPS)
        assert wait_until(process, lambda: list(
            (project.folder / 'runs').glob('*/*/checkpoints/step-60/manifest.json')))
        kill_engine(project, process)
        project.call('run', '--resume')
        same('the end', project.events('end')[-1]['message'], whole.events('end')[-1]['message'])
        same('model hash', project.model_hash(), whole.model_hash())


if __name__ == '__main__':
    sys.exit(main(Tests))
