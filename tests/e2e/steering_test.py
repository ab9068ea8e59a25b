#!/usr/bin/env python3
"""Holds to their word what steers a run beside its updates: trends, when state is saved, what an
error leaves, and slow steps that are told of.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import math
import os
import signal
import sys
import time

import run_test
from run_test import Project, same, wait_until

# Running statistics, a metric that keeps rows, a table, dropout: what an update that fails has touched.
JOB = """
model:
  name: small
  inputs: { x: "f32[2]" }
  flow: [{ linear: 8 }, batch_norm, relu, { dropout: 0.1 }, { linear: 3 }]
data:
  train: { csv: { file: rows.csv, x: [a, b], y: { column: y, type: i64 } }, slice: ":48" }
  val: { csv: { file: rows.csv, x: [a, b], y: { column: y, type: i64 } }, slice: "48:" }
training:
  epochs: 3
  batch_size: 4
  loss: cross_entropy
  metrics: [accuracy, auroc, confusion_matrix]
  optimizer: { sgd: { lr: 1e-2, momentum: 0.9 } }
output: { checkpoint: { every: 1 epoch, keep: 50 } }
"""


class Tests:
    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder

    def project(self, name, manifest=JOB):
        project = Project(self.fdl, self.folder / name, manifest)
        rows = [f'{math.sin(i):.3f},{math.cos(3 * i):.3f},{i % 3}' for i in range(60)]
        (project.folder / 'rows.csv').write_text('a,b,y\n' + '\n'.join(rows) + '\n', encoding='utf-8')
        return project

    def scales(self, project):
        """What a plateau has done to the rate, after each epoch."""
        states = [json.loads((path / 'state.json').read_text(encoding='utf-8'))
                  for path in project.checkpoints()]
        return [state.get('plateau', {'scale': 1})['scale'] for state in states]

    def test_a_trend_ends_the_run(self):
        stop = 'training.early_stop={stalled: {metric: val/loss, window: 3, tolerance: 1e9}}'
        project = self.project('stalled')
        output = project.call('run', stop, 'training.epochs=9')
        end, = project.events('end')
        same('the end', (end['reason'], end['step']), ('early_stop', 3 * 12))
        assert 'val/loss has stalled over 3 measurements' in output, output
        late = self.project('late')
        late.call('run', stop, 'training.epochs=9', 'training.early_stop.min_epochs=5')
        same('the end', late.events('end')[0]['step'], 5 * 12)
        never = self.project('never')
        never.call('run', 'training.early_stop={converged: {metric: val/loss, tolerance: 1e-30}}')
        same('the end', never.events('end')[0]['step'], 3 * 12)

    def test_a_trend_goes_on_counting_after_a_kill(self):
        words = ['training.early_stop={stalled: {metric: val/loss, window: 4, tolerance: 1e9}}',
                 'training.schedule={plateau: {metric: val/loss, trend: converged, window: 2, '
                 'tolerance: 1e9, factor: 0.5}}', 'training.epochs=9']
        project = self.project('counting')
        project.call('run', *words)
        straight, scales = project.model_hash(), self.scales(project)
        same('the end', project.events('end')[-1]['step'], 4 * 12)
        for checkpoint in project.checkpoints()[1:]:  # from epoch 1 on
            (checkpoint / 'manifest.json').unlink()
        project.call('run', '--resume')
        same('the end', project.events('end')[-1]['step'], 4 * 12)
        same('model hash', project.model_hash(), straight)
        same('scales', self.scales(project), scales)

    def test_a_plateau_by_a_trend_halves_the_rate(self):
        project = self.project('plateau')
        project.call('run', 'training.schedule={plateau: {metric: val/loss, trend: stalled, window: 3, '
                     'tolerance: 1e9, factor: 0.5}}', 'training.epochs=8')
        # Level after each third measurement; what was measured before a fall does not count again.
        same('scales', self.scales(project), [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25])

    def test_an_error_leaves_the_state_before_it(self):
        in_order = 'data.loader.shuffle=false'
        whole = self.project('whole')
        whole.call('run', in_order, 'output.checkpoint.every=1 steps')
        broken = self.project('broken')
        file = broken.folder / 'rows.csv'
        healthy = file.read_text(encoding='utf-8')
        rows = healthy.splitlines()
        rows[1 + 26] = '0.1,0.2,7'  # no class, seen when the 7th update has run forward
        file.write_text('\n'.join(rows) + '\n', encoding='utf-8')
        output = broken.call('run', in_order, expect=1)
        assert 'FDL5420' in output and 'the state after step 6 is saved' in output, output
        same('saved', broken.steps(), [6])
        saved, wanted = broken.checkpoints()[-1], whole.checkpoints()[5]
        for name in ('model.safetensors', 'optimizer.safetensors', 'metrics.safetensors'):
            same(name, (saved / name).read_bytes(), (wanted / name).read_bytes())
        states = [json.loads((path / 'state.json').read_text(encoding='utf-8'))
                  for path in (saved, wanted)]
        for state in states:
            for clock in ('seconds', 'train_seconds'):
                del state[clock]
        same('state', *states)
        file.write_text(healthy, encoding='utf-8')
        broken.call('run', '--resume')
        same('model hash', broken.model_hash(), whole.model_hash())

    def test_checkpoints_by_the_clock(self):
        project = self.project('clock')
        project.call('run', 'output.checkpoint.every=0.001s', 'training.epochs=10')
        steps = project.steps()
        assert len(steps) > 2 and steps[-1] == 10 * 12, steps
        straight = project.model_hash()
        for checkpoint in project.checkpoints()[2:]:
            (checkpoint / 'manifest.json').unlink()
        project.call('run', '--resume')
        same('model hash', project.model_hash(), straight)

    def test_a_slow_step_is_told_of(self):
        project = self.project('slow')
        # Nothing between the steps, so that the engine is nearly always within one.
        process = project.start('run', 'training.watchdog={factor: 5, least: 0.5}',
                                'training.epochs=100000', 'training.validate=100000 epochs',
                                'output.checkpoint.every=100000 epochs')
        try:
            assert wait_until(process, lambda: self.has_epochs(project, 3)), process.stdout.read()
            engine = project.events('start')[-1]['pid']
            while not project.events('notice'):  # until a stop falls within a step
                assert process.poll() is None, process.stdout.read()
                os.kill(engine, signal.SIGSTOP)
                time.sleep(1)
                os.kill(engine, signal.SIGCONT)
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
        notice = project.events('notice')[0]
        assert 'are usual' in notice['text'], notice

    def has_epochs(self, project, count):
        try:
            return len(project.events('epoch')) >= count
        except (AssertionError, FileNotFoundError, json.JSONDecodeError):
            return False

    def test_a_teacher_is_compared_with(self):
        small = JOB.replace('batch_norm, relu, { dropout: 0.1 }', 'relu').replace('small', 'taught')
        project = self.project('teacher', small)
        project.call('run', 'training.steps=40')
        teacher = project.run.relative_to(project.folder)
        # What begins with the teacher's weights is one with it: there is nothing to learn.
        lesson = [f'training.teacher={teacher}', 'training.loss={distillation: 2}',
                  'model.load=' + str(teacher)]
        project.call('run', '--name', 'alike', *lesson, 'training.steps=1')
        loss = project.events('epoch')[0]['train/loss']
        assert abs(loss) < 1e-7, loss
        # Another one learns what the teacher says, which the labels do not tell.
        project.call('run', '--name', 'pupil', *lesson[:2], 'training.seed=5', 'training.epochs=20',
                     'training.optimizer.sgd.lr=0.1')
        losses = [event['val/loss'] for event in project.events('epoch')]
        assert losses[-1] < 0.1 * losses[0], losses
        found = json.loads(project.call('eval', project.run.name, '--data', 'val', '--json'))
        assert math.isclose(found['val/loss'], losses[-1], rel_tol=1e-6), (found, losses[-1])
        straight = project.model_hash()
        for checkpoint in project.checkpoints()[7:]:
            (checkpoint / 'manifest.json').unlink()
        project.call('run', '--resume')
        same('model hash', project.model_hash(), straight)
        names = {event['from'] for event in project.events('load')}
        same('what was loaded', names, {str(teacher)})
        # Any loss may compare with it, beside others.
        both = ('training.loss=[cross_entropy, {mse: {target: teacher}, weight: 0.5}, '
                '{l1: {target: teacher.output}}]')
        project.call('run', lesson[0], both, 'training.steps=2')


if __name__ == '__main__':
    sys.exit(run_test.main(Tests))
