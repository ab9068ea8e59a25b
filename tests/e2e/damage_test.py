#!/usr/bin/env python3
"""What the world does to a run: damaged data, folders that may not be read or written, damaged
checkpoints, a kill in the middle of a save. Each has a message with its way out and an exit code,
and costs no former checkpoint.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import gzip
import os
import signal
import struct
import sys
import tempfile
from pathlib import Path

from run_test import JOB, NUM_STEPS, ROOT, Project, same, surprise, wait_until

NOBODY = 65534
IMAGES_JOB = """
model: { name: images, inputs: { image: "f32[1, 4, 4]" }, flow: [flatten, linear: 10] }
data:
  train: { mnist: { split: train, path: digits } }
  transforms: { all: { image: [to_f32] } }
training: { epochs: 1, batch_size: 8, loss: cross_entropy, optimizer: { sgd: { lr: 0.1 } } }
"""


def idx(dims, data, magic=b'\0\0\x08'):
    return magic + bytes([len(dims)]) + b''.join(struct.pack('>I', n) for n in dims) + data


def sound_files(num=32):
    return {'train-images-idx3-ubyte': idx([num, 4, 4], bytes(range(16)) * num),
            'train-labels-idx1-ubyte': idx([num], bytes(i % 10 for i in range(num)))}


def kill_while_saving(project):
    """Kills the engine once it has begun to write a checkpoint, with a former one whole."""
    def is_writing():
        return any((project.folder / 'runs').glob('*/*/checkpoints/.writing-*')) and project.steps()
    for _ in range(20):
        process = project.start('run', '--resume')
        if wait_until(process, is_writing):
            os.kill(project.events('start')[-1]['pid'], signal.SIGKILL)
            process.communicate()
            if list(project.run.glob('checkpoints/.writing-*')):
                return True
        else:
            process.communicate()
        for folder in (project.folder / 'runs').glob('*/*'):
            folder.rename(project.folder / f'former-{folder.name}')
    return False


class Tests:
    """One method per test, in the order of their names' definition."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.num_projects = 0

    def project(self, manifest=JOB):
        self.num_projects += 1
        return Project(self.fdl, self.folder / str(self.num_projects), manifest)

    def images(self, **changed):
        project = self.project(IMAGES_JOB)
        digits = project.folder / 'digits'
        digits.mkdir()
        for name, content in (sound_files() | changed).items():
            (digits / name).write_bytes(content)
        return project

    def refuses(self, project, *texts, expect=2):
        output = project.call('run', expect=expect)
        for text in texts:
            assert text in output, f'"{text}" is missing in:\n{output}'
        assert 'help: ' in output, f'no way out in:\n{output}'

    def test_sound_data_trains(self):
        self.images().call('run')

    def test_label_out_of_range(self):
        labels = bytearray(sound_files()['train-labels-idx1-ubyte'])
        labels[8 + 5] = 12
        project = self.images(**{'train-labels-idx1-ubyte': bytes(labels)})
        self.refuses(project, 'FDL5102', 'train-labels-idx1-ubyte', '12', '13')
        same('checkpoints', project.steps(), [])

    def test_wrong_magic(self):
        images = sound_files()['train-images-idx3-ubyte']
        self.refuses(self.images(**{'train-images-idx3-ubyte': b'PNG!' + images[4:]}),
                     'FDL5102', 'byte 0', 'train-images-idx3-ubyte')
        self.refuses(self.images(**{'train-images-idx3-ubyte': b'\0\0\x0d' + images[3:]}),
                     'FDL5102', 'byte 2', 'f32')

    def test_truncated_data(self):
        images = sound_files()['train-images-idx3-ubyte']
        self.refuses(self.images(**{'train-images-idx3-ubyte': images[:-100]}), 'FDL5102',
                     f'ends at byte {len(images) - 100} of {len(images)}')
        self.refuses(self.images(**{'train-images-idx3-ubyte': images[:10]}), 'FDL5102', 'byte 10')
        self.refuses(self.images(**{'train-images-idx3-ubyte': b''}), 'FDL5102', 'byte 0')

    def test_truncated_compressed_data(self):
        project = self.images()
        plain = project.folder / 'digits/train-images-idx3-ubyte'
        packed = gzip.compress(plain.read_bytes())
        plain.unlink()
        plain.with_name(plain.name + '.gz').write_bytes(packed[:-12])
        self.refuses(project, 'FDL5102', 'train-images-idx3-ubyte.gz')

    def test_files_that_do_not_belong_together(self):
        project = self.images(**{'train-labels-idx1-ubyte': idx([31], bytes(31))})
        self.refuses(project, 'FDL5102', 'belong together')

    def test_data_folder_that_may_not_be_read(self):
        project = self.images()
        if os.geteuid() == 0:
            os.chown(project.folder, NOBODY, NOBODY)
            settings = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        else:
            settings = {}
        os.chmod(project.folder / 'digits', 0)
        try:
            output = project.call('run', expect=2, **settings)
            assert 'FDL5101' in output and 'help: ' in output, output
            os.chmod(project.folder / 'digits', 0o755)
            os.chmod(project.folder / 'digits/train-images-idx3-ubyte', 0)
            output = project.call('run', expect=1, **settings)
            assert 'FDL5001' in output and 'right to read' in output, output
        finally:
            os.chmod(project.folder / 'digits', 0o755)

    def test_output_folder_that_cannot_be_written(self):
        project = self.project()
        (project.folder / 'runs').write_text('a file', encoding='utf-8')
        output = project.call('run', expect=1)
        assert 'FDL5002' in output and 'runs' in output, output

    def test_killed_while_saving(self):
        whole = self.project()
        whole.call('run')
        project = self.project()
        if not kill_while_saving(project):
            return 'no kill hit a save'
        before = project.steps()
        assert before, 'no former checkpoint'
        project.call('run', '--resume')
        same('resumed from', project.events('start')[-1]['resumed_from_step'], before[-1])
        same('steps', project.steps()[-1], NUM_STEPS)
        same('model hash', project.model_hash(), whole.model_hash())
        same('unfinished', list(project.run.glob('checkpoints/.*')), [])
        return None

    def test_no_whole_checkpoint(self):
        project = self.project()
        project.call('run', 'training.epochs=1')
        for checkpoint in project.checkpoints():
            content = (checkpoint / 'model.safetensors').read_bytes()
            (checkpoint / 'model.safetensors').write_bytes(content[:-1])
        output = project.call('eval', '--data', 'val', expect=2)
        assert 'FDL5203' in output and 'whole checkpoint' in output and 'help: ' in output, output
        project.call('run', '--resume')
        assert 'resumed_from_step' not in project.events('start')[-1] or \
            project.events('start')[-1]['resumed_from_step'] == 0

    def test_checkpoint_of_another_model(self):
        project = self.project()
        project.call('run', 'training.epochs=1')
        manifest = project.run / 'manifest.yml'
        text = manifest.read_text(encoding='utf-8')
        assert 'dropout: 0.2' in text
        manifest.write_text(text.replace('dropout: 0.2', 'dropout: 0.3'), encoding='utf-8')
        before = project.steps()
        output = project.call('run', '--resume', expect=1)
        assert 'FDL5202' in output and 'help: ' in output, output
        assert 'p is 0.2 there, 0.3 here' in output, output
        same('checkpoints', project.steps(), before)

    def test_run_folder_whose_records_are_damaged(self):
        project = self.project()
        project.call('run', 'training.epochs=1')
        (project.run / 'environment.json').write_text('{', encoding='utf-8')
        output = project.call('eval', str(project.run), expect=2)
        assert 'FDL5203' in output and 'environment.json' in output, output


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    names = [name for name in vars(Tests) if name.startswith('test_')]
    names = [name for name in names if not options.names or name[5:] in options.names]
    fdl = options.build.resolve() / 'bin/fdl'
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        tests = Tests(fdl, Path(folder))
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
