#!/usr/bin/env python3
"""Whole runs on a GPU: they train as on the CPU, a step that is replayed as a recording gives the
bits of one that is taken op by op, and a run that was stopped goes on with the same bits.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from compile_test import JOBS, OUTPUT
from predict_test import TABLE_JOB, rows, write_csv
from run_test import ROOT, Project, main, same

NOT_READY = 3
# In convolutions PyTorch, and so fdl, lets a GPU round f32 to tf32's 11 bits; sums come in another order
# everywhere. After 50 updates that has grown.
FIRST, LAST, OF_IMAGES = 1e-5, 1e-2, 1e-2
TAIL = '\ndata: { train: { synthetic: { kind: regression, target: "f32[8]", samples: 320 }, limit: 1 } }\n'
OPTIMIZERS = ['adadelta', 'adafactor', 'adagrad', 'adam', 'adamax', 'adamw', 'asgd', 'lion', 'muon', 'nadam',
              'radam', 'rmsprop', 'rprop', 'sgd', 'lbfgs']
GPU_JOBS = dict(JOBS)
GPU_JOBS['images'] = """
model:
  inputs: { image: "f32[3, 16, 16]" }
  flow:
    - { conv2d: { out: 16, kernel: 3, padding: 1 } }
    - batch_norm
    - relu
    - { max_pool2d: 2 }
    - { conv2d: { out: 32, kernel: 3, padding: 1 } }
    - batch_norm
    - { dropout2d: 0.1 }
    - relu
    - { adaptive_avg_pool2d: 1 }
    - flatten
    - { linear: 10 }
