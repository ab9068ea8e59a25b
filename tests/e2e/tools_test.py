#!/usr/bin/env python3
"""The commands around a run, with the built `fdl` and its engine: notes and lists of runs, locks.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import struct
import subprocess
import sys
import time

from run_test import Tests as RunTests
from run_test import has_checkpoint, main, same, wait_until

JOB = """
model:
  name: small
  inputs: { x: "f32[64]" }
  flow: [ linear: 512, relu, linear: 512, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 4000 }, slice: ":3000" }
  val: { synthetic: { kind: classification, classes: 5, samples: 4000 }, slice: "3000:" }
training:
  epochs: 2
  batch_size: 50
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adamw: { lr: 1e-3 } }
output:
  checkpoint: { every: 20 steps, keep: { last: 2, best: { metric: val/accuracy } } }
"""
NUM_STEPS = 120

PICTURE_JOB = """
model:
  name: pictures
  inputs: { image: "f32[1, 6, 8]" }
  flow: [ { conv2d: { out: 4, kernel: 3, padding: same } }, relu, { conv2d: { out: 1, kernel: 3, padding: same } } ]
data:
  train: { synthetic: { kind: images, target: image, samples: 20 } }
training:
  steps: 4
  batch_size: 10
  loss: mse
  optimizer: { sgd: { lr: 1e-2 } }
output: { samples: { n: 2, every: 2 steps } }
"""

TEXT_JOB = """
model:
  name: letters
  inputs: { tokens: "i64[16]" }
  flow: [ { embedding: { num: 40, dim: 16 } }, { lstm: { hidden: 16 } }, { linear: 40 } ]
data:
  train: { text: { file: text.txt } }
training:
  steps: 10
  batch_size: 8
  loss: cross_entropy
  optimizer: { adam: { lr: 1e-2 } }
