#!/usr/bin/env python3
"""Weights from files: a run's are exported and loaded by another job, by path and under other names;
resume needs no file; damaged files are refused before anything runs.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import hashlib
import json
import struct
import sys

from run_test import Project, main, same

JOB = """
model:
  name: small
  inputs: { x: "f32[8]" }
  flow:
    - { name: encoder, flow: [{ linear: 16 }, { batch_norm: {} }, { dropout: 0.2 }], %s }
    - { name: head, linear: 4 }
data: { train: { synthetic: { kind: classification, samples: 64, classes: 4 } } }
training: { steps: 6, batch_size: 16, seed: %d, loss: cross_entropy, optimizer: { sgd: { lr: 0.1 } } }
output: { checkpoint: { every: 3 steps, initial: true, keep: { last: 9 } } }
"""


def tensors(path):
    """{name: bytes} of a safetensors file."""
    content = path.read_bytes()
    length = struct.unpack('<Q', content[:8])[0]
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    return {name: data[slice(*entry['data_offsets'])] for name, entry in header.items()
            if name != '__metadata__'}


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


class Tests:
    """One method per test, in the order of their names' definition."""

    def __init__(self, fdl, folder):
        self.fdl = fdl
        self.folder = folder
        self.num_projects = 0
        self.trained = None

    def project(self, load='freeze: false', seed=1):
        self.num_projects += 1
        return Project(self.fdl, self.folder / str(self.num_projects), JOB % (load, seed))

    def former(self):
        """A run that others load from."""
        if self.trained is None:
            self.trained = self.project()
            self.trained.call('run')
        return self.trained

    def first(self, project):
        return tensors(project.run / 'checkpoints/step-0/model.safetensors')

    def test_subtree_of_a_run(self):
        former = self.former()
        project = self.project(f'load: {{ from: "{former.run}@3", prefix: "encoder." }}', seed=2)
        assert 'load: \'encoder\' from' in project.call('check')
        output = project.call('run')
        assert '7 loaded, 0 missing, 0 unexpected' in output, output
        expected = tensors(former.run / 'checkpoints/step-3/model.safetensors')
        found = self.first(project)
        for name in expected:
            if name.startswith('encoder.'):
                assert found[name] == expected[name], name
        assert found['head.weight'] != expected['head.weight']
        record = project.events('load')[0]
        file = former.run / 'checkpoints/step-3/model.safetensors'
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        same('files', record['files'], f'model.safetensors {file.stat().st_size} {sha256}')

    def test_export_and_load(self):
        former = self.former()
        former.call('export', '@6', '--path', 'encoder', '--strip', '--output', 'enc.safetensors')
        former.call('export', '--output', 'enc.safetensors', expect=1)
        project = self.project('load: enc.safetensors', seed=2)
        (former.folder / 'enc.safetensors').rename(project.folder / 'enc.safetensors')
        project.call('run')
        expected = tensors(former.run / 'checkpoints/step-6/model.safetensors')
        for name, content in self.first(project).items():
            assert (content == expected[name]) == name.startswith('encoder.'), name

    def test_resume_needs_no_file(self):
        former = self.former()
        former.call('export', '--path', 'encoder', '--strip', '--output', 'e.safetensors', '--force')
        project = self.project('load: e.safetensors', seed=2)
        (former.folder / 'e.safetensors').rename(project.folder / 'e.safetensors')
        project.call('run')
        whole = project.model_hash()
        (project.folder / 'e.safetensors').unlink()
        last = project.checkpoints()[-1]
        for path in last.iterdir():
            path.unlink()
        last.rmdir()
        project.call('run', '--resume')
        same('model hash', project.model_hash(), whole)
        project.call('run', expect=2)

    def test_damaged_files(self):
        shape, floats = [16, 8], bytes(4 * 128)
        entry = {'dtype': 'F32', 'shape': shape, 'data_offsets': [0, 512]}
        cases = {'truncated': safetensors({'w': entry}, floats[:-1]),
                 'overlap': safetensors({'w': entry, 'v': entry}, floats),
                 'dtype': safetensors({'w': entry | {'dtype': 'F128'}}, floats),
                 'shape': safetensors({'w': entry | {'shape': [16, 9]}}, floats),
                 'huge header': struct.pack('<Q', 2**63) + b'{}',
                 'empty': b''}
        for name, content in cases.items():
            project = self.project('load: x.safetensors')
            (project.folder / 'x.safetensors').write_bytes(content)
            for command in ('check', 'run'):
                output = project.call(command, expect=1)
                assert 'FDL5201' in output and 'fdl.yml:6:' in output, f'{name}: {output}'
            same(f'{name}: runs', list((project.folder / 'runs').glob('*')), [])

    def test_diff_names_the_hyper_parameter(self):
        former = self.former()
        other = self.project()
        manifest = other.folder / 'fdl.yml'
        manifest.write_text(manifest.read_text(encoding='utf-8').replace('0.2', '0.3'),
                            encoding='utf-8')
        other.call('run')
        output = former.call('ckpt', 'diff', str(former.run), str(other.run), expect=1)
        assert "'encoder.dropout_0': p is 0.2 in A, 0.3 in B" in output, output
        output = former.call('ckpt', 'diff', '@3', '@3')
        assert 'differ' not in output, output
        former.call('ckpt', 'diff', '@3', '@6', expect=1)

    def test_verify_finds_one_changed_byte(self):
        project = self.project()
        project.call('run')
        assert project.call('ckpt', 'verify').count('ok: ') == 3
        model = project.checkpoints()[1] / 'model.safetensors'
        content = bytearray(model.read_bytes())
        content[-1] ^= 1
        model.write_bytes(content)
        output = project.call('ckpt', 'verify', expect=1)
        assert output.count('ok: ') == 2 and 'FDL5201' in output, output


if __name__ == '__main__':
    sys.exit(main(Tests))