data: { train: { synthetic: { kind: classification, classes: 10, samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: cross_entropy, metrics: [accuracy], optimizer: { sgd: { lr: 0.05, momentum: 0.9 } },
            clip: { norm: 1 } }
"""
GPU_JOBS['residual images'] = """
model:
  inputs: { image: "f32[3, 16, 16]" }
  flow:
    - { conv2d: { out: 16, kernel: 3, padding: 1, bias: false } }
    - batch_norm
    - relu
    - { max_pool2d: { kernel: 3, stride: 2, padding: 1 } }
    - also:
        [ { conv2d: { out: 16, kernel: 3, padding: 1 } }, batch_norm, relu, { conv2d: { out: 16, kernel: 3, padding: 1 } }, batch_norm ]
    - relu
    - { conv2d: { out: 12, kernel: 1 } }
    - relu
    - { adaptive_avg_pool2d: 1 }
    - flatten
    - { linear: 10 }
data: { train: { synthetic: { kind: classification, classes: 10, samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: cross_entropy, optimizer: { adamw: { lr: 1e-3 } } }
"""
GPU_JOBS['noisy'] = """
model: { inputs: { x: "f32[24]" }, flow: [ { linear: 32 }, gumbel_softmax, { linear: 8 } ] }
data: { train: { synthetic: { kind: regression, target: "f32[8]", samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: mse, optimizer: { adam: { lr: 1e-3 } } }
"""
# Without steps that a recording cannot hold.
RECORDED = ('mlp', 'tower', 'words', 'echo', 'paths', 'images', 'residual images', 'noisy')
TOO_LARGE = ('gpt2', 'bert_base', 'vgg16')


def updated_by(optimizer):
    """A job of ten steps."""
    rate = {'sgd': '{ lr: 0.1, momentum: 0.9 }', 'lbfgs': '{ lr: 0.5 }'}.get(optimizer, '{}')
    return ('\nmodel: { inputs: { x: "f32[24]" }, flow: [ { linear: 32 }, tanh, { linear: 8 } ] }' + TAIL +
            f'training: {{ epochs: 10, batch_size: 32, loss: mse, optimizer: {{ {optimizer}: {rate} }} }}\n')


def numbers_of(value):
    """All numbers in what JSON gives."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for one in value for number in numbers_of(one)]
    return [value] if isinstance(value, float) else []


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder
        self.lock, self.count = threading.Lock(), 0
        probe = self.project(JOBS['mlp'])
        process = Project.start(probe, 'run', 'training.device=cuda', 'training.epochs=1')
        self.why = '' if process.wait() != NOT_READY else 'no GPU'

    def project(self, text):
        with self.lock:
            self.count += 1
            return Project(self.fdl, self.folder / str(self.count), text + OUTPUT)

    def run(self, text, *settings):
        project = self.project(text)
        project.call('run', *settings)
        return project

    def all(self, *calls):
        """What the calls give; a GPU serves several processes."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda call: call(), calls))

    def losses(self, text, *settings):
        return [event['train/loss'] for event in self.run(text, *settings).events('epoch')]

    def agree(self, name, here, there, first=FIRST, last=LAST):
        same(f'{name}: steps', len(here), len(there))
        for step, (a, b) in enumerate(zip(here, there)):
            allowed = first if step == 0 else last
            if not abs(a - b) <= allowed * max(abs(a), 1e-3):
                raise AssertionError(f'{name}: step {step + 1}: {a} on the CPU, {b} on the GPU')

    def test_a_gpu_that_is_not_there_is_told_of(self):
        # libtorch for CPUs has no CUDA half; one that has it finds no device.
        device, codes = ('cuda', ('FDL5501', 'FDL5502')) if self.why else ('cuda:99', ('FDL5502',))
        told = self.project(JOBS['mlp']).call('run', f'training.device={device}', expect=NOT_READY)
        assert any(code in told for code in codes) and 'help' in told, told
        self.run(JOBS['mlp'], 'training.device=auto', 'training.epochs=1')

    def test_a_profile_measures_each_node(self):
        if self.why:
            return self.why
        project = self.run(GPU_JOBS['images'], '--profile', 'training.device=cuda')
        profile = json.loads((project.run / 'profile.json').read_text())
        times = {node['path']: node for node in profile['nodes']}
        same('steps', profile['num_steps'], 47)
        for path in ('conv2d_0', 'batch_norm_0', 'max_pool2d_0', 'linear_0'):
            assert times[path]['forward_ms'] > 0 and times[path]['backward_ms'] > 0, times[path]
        assert sum(node['forward_ms'] + node['backward_ms'] for node in profile['nodes']) < profile['step_ms'], profile

    def test_losses_of_50_steps_agree_with_the_cpu(self):
        if self.why:
            return self.why
        for name, text in GPU_JOBS.items():
            cpu, plain, recorded = self.all(
                lambda: self.losses(text, 'training.device=cpu'),
                lambda: self.losses(text, 'training.device=cuda', 'training.compile=false'),
                lambda: self.losses(text, 'training.device=cuda'))
            first = OF_IMAGES if 'images' in name else FIRST
            self.agree(f'{name}, op by op', cpu, plain, first)
            self.agree(f'{name}, recorded', cpu, recorded, first)

    def test_recorded_steps_have_the_bits_of_op_by_op(self):
        if self.why:
            return self.why
        for name, precision in [(name, 'f32') for name in RECORDED] + [('mlp', 'f16'), ('images', 'f16'), ('images', 'bf16')]:
            recorded, plain = self.all(*(
                lambda graph=graph: self.run(GPU_JOBS[name], 'training.device=cuda', f'training.precision={precision}',
                                             f'training.compile.graph={graph}')
                for graph in ('true', 'false')))
            same(f'{name}, {precision}: notices', recorded.events('notice'), [])
            same(f'{name}, {precision}', recorded.model_hash(), plain.model_hash())

    def test_a_stop_in_the_middle_changes_no_bit(self):
        if self.why:
            return self.why
        for name in ('tower', 'images'):
            project = self.run(GPU_JOBS[name], 'training.device=cuda')
            whole = project.model_hash()
            project.forget_after(21)
            project.call('run', '--resume')
            same(f'{name}: from', project.events('start')[-1]['resumed_from_step'], 21)
            same(f'{name}: model', project.model_hash(), whole)

    def test_a_run_of_the_gpu_does_not_go_on_elsewhere(self):
        if self.why:
            return self.why
        project = self.run(JOBS['mlp'], 'training.device=cuda')
        manifest = project.run / 'manifest.yml'
        manifest.write_text(manifest.read_text().replace('device: cuda', 'device: cpu'))
        told = project.call('run', '--resume', expect=1)
        assert "was made on a 'cuda' device" in told, told

    def test_every_optimizer_updates_as_on_the_cpu(self):
        if self.why:
            return self.why

        def one(name):
            # A line search turns elsewhere at a last bit, and then all after it is another way.
            count = 3 if name == 'lbfgs' else 10
            cpu, gpu = (self.losses(updated_by(name), f'training.device={device}')[:count] for device in ('cpu', 'cuda'))
            # The directions of muon are in bf16.
            self.agree(name, cpu, gpu, last=1e-2 if name == 'muon' else 1e-4)

        self.all(*(lambda name=name: one(name) for name in OPTIMIZERS))

    def test_updates_of_every_optimizer_but_lbfgs_are_recorded(self):
        if self.why:
            return self.why

        def one(name):
            recorded, plain = (self.run(updated_by(name), 'training.device=cuda', f'training.compile.graph={graph}')
                               for graph in ('true', 'false'))
            same(f'{name}: notices', recorded.events('notice'), [])
            same(name, recorded.model_hash(), plain.model_hash())

        self.all(*(lambda name=name: one(name) for name in OPTIMIZERS if name != 'lbfgs'))

    def test_a_value_that_is_not_finite_is_found_and_left_out(self):
        if self.why:
            return self.why
        job = ('\nmodel: { inputs: { x: "f32[24]" }, flow: [ { linear: 32 }, batch_norm, exp, exp, { linear: 8 } ] }' + TAIL +
               'training: { epochs: 12, batch_size: 32, loss: mse, optimizer: { sgd: { lr: %s } }%s }\n')
        told = {}
        for device in ('cpu', 'cuda'):
            project = self.project(job % ('1e3', ''))
            told[device] = project.call('run', f'training.device={device}', expect=1)
            assert 'FDL540' in told[device], told[device]
        skipping = self.run(job % ('1e-3', ', nan: { skip: { max: 12 } }'), 'training.device=cuda')
        same('epochs', len(skipping.events('epoch')), 12)

    def test_rounded_precisions_train(self):
        if self.why:
            return self.why
        for name in ('mlp', 'words', 'images'):
            for precision in ('bf16', 'f16'):
                settings = (f'training.precision={precision}', 'training.epochs=10')
                cpu, gpu = self.all(*(lambda device=device: self.losses(GPU_JOBS[name], f'training.device={device}', *settings)
                                      for device in ('cpu', 'cuda')))
                self.agree(f'{name}, {precision}', cpu, gpu, first=2e-2, last=1e-1)

    def test_evaluation_agrees_with_the_cpu(self):
        if self.why:
            return self.why
        text = JOBS['mlp'].replace('data: {', 'data: { val: { synthetic: { kind: classification, classes: 10, samples: 100 } },')
        numbers = [self.run(text, f'training.device={device}', 'training.epochs=2').events('epoch')[-1]['val/loss']
                   for device in ('cpu', 'cuda')]
        self.agree('val/loss', numbers[:1], numbers[1:], first=1e-4)

    def test_predictions_are_those_of_the_cpu_and_can_be_made_there(self):
        device = 'cpu' if self.why else 'cuda'
        project = self.project(TABLE_JOB)
        write_csv(project.folder / 'train.csv', rows(400, 1))
        write_csv(project.folder / 'test.csv', list(rows(130, 2)))
        project.call('run', f'training.device={device}')
        manifest = project.run / 'manifest.yml'
        trained = manifest.read_text()
        assert f'device: {device}' in trained, trained

        def predicted(where):
            manifest.write_text(trained.replace(f'device: {device}', f'device: {where}'))
            told = project.call('predict', '--input', 'test.csv', '--format', 'jsonl', '--output', f'{where}.jsonl')
            assert '130 samples' in told, told
            lines = (project.folder / f'{where}.jsonl').read_text().splitlines()
            return [value for line in lines for value in numbers_of(json.loads(line))]

        # Without a GPU the second one is made on the CPU as well.
        here, there = predicted('cpu'), predicted('cuda')
        same('numbers', len(here), len(there))
        assert len(here) >= 130 and all(abs(a - b) < 1e-4 for a, b in zip(here, there))

    def test_the_zoo_and_the_benchmark_train(self):
        if self.why:
            return self.why
        told = []

        def one(path):
            project = self.project('model: {}\n')
            project.call('run', str(path), 'training.device=cuda', 'training.steps=5', 'training.batch_size=2',
                         f'output.dir={project.folder}/runs')
            for event in project.events('notice'):
                told.append(f'# {path.name}: {event["text"]}')

        paths = [path for folder in ('zoo', 'bench') for path in sorted((ROOT / 'manifests' / folder).glob('*.yml'))
                 if path.stem not in TOO_LARGE and path.stem != 'tabular_mlp' and 'data:' in path.read_text()]
        self.all(*(lambda path=path: one(path) for path in paths))
        print('\n'.join(sorted(told)))


if __name__ == '__main__':
    sys.exit(main(Tests))
