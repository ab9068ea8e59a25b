#!/usr/bin/env python3
"""Trains with the built `fdl` and its engine: whole runs, killed runs, stopped runs, full disks.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path('/usr/share/datasets/fashion-mnist')

# Dropout, running statistics, shuffling, an uneven last batch, validation and a best table: all
# that a resume has to bring back. 3 epochs of 63 steps, saved every 20: mostly inside an epoch.
JOB = """
model:
  name: small
  inputs: { x: "f32[64]" }
  flow:
    - linear: 512
    - batch_norm
    - relu
    - dropout: 0.2
    - linear: 1024
    - relu
    - linear: 10
data:
  train: { synthetic: { kind: classification, samples: 5000, seed: 3 }, slice: ":4000" }
  val: { synthetic: { kind: classification, samples: 5000, seed: 3 }, slice: "4000:" }
training:
  epochs: 3
  batch_size: 64
  seed: 1
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adamw: { lr: 1e-3 } }
  schedule: { one_cycle: { max_lr: 3e-2 } }
  validate: { every: 20 steps }
output:
  checkpoint: { every: 20 steps, keep: { last: 2, best: { metric: val/loss } } }
"""
NUM_STEPS = 3 * 63
# What differs between two records of the same epoch.
TIMED = ('time_s', 'train_seconds', 'step_ms_p50', 'step_ms_p95', 'step_ms_p99',
         'data_wait_percent')

# States that begin anew and one that never does, dropout at each position, uneven windows and
# batches: 7 batches of 3 updates an epoch, saved every 5, so mostly inside a sequence.
STATE_JOB = """
model:
  name: memory
  inputs: { x: "f32[16]" }
  state:
    memory: { shape: [64], init: { normal: 0.1 }, bptt: 8 }
    trail: { shape: [16], reset: never, bptt: 8 }
  flow:
    - { tag: input }
    - concat: { with: [memory, trail], dim: 1 }
    - linear: 64
    - { tanh: {}, tag: memory }
    - dropout: 0.1
    - { linear: 4, tag: out }
    - { from: input, add: trail }
    - { scale: 0.5, tag: trail }
  outputs: { y: out }
data:
  train: { synthetic: { kind: sequences, steps: 20, target: "f32[4]", samples: 130 }, slice: ":100" }
  val: { synthetic: { kind: sequences, steps: 20, target: "f32[4]", samples: 130 }, slice: "100:" }
training:
  epochs: 10
  batch_size: 16
  loss: mse
  optimizer: { adam: { lr: 1e-2 } }
  schedule: { cosine: { min_lr: 1e-4 } }
  validate: { every: 5 steps }
output:
  checkpoint: { every: 5 steps, keep: { last: 2, best: { metric: val/loss } } }