output: { samples: { n: 2, every: 10 steps, length: 30 } }
"""
LONG = 'training.epochs=100000'


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.trained = None

    project = RunTests.project

    def done(self):
        """A project with one run that is done."""
        if self.trained is None:
            self.trained = self.project('done', JOB)
            self.trained.call('run', '--name', 'base', '--note', 'a first try', '--tag', 'a',
                              '--tag', 'b')
        return self.trained

    def listed(self, project):
        return json.loads(project.call('runs', '--json'))

    def test_runs_are_listed_with_what_was_said(self):
        project = self.done()
        run, = self.listed(project)
        for key, value in {'name': 'base', 'note': 'a first try', 'tags': ['a', 'b'],
                           'state': 'done', 'step': NUM_STEPS, 'total_steps': NUM_STEPS}.items():
            same(key, run[key], value)
        last = project.events('epoch')[-1]
        same('last', run['last']['val/accuracy'], last['val/accuracy'])
        best = max(e['val/accuracy'] for e in project.events('epoch'))
        same('best', run['best']['val/accuracy']['value'], best)
        shown = json.loads(project.call('runs', 'show', 'base', '--json'))
        same('command', shown['command'], ['run'])
        assert f'checkpoints/step-{NUM_STEPS}' in shown['checkpoints'], shown

    def test_a_run_again_from_its_folder(self):
        project = self.project('from', JOB)
        project.call('run', '--name', 'one')
        first = project.model_hash()
        run = project.run
        (project.folder / 'fdl.yml').write_text(JOB.replace('lr: 1e-3', 'lr: 5'), encoding='utf-8')
        time.sleep(1.1)  # the newest run is the one with the latest second
        project.call('run', '--from', 'one')
        assert project.run != run
        same('the weights', project.model_hash(), first)
        project.call('run', '--from', str(run), 'training.seed=2', '--name', 'other seed')
        compared = json.loads(project.call('runs', 'compare', 'one', 'other seed', '--json'))
        same('settings', compared['settings'], {'training.seed': ['', '2']})
        output = project.call('run', '--from', 'one', 'quick', expect=2)
        assert 'FDL9001' in output, output

    def test_one_fdl_at_a_time_in_a_run(self):
        project = self.project('busy', JOB)
        process = project.start('run', LONG)
        assert wait_until(process, lambda: has_checkpoint(project))
        run, = self.listed(project)
        same('state', run['state'], 'running')
        output = project.call('run', '--resume', expect=1)
        assert 'FDL5205' in output and str(process.pid) in output, output
        output = project.call('runs', 'rm', run['run'], '--yes', expect=1)
        assert 'FDL5205' in output, output
        engine = project.events('start')[-1]['pid']
        process.kill()  # its engine saves and ends, and holds the run until then
        process.communicate()
        output = project.call('run', '--resume', 'training.epochs=1', '--tag', 'again', expect=130) \
            if self.interrupt_when_resumed(project, engine) else ''
        run, = self.listed(project)
        same('state', (run['state'], run['tags']), ('stopped', ['again']))
        project.call('runs', 'rm', run['run'], '--yes')
        same('runs', self.listed(project), [])

    def interrupt_when_resumed(self, project, former_engine):
        """Sends SIGINT to the next `fdl` of the project as soon as its engine has started."""
        watcher = (
            'import json, os, signal, sys, time\n'
            'path, former = sys.argv[1], int(sys.argv[2])\n'
            'while True:\n'
            '    events = [json.loads(l) for l in open(path) if l.endswith("}\\n")]\n'
            '    starts = [e for e in events if e["event"] == "start"]\n'
            '    if starts and starts[-1]["pid"] != former: break\n'
            '    time.sleep(0.01)\n'
            'stat = open(f"/proc/{starts[-1][\'pid\']}/stat").read()\n'
            'os.kill(int(stat.rsplit(")", 1)[1].split()[1]), signal.SIGINT)\n')
        subprocess.Popen([sys.executable, '-c', watcher, str(project.run / 'events.jsonl'),
                          str(former_engine)])
        return True

    def test_read_only_folder(self):
        project = self.project('read_only', JOB)
        (project.folder / 'runs').mkdir()
        private = ['unshare', '-m', 'sh', '-c']
        if subprocess.run([*private, 'true'], capture_output=True, check=False).returncode != 0:
            return 'no right to mount here'
        script = 'mount --bind runs runs && mount -o remount,ro,bind runs && exec "$0" run'
        done = subprocess.run([*private, script, str(self.fdl)], cwd=project.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        same(f'exit of {done.stdout}', done.returncode, 1)
        assert 'FDL5002' in done.stdout and 'output.dir=' in done.stdout, done.stdout
        return None


    def test_smoke_touches_everything_once(self):
        job = JOB.replace('training:', '  test: { synthetic: { kind: classification, classes: 5, '
                          'samples: 4000, seed: 9 } }\ntraining:')
        project = self.project('smoke', job)
        project.call('run', '--smoke')
        same('checkpoints', project.steps(), [1])
        epoch, = project.events('epoch')
        assert {'train/loss', 'val/loss', 'val/accuracy'} <= epoch.keys(), epoch
        test, = project.events('eval')
        same('test', (test['split'], test['num_samples']), ('test', 50))
        same('end', [e['reason'] for e in project.events('end')], ['done'])
        manifest = (project.run / 'manifest.yml').read_text(encoding='utf-8')
        assert 'smoke: true' in manifest, manifest
        project.call('run', '--resume', '--smoke', expect=2)

    def test_overfit_learns_few_batches_by_heart(self):
        project = self.project('overfit', JOB)
        project.call('run', '--overfit', '2', 'training.epochs=60', 'output.checkpoint=60 epochs')
        epochs = project.events('epoch')
        same('steps of an epoch', {e['num_steps'] for e in epochs}, {2})
        same('batches', len({e['train/loss'] for e in epochs[:2]}), 2)
        assert epochs[-1]['train/loss'] < epochs[0]['train/loss'] / 100, epochs[-1]
        assert not any('val/loss' in e for e in epochs)
        project.call('run', '--overfit', '-1', expect=2)

    def test_max_time_ends_a_run_which_goes_on_as_if_nothing_was(self):
        whole = self.project('time_whole', JOB)
        whole.call('run', 'training.epochs=20')
        project = self.project('time', JOB)
        project.call('run', 'training.epochs=20', '--max-time', '0.3s')
        end = project.events('end')[-1]
        same('reason', end['reason'], 'max_time')
        assert 0 < end['step'] < 20 * 60, end
        same('saved', project.steps()[-1], end['step'])
        # In an event of its own, or with the epoch's record where the clock ran out at its end.
        measured = [e['step'] for kind in ('eval', 'epoch') for e in project.events(kind) if 'val/loss' in e]
        same('measured', max(measured), end['step'])
        run, = self.listed(project)
        same('state', run['state'], 'out of time')
        project.call('run', '--resume')  # the time of both starts together
        same('steps', project.events('end')[-1]['step'], end['step'])
        project.call('run', '--resume', '--max-time', '1h')
        same('reason', project.events('end')[-1]['reason'], 'done')
        same('weights', project.model_hash(), whole.model_hash())

    def test_only_the_clock(self):
        project = self.project('clock', JOB.replace('epochs: 2', 'max_time: 3s'))
        output = project.call('run')
        assert 'out of time after step' in output, output
        same('reason', project.events('end')[-1]['reason'], 'max_time')
        seconds = 3
        while len(project.events('epoch')) < 2:  # no number of epochs ends it, however slow it is
            seconds *= 2
            project.call('run', '--resume', '--max-time', f'{seconds}s')
            same('reason', project.events('end')[-1]['reason'], 'max_time')

    def test_samples_are_kept_while_a_model_trains(self):
        project = self.project('samples', JOB + '  samples: 3\n')
        project.call('run')
        files = sorted((project.run / 'samples').iterdir())
        same('files', [path.name for path in files], ['step-120.jsonl', 'step-60.jsonl'])
        lines = [json.loads(line) for line in files[0].read_text('utf-8').splitlines()]
        same('number', len(lines), 3)
        for line in lines:
            same('keys', list(line), ['output', 'target'])
            output = line['output']
            same('probability', output['probability'], max(output['probabilities'].values()))
        plain = self.project('no_samples', JOB)
        plain.call('run')
        same('weights', project.model_hash(), plain.model_hash())

    def test_samples_of_pictures(self):
        project = self.project('sample_pictures', PICTURE_JOB)
        project.call('run')
        content = (project.run / 'samples/step-4.png').read_bytes()
        same('size', struct.unpack('>II', content[16:24]), (2 * 8, 2 * 6))
        same('files', len(list((project.run / 'samples').iterdir())), 2)

    def test_samples_of_text(self):
        project = self.project('sample_text', TEXT_JOB)
        text = 'to be or not to be, that is the question. ' * 40
        (project.folder / 'text.txt').write_text(text, encoding='utf-8')
        project.call('run')
        samples = (project.run / 'samples/step-10.txt').read_text('utf-8').split('\n\n---\n\n')
        same('number', len(samples), 3)  # the last one is empty
        for sample in samples[:2]:
            start, more = sample.split('|')
            assert start in text, sample
            same('length', (len(start), len(more)), (16, 30))


if __name__ == '__main__':
    sys.exit(main(Tests))
