#!/usr/bin/env python3
"""`loader.cache` in whole runs: nothing of it can be seen in what is trained; what is on the disk is
used again, shared by runs that begin together, and made again where it is damaged.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import os
import random
import subprocess
import sys

from predict_test import write_png
from run_test import TIMED, Project, main, same

JOB = """
model:
  inputs: { image: "f32[3, 6, 6]" }
  flow: [ flatten, { linear: 16 }, relu, { dropout: 0.1 }, { linear: 2 } ]
data:
  train: { image_folder: { path: ../pictures }, shuffle_seed: 1, slice: ":70%" }
  val: { image_folder: { path: ../pictures }, shuffle_seed: 1, slice: "70%:" }
  transforms:
    all: { image: [ { resize: [7, 7] }, to_f32 ] }
    train: { image: [ { random_crop: { size: 6 } }, random_hflip ] }
    eval: { image: [ { center_crop: 6 } ] }
  loader: { workers: 2 }
training: { epochs: 3, batch_size: 16, loss: cross_entropy, metrics: [accuracy], optimizer: { adam: { lr: 1e-2 } } }
output: { checkpoint: { every: 2 steps, keep: { last: 50 } } }
"""


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder
        self.plain = None
        draw = random.Random(1)
        for i in range(120):
            pixels = [draw.randrange(256) // (1 + i % 2) for _ in range(9 * 8 * 3)]
            write_png(folder / 'pictures' / ('dark' if i % 2 else 'light') / f'{i}.png', 9, 8, pixels)

    def project(self, name):
        return Project(self.fdl, self.folder / name, JOB)

    def command(self, project, *words):
        command = project.command(*words)
        command['env']['XDG_CACHE_HOME'] = str(self.folder / 'cache')
        return command

    def call(self, project, *words):
        done = subprocess.run(check=False, **self.command(project, *words))
        same(f'exit of {words}: {done.stdout}', done.returncode, 0)

    def cached(self):
        return sorted(path for path in (self.folder / 'cache').rglob('*') if path.is_file())

    def outcome(self, project):
        return project.model_hash(), [{k: v for k, v in event.items() if k not in TIMED}
                                      for event in project.events('epoch')]

    def undisturbed(self):
        if self.plain is None:
            project = self.project('plain')
            self.call(project, 'run', 'data.loader.cache=none')
            same('files', self.cached(), [])
            self.plain = self.outcome(project)
        return self.plain

    def test_nothing_of_it_is_seen_in_a_run(self):
        wanted = self.undisturbed()
        for name in ('auto', 'memory', 'disk', 'disk_again'):
            project = self.project(name)
            self.call(project, 'run', f'data.loader.cache={name.split("_")[0]}')
            same(name, self.outcome(project), wanted)
            same('files', len(self.cached()), 2 if 'disk' in name else 0)  # of train and val

    def test_runs_that_begin_together_share_it(self):
        wanted = self.undisturbed()
        for path in self.cached():
            path.unlink()
        projects = [self.project(f'together_{i}') for i in range(3)]
        runs = [subprocess.Popen(**self.command(project, 'run', 'data.loader.cache=disk'))
                for project in projects]
        for project, run in zip(projects, runs):
            output, _ = run.communicate()
            same(output, run.returncode, 0)
            same('outcome', self.outcome(project), wanted)
        same('files', len(self.cached()), 2)

    def test_damage_is_mended(self):
        wanted = self.undisturbed()
        whole = {path: path.read_bytes() for path in self.cached()}
        same('files', len(whole), 2)
        draw = random.Random(2)
        for name in ('flipped', 'cut', 'emptied', 'other'):
            for path, content in whole.items():
                at = draw.randrange(100, len(content) // 2)
                bad = {'flipped': content[:at] + bytes([content[at] ^ 1]) + content[at + 1:],
                       'cut': content[:at], 'emptied': b'', 'other': os.urandom(len(content))}[name]
                path.write_bytes(bad)
            for turn in range(2):  # what a flipped bit is in is found when it is read
                project = self.project(f'{name}_{turn}')
                self.call(project, 'run', 'data.loader.cache=disk')
                same(name, self.outcome(project), wanted)
            same(name, {path: path.read_bytes() for path in self.cached()}, whole)

    def test_a_resume_goes_on_with_it(self):
        wanted = self.undisturbed()
        project = self.project('resumed')
        self.call(project, 'run', 'data.loader.cache=disk')
        for checkpoint in project.checkpoints()[3:]:
            (checkpoint / 'manifest.json').unlink()
        self.call(project, 'run', '--resume')
        same('outcome', self.outcome(project)[0], wanted[0])


if __name__ == '__main__':
    sys.exit(main(Tests))