"""
STATE_STEPS = 10 * 7 * 3


class Project:
    """A folder with a manifest, and the runs that `fdl` makes in it."""

    def __init__(self, fdl, folder, manifest=JOB):
        self.fdl = fdl
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / 'fdl.yml').write_text(manifest, encoding='utf-8')

    def command(self, *words, **settings):
        environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
        environment['FDL_THREADS'] = str(settings.pop('threads', 2))
        return dict(args=[self.fdl, *words], cwd=self.folder, env=environment,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **settings)

    def call(self, *words, expect=0, **settings):
        done = subprocess.run(check=False, **self.command(*words, **settings))
        if done.returncode != expect:
            raise AssertionError(f'fdl {" ".join(words)}: exit {done.returncode}, expected '
                                 f'{expect}\n{done.stdout}')
        return done.stdout

    def start(self, *words):
        return subprocess.Popen(**self.command(*words))

    @property
    def run(self):
        runs = sorted((self.folder / 'runs').glob('*/*/manifest.yml'))
        assert runs, f'no run in {self.folder}'
        return runs[-1].parent

    def events(self, kind):
        lines = (self.run / 'events.jsonl').read_text(encoding='utf-8').splitlines()
        return [event for event in map(json.loads, lines) if event['event'] == kind]

    def checkpoints(self):
        found = [p.parent for p in self.run.glob('checkpoints/step-*/manifest.json')]
        return sorted(found, key=lambda path: int(path.name.removeprefix('step-')))

    def forget_after(self, step):
        """As if it had been killed after that step."""
        for checkpoint in self.checkpoints():
            if int(checkpoint.name.removeprefix('step-')) > step:
                shutil.rmtree(checkpoint)

    def steps(self):
        return [int(path.name.removeprefix('step-')) for path in self.checkpoints()]

    def model_hash(self):
        model = self.checkpoints()[-1] / 'model.safetensors'
        return hashlib.sha256(model.read_bytes()).hexdigest()


def wait_until(process, is_true):
    """Polls while the process lives; whether the condition came true before it ended."""
    while process.poll() is None:
        if is_true():
            return True
        time.sleep(0.001)
    return False


def has_started(project):
    events = list((project.folder / 'runs').glob('*/*/events.jsonl'))
    return bool(events) and '"start"' in events[0].read_text(encoding='utf-8')


def has_checkpoint(project):
    return any((project.folder / 'runs').glob('*/*/checkpoints/step-*/manifest.json'))


def kill_engine(project, process):
    os.kill(project.events('start')[-1]['pid'], signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode == 1, f'exit {process.returncode}\n{output}'
    assert 'FDL5402' in output, output
    assert not project.events('end')


def same(what, found, expected):
    assert found == expected, f'{what}: found {found}, expected {expected}'


class Tests:
    """One method per test, in the order of their names' definition."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.whole = None  # the run that nothing disturbed

    def project(self, name, manifest=JOB):
        return Project(self.fdl, self.folder / name, manifest)

    def undisturbed(self):
        if self.whole is None:
            self.whole = self.project('whole')
            self.whole.call('run')
        return self.whole

    def matches_undisturbed(self, project):
        whole = self.undisturbed()
        same('steps', project.steps()[-1], NUM_STEPS)
        same('model hash', project.model_hash(), whole.model_hash())
        records = [[{k: v for k, v in event.items() if k not in TIMED}
                    for event in one.events('epoch')] for one in (project, whole)]
        same('epoch records', records[0], records[1])

    def test_default_job_quick_trains(self):
        if not IMAGES.is_dir():
            return f'{IMAGES} is not there'
        project = self.project('quick', (ROOT / 'fdl.yml').read_text(encoding='utf-8'))
        project.call('run', 'quick')
        same('checkpoints', project.steps(), [16])
        epoch, = project.events('epoch')
        assert epoch['val/accuracy'] > 0.5, epoch
        same('the end', project.events('end')[-1]['reason'], 'done')
        return None

    def test_learns(self):
        epochs = self.undisturbed().events('epoch')
        same('number of epochs', len(epochs), 3)
        assert epochs[-1]['val/accuracy'] > 0.9, epochs[-1]
        assert epochs[-1]['train/loss'] < epochs[0]['train/loss'] / 2, epochs

    def test_same_seed_same_hash(self):
        again = self.project('again')
        again.call('run')
        self.matches_undisturbed(again)

    def test_other_seed_other_hash(self):
        other = self.project('other')
        other.call('run', 'training.seed=2')
        assert other.model_hash() != self.undisturbed().model_hash()

    def test_loader_threads_change_nothing(self):
        for workers, prefetch in ((0, 1), (3, 7)):
            project = self.project(f'workers_{workers}')
            project.call('run', f'data.loader.workers={workers}', f'data.loader.prefetch={prefetch}')
            self.matches_undisturbed(project)

    def test_killed_before_first_checkpoint(self):
        project = self.project('killed_early')
        process = project.start('run')
        assert wait_until(process, lambda: has_started(project))
        kill_engine(project, process)
        project.call('run', '--resume')
        self.matches_undisturbed(project)

    def test_killed_in_an_epoch(self):
        project = self.project('killed')
        process = project.start('run')
        assert wait_until(process, lambda: has_checkpoint(project))
        kill_engine(project, process)
        at = project.steps()[-1]
        project.call('run', '--resume')
        same('resumed from', project.events('start')[-1]['resumed_from_step'], at)
        steps = [event['step'] for event in project.events('progress')]
        assert at + 1 in steps, f'no progress after the first step of a start: {steps}'
        self.matches_undisturbed(project)

    def test_what_epochs_tell_of_their_steps(self):
        whole = self.undisturbed()
        same('first progress', whole.events('progress')[0]['step'], 1)
        rates = [event['lr'] for event in whole.events('epoch')]
        assert rates[0] > 1e-2 > rates[-1] > 0, f'one cycle of rates: {rates}'
        for epoch in whole.events('epoch'):
            spread = [epoch[f'step_ms_p{share}'] for share in (50, 95, 99)]
            same('order of the quantiles', spread, sorted(spread))
            mean = 1e3 * epoch['train_seconds'] / epoch['num_steps']
            assert 0 < spread[0] <= 2 * mean, (spread, mean)
            assert 0 < epoch['data_wait_percent'] < 100, epoch
        csv = (whole.run / 'metrics.csv').read_text(encoding='utf-8').splitlines()[0].split(',')
        assert {'lr', 'step_ms_p50', 'step_ms_p95', 'step_ms_p99',
                'data_wait_percent'} <= set(csv), csv

    def test_interrupted(self):
        for number, code, reason in ((signal.SIGINT, 130, 'interrupted'),
                                     (signal.SIGTERM, 143, 'terminated')):
            project = self.project(reason)
            process = project.start('run')
            assert wait_until(process, lambda: has_started(project))
            process.send_signal(number)
            output, _ = process.communicate()
            assert process.returncode == code, f'exit {process.returncode}\n{output}'
            same('the end', project.events('end')[-1]['reason'], reason)
            same('saved', project.steps()[-1], project.events('end')[-1]['step'])
            project.call('run', '--resume')
            self.matches_undisturbed(project)

    def test_damaged_checkpoint_is_passed_over(self):
        project = self.project('damaged')
        process = project.start('run')
        assert wait_until(process, lambda: has_checkpoint(project) and len(project.steps()) > 1)
        kill_engine(project, process)
        newest = project.checkpoints()[-1] / 'model.safetensors'
        content = bytearray(newest.read_bytes())
        content[-1] ^= 1
        newest.write_bytes(content)
        former = project.steps()[-2]
        project.call('run', '--resume')
        same('resumed from', project.events('start')[-1]['resumed_from_step'], former)
        self.matches_undisturbed(project)

    def test_other_thread_count_is_refused(self):
        project = self.project('threads')
        project.call('run', 'training.epochs=1')
        output = project.call('run', '--resume', expect=1, threads=1)
        assert 'FDL5204' in output and 'FDL_THREADS=2' in output, output

    def test_loss_that_is_not_finite(self):
        project = self.project('nan')
        output = project.call('run', 'training.optimizer.adamw.lr=1e30', 'training.schedule=constant',
                              expect=1)
        assert 'FDL5403' in output, output
        same('the end', project.events('end')[-1]['reason'], 'failed')

    def test_full_disk_keeps_former_checkpoints(self):
        project = self.project('full')
        process = project.start('run')
        assert wait_until(process, lambda: has_checkpoint(project))
        kill_engine(project, process)
        before = project.steps()

        def no_large_files():  # writing past the limit fails as on a full disk
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        output = project.call('run', '--resume', expect=1, preexec_fn=no_large_files)
        assert 'FDL5002' in output, output
        same('checkpoints', project.steps(), before)
        unfinished = list(project.run.glob('checkpoints/.*'))
        assert not unfinished, unfinished
        project.call('run', '--resume')
        self.matches_undisturbed(project)

    def best_by_records(self):
        """(step, val/loss) of the first best validation of the undisturbed run."""
        whole = self.undisturbed()
        records = whole.events('eval') + whole.events('epoch')[-1:]
        same('validations', [r['step'] for r in records], [*range(20, 181, 20), NUM_STEPS])
        return min(((r['step'], r['val/loss']) for r in records), key=lambda r: (r[1], r[0]))

    def test_retention(self):
        best, _ = self.best_by_records()
        same('checkpoints', set(self.undisturbed().steps()), {180, NUM_STEPS, best})

    def state_run(self, name, kills=0):
        """A run of STATE_JOB that was killed so often, and gone on with, until its end."""
        project = self.project(name, STATE_JOB)
        process = project.start('run')
        for _ in range(kills):
            former = project.steps() if has_started(project) else []
            assert wait_until(process, lambda: has_checkpoint(project) and project.steps() != former)
            kill_engine(project, process)
            process = project.start('run', '--resume')
            assert wait_until(process, lambda: len(project.events('start')) > 0)
        output, _ = process.communicate()
        same(f'exit of {output}', process.returncode, 0)
        same('steps', project.steps()[-1], STATE_STEPS)
        return project

    def test_killed_inside_a_sequence(self):
        whole = self.state_run('state_whole')
        resumed_inside = 0
        for number in range(2):
            project = self.state_run(f'state_killed_{number}', kills=1)
            resumed_from = project.events('start')[-1]['resumed_from_step']
            resumed_inside += resumed_from % 3 != 0
            for name in ('model.safetensors', 'optimizer.safetensors', 'carried.safetensors'):
                found, expected = ((p.checkpoints()[-1] / name).read_bytes() for p in (project, whole))
                assert found == expected, f'{name} after going on from {resumed_from}'
            records = [[(e['step'], e['train/loss']) for e in p.events('epoch')]
                       for p in (project, whole)]
            same('epoch records', records[0], records[1])
        first, last = whole.events('eval')[0], whole.events('eval')[-1]
        assert last['val/loss'] < first['val/loss'] / 2, (first, last)
        same('steps of an epoch', {e['num_steps'] for e in whole.events('epoch')}, {21})
        # No sample is done with yet.
        assert 'samples_per_s' not in whole.events('progress')[0], whole.events('progress')[0]
        return None if resumed_inside else 'all kills fell between sequences'

    def test_eval_of_states_agrees_with_training(self):
        whole = self.state_run('state_to_measure')
        measured = whole.events('eval') + whole.events('epoch')
        records = [(e['val/loss'], e['step']) for e in measured if 'val/loss' in e]
        result = json.loads(whole.call('eval', '--data', 'val', '--json'))
        same('the best', (result['val/loss'], result['step']), min(records))

    def test_eval_takes_the_best_and_agrees_with_training(self):
        best, loss = self.best_by_records()
        whole = self.project('to_measure')
        whole.call('run')
        result = json.loads(whole.call('eval', '--data', 'val', '--json'))
        same('samples', result['num_samples'], 1000)
        same('step', result['step'], best)
        same('val/loss', result['val/loss'], loss)


def surprise():
    """The trace of what is being handled, as details of the line before it."""
    return textwrap.indent(traceback.format_exc(), '  ')


def main(kind=Tests):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    names = [name for name in vars(kind) if name.startswith('test_')]
    names = [name for name in names if not options.names or name[5:] in options.names]
    fdl = options.build.resolve() / 'bin/fdl'
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        tests = kind(fdl, Path(folder))
        for name in names:
            if not (fdl.parent / 'fdl-engine').exists():
                print(f'skip {name[5:]}: the engine is not built')
                continue
            try:
                skipped = getattr(tests, name)()
                print(f'skip {name[5:]}: {skipped}' if skipped else f'ok {name[5:]}', flush=True)
            except Exception:  # any surprise is a failed test, and the next one runs
                failed = True
                print(f'not ok {name[5:]}: see below\n{surprise()}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
