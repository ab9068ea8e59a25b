#!/usr/bin/env python3
"""Sweeps, the range test of learning rates and the size of batches, with the built `fdl`.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import csv
import json
import os
import signal
import sys
import time

from run_test import Tests as RunTests
from run_test import TIMED, main, same

JOB = """
model:
  name: small
  inputs: { x: "f32[32]" }
  flow: [ linear: 64, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 2000 }, slice: ":1500" }
  val: { synthetic: { kind: classification, classes: 5, samples: 2000 }, slice: "1500:" }
training:
  epochs: 3
  batch_size: 50
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { sgd: { lr: 1e-3 } }
  schedule: { cosine: {} }
"""

GRID = """
sweep:
  over:
    training.optimizer.sgd.lr: { log: [1e-4, 1e-1], n: 4 }
  metric: val/loss
"""

HALVING = """
sweep:
  over: { training.optimizer.sgd.lr: { log: [1e-4, 1] } }
  method: halving
  n: 9
  metric: val/loss
"""


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.whole = None

    project = RunTests.project

    def sweep_folder(self, project):
        folder, = (project.folder / 'runs/small').glob('sweep-*')
        return folder

    def results(self, project):
        """What each point came to: its records without their times."""
        out = {}
        for run in sorted(self.sweep_folder(project).glob('point-*')):
            events = map(json.loads, (run / 'events.jsonl').read_text('utf-8').splitlines())
            out[run.name] = [{k: v for k, v in e.items() if k not in TIMED}
                             for e in events if e['event'] == 'epoch']
        return out

    def undisturbed(self):
        if self.whole is None:
            self.whole = self.project('whole', JOB + GRID)
            self.whole.call('sweep', '--json', '--jobs', '1')
        return self.whole

    def test_a_grid_is_run_and_ranked(self):
        project = self.undisturbed()
        starts = [(run / 'events.jsonl').read_text('utf-8').count('"start"')
                  for run in sorted(self.sweep_folder(project).glob('point-*'))]
        same('starts', starts, [1, 1, 1, 1])
        output = project.call('sweep', '--json')  # nothing is left to do
        ranking = json.loads(output[output.index('['):])
        values = [point['value'] for point in ranking]
        same('order', values, sorted(values))
        same('states', {point['state'] for point in ranking}, {'done'})
        best = {name: min(e['val/loss'] for e in events)
                for name, events in self.results(project).items()}
        same('values', {p['point']: p['value'] for p in ranking}, best)
        again = [(run / 'events.jsonl').read_text('utf-8').count('"start"')
                 for run in sorted(self.sweep_folder(project).glob('point-*'))]
        same('starts', again, starts)
        with (self.sweep_folder(project) / 'ranking.csv').open(encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        same('table', [row['point'] for row in rows], [p['point'] for p in ranking])
        listed = json.loads(project.call('runs', '--json'))
        same('runs', [run['state'] for run in listed], ['done'] * 4)

    def test_killed_sweep_goes_on_where_it_was(self):
        whole = self.results(self.undisturbed())
        project = self.project('killed', JOB + GRID)
        for wait_for in ('point-001/checkpoints/step-*', 'point-003/events.jsonl'):
            process = project.start('sweep', '--jobs', '1')
            while process.poll() is None:
                if list((project.folder / 'runs/small').glob(f'sweep-*/{wait_for}')):
                    break
                time.sleep(0.002)
            assert process.poll() is None, process.communicate()
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        project.call('sweep')
        same('points', self.results(project), whole)

    def test_interrupted_sweep_saves_and_goes_on(self):
        whole = self.results(self.undisturbed())
        project = self.project('interrupted', JOB + GRID)
        process = project.start('sweep', '--jobs', '2')
        while not list((project.folder / 'runs/small').glob('sweep-*/point-002/events.jsonl')):
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
        same(f'exit of {output}', process.returncode, 130)
        project.call('sweep', '--jobs', '2')
        same('points', self.results(project).keys(), whole.keys())

    def test_failed_points_are_left_behind(self):
        project = self.project('failed', JOB + """
sweep:
  over: { training.optimizer.sgd.lr: [1e-2, 1e30, 1e-3] }
  metric: val/accuracy
""")
        output = project.call('sweep', expect=1)
        assert 'FDL5430' in output and 'point-002' in output, output
        states = [run['state'] for run in json.loads(project.call('runs', '--json'))]
        same('states', states, ['done', 'failed', 'done'])

    def test_halving_goes_on_with_the_best(self):
        project = self.project('halving', JOB + HALVING)
        output = project.call('sweep', '--json')
        steps = sorted(point['step'] for point in json.loads(output[output.index('['):output.rindex(']') + 1]))
        same('steps', steps, [10] * 6 + [30] * 2 + [90])
        best = json.loads(output[output.index('['):output.rindex(']') + 1])[0]
        same('the best is whole', (best['step'], best['state']), (90, 'done'))
        straight = self.project('straight', JOB)
        straight.call('run', *best['values'])
        folder = self.sweep_folder(project) / best['point']
        model = (folder / 'checkpoints/step-90/model.safetensors').read_bytes()
        assert (straight.run / 'checkpoints/step-90/model.safetensors').read_bytes() == model

    def test_bad_points_are_refused_before_any_runs(self):
        project = self.project('bad', JOB + """
sweep:
  over: { training.optimizer.sgd.lr: [1e-2, -1], training.batch_sise: [3] }
  metric: val/accuracy
""")
        output = project.call('sweep', expect=2)
        assert 'batch_sise' in output and 'FDL2005' in output, output
        assert not (project.folder / 'runs').exists()

    def test_lr_find(self):
        project = self.project('rates', JOB)
        output = json.loads(project.call('lr-find', '--json').splitlines()[-1])
        assert 1e-3 < output['suggestion'] < 10, output
        same('key', output['key'], 'training.optimizer.sgd.lr')
        with (project.folder / 'lr_find.csv').open(encoding='utf-8') as file:
            curve = list(csv.DictReader(file))
        assert 50 < len(curve) <= 100, len(curve)
        same('first', float(curve[0]['lr']), 1e-7)
        assert not (project.folder / 'runs').exists()
        key = output['key']
        project.call('run', f'{key}={output["suggestion"]}', '--name', 'found')
        project.call('run', '--name', 'default')
        runs = {run['name']: run for run in json.loads(project.call('runs', '--json'))}
        losses = [runs[name]['best']['val/loss']['value'] for name in ('found', 'default')]
        assert losses[0] < losses[1], losses
        output = project.call('lr-find', '--min', '1e-12', '--max', '1e-10', expect=1)
        assert 'FDL5431' in output, output
        project.call('lr-find', '--min', '1', '--max', '0.1', expect=2)

    def test_batch_size_auto(self):
        project = self.project('auto', JOB.replace('batch_size: 50', 'batch_size: auto'))
        output = project.call('run', 'training.epochs=1')
        assert 'batch_size 1496' in output, output  # 1500 samples, a multiple of 8
        manifest = (project.run / 'manifest.yml').read_text('utf-8')
        assert 'batch_size: 1496' in manifest, manifest
        same('steps', project.events('end')[-1]['step'], 2)
        project.call('run', '--resume')


if __name__ == '__main__':
    sys.exit(main(Tests))
