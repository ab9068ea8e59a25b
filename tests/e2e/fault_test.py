#!/usr/bin/env python3
"""Lets one call after the other on a run's files fail: whatever happens, the last checkpoint that was
whole is whole, and going on from it ends with the bits of a run that nothing disturbed.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import errno
import os
import shutil
import subprocess
import sys

import run_test
from run_test import Project, same

# A save at each of 4 steps; best ones and averages, so that a checkpoint has many files.
JOB = """
model:
  name: tiny
  inputs: { x: "f32[4]" }
  flow: [{ linear: 8 }, batch_norm, relu, { linear: 2 }]
data: { train: { synthetic: { kind: regression, target: "f32[2]", samples: 16 } } }
training:
  epochs: 1
  batch_size: 4
  loss: mse
  ema: 0.9
  optimizer: { adam: { lr: 1e-2 } }
output: { checkpoint: { every: 1 steps, keep: { last: 2, best: { metric: train/loss } } } }
"""


class Tests:
    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder
        self.library = fdl.parent.parent / 'tests/bin/libfdl_faulty_files.so'
        self.straight = None
        self.number = 0

    def run_with(self, project, words, **faults):
        environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
        environment |= {'FDL_THREADS': '1', 'LD_PRELOAD': str(self.library),
                        'FDL_FAULT_IN': 'fdl-engine', 'FDL_FAULT_UNDER': '/runs/'}
        environment |= {f'FDL_FAULT{k}': str(v) for k, v in faults.items()}
        return subprocess.run([project.fdl, *words], cwd=project.folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def undisturbed(self):
        if self.straight is None:
            project = Project(self.fdl, self.folder / 'straight', JOB)
            project.call('run', threads=1)
            self.straight = project.model_hash()
        return self.straight

    def new_project(self):
        self.number += 1
        return Project(self.fdl, self.folder / f'run-{self.number}', JOB)

    def count_calls(self, call, program):
        """How many such calls a run makes that nothing disturbs."""
        project, count = self.new_project(), self.folder / 'count'
        done = self.run_with(project, ['run'],
                             **{'': call, '_AT': -1, '_COUNT': count, '_IN': program})
        same(f'exit of a run without faults\n{done.stdout}', done.returncode, 0)
        return int(count.read_text(encoding='utf-8'))

    def survives(self, call, at, code, stays, program):
        project = self.new_project()
        faults = {'': call, '_AT': at, '_ERRNO': code, '_IN': program}
        done = self.run_with(project, ['run'], **faults, **({'_STAYS': 1} if stays else {}))
        what = f'{call} {at} failing with {errno.errorcode[code]}'
        # A short write alone is no failure, nor is what `fdl` can do without.
        if done.returncode != 0:
            assert 'FDL5002' in done.stdout and os.strerror(code) in done.stdout, f'{what}: {done.stdout}'
        runs = sorted((project.folder / 'runs').glob('*/*/manifest.yml'))
        if not runs:
            return  # the run's folder itself could not be made
        for checkpoint in project.checkpoints():  # those that call themselves whole
            project.call('ckpt', 'verify', str(checkpoint))
        done = self.run_with(project, ['run', '--resume'])
        same(f'exit of the resume after {what}\n{done.stdout}', done.returncode, 0)
        same(f'model hash after {what}', project.model_hash(), self.undisturbed())
        shutil.rmtree(project.folder)

    def each(self, call, code, stays, stride=1, program='fdl-engine'):
        count = self.count_calls(call, program)
        assert count > stride, f'only {count} calls of {call}'
        for at in range(1, count + 1, stride):
            self.survives(call, at, code, stays, program)

    def test_a_full_disk_at_a_write(self):
        self.each('write', errno.ENOSPC, True, 5)

    def test_a_broken_disk_at_a_write(self):
        self.each('write', errno.EIO, False, 7)

    def test_a_short_write(self):
        self.each('short', errno.ENOSPC, False, 11)

    def test_a_failing_fsync(self):
        self.each('fsync', errno.EIO, False, 5)

    def test_a_failing_rename(self):
        self.each('rename', errno.EIO, False, 3)

    def test_a_fault_where_the_run_is_made_and_its_records_are_kept(self):
        self.each('write', errno.ENOSPC, True, program='fdl')
        self.each('rename', errno.EIO, False, program='fdl')

    def test_a_folder_that_takes_no_more_files(self):
        self.each('open', errno.EDQUOT, True, 7)


if __name__ == '__main__':
    sys.exit(run_test.main(Tests))
