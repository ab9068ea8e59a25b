#!/usr/bin/env python3
"""TensorBoard's own reader gives back what a run recorded, over a run that was stopped and went on.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import environment  # noqa: E402

environment.enter('tensorboard', ['tensorboard==2.20.0', 'setuptools<81'], 'tensorboard')

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402

from run_test import Tests as RunTests  # noqa: E402
from run_test import main, same  # noqa: E402

JOB = """
model:
  name: small
  inputs: { x: "f32[16]" }
  flow: [ linear: 32, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 400 }, slice: ":300" }
  val: { synthetic: { kind: classification, classes: 5, samples: 400 }, slice: "300:" }
training:
  epochs: 3
  batch_size: 50
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adamw: { lr: 1e-3 } }
output: { tensorboard: true }
"""


def as_f32(value):
    return struct.unpack('f', struct.pack('f', value))[0]


class Tests(RunTests):
    def test_scalars_are_those_of_the_events(self):
        project = self.project('written', JOB)
        begun = time.time()
        project.call('run', 'training.epochs=2')
        read = EventAccumulator(str(project.run / 'tensorboard'), size_guidance={'scalars': 0})
        read.Reload()
        lines = (project.run / 'events.jsonl').read_text(encoding='utf-8').splitlines()
        events = [json.loads(line) for line in lines]
        steps = [(s, l) for e in events if e['event'] == 'steps' for s, l in zip(e['steps'], e['loss'])]
        same('steps', len(steps), 12)
        found = [(one.step, one.value) for one in read.Scalars('loss')]
        same('losses', found, [(step, as_f32(loss)) for step, loss in steps])
        epochs = [e for e in events if e['event'] == 'epoch']
        same('val/accuracy', [(one.step, one.value) for one in read.Scalars('val/accuracy')],
             [(e['step'], as_f32(e['val/accuracy'])) for e in epochs])
        times = [one.wall_time for one in read.Scalars('loss')]
        assert begun <= times[0] and times == sorted(times) and times[-1] <= time.time(), times
        names = read.Tags()['scalars']
        for name in ('lr', 'step_ms', 'train/loss', 'val/loss', 'resources/rss_bytes'):
            assert name in names, names

    def test_a_start_takes_back_what_came_after_its_checkpoint(self):
        project = self.project('again', JOB)
        project.call('run', 'training.epochs=2')
        for later in project.run.glob('checkpoints/step-12'):
            for file in later.iterdir():
                file.unlink()
        project.call('run', '--resume')
        same('files', len(list((project.run / 'tensorboard').iterdir())), 2)
        read = EventAccumulator(str(project.run / 'tensorboard'), size_guidance={'scalars': 0})
        read.Reload()
        same('steps', [one.step for one in read.Scalars('loss')], list(range(1, 13)))


if __name__ == '__main__':
    sys.exit(main(Tests))
