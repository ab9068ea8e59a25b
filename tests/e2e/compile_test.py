#!/usr/bin/env python3
"""`training.compile` in whole runs: chains of steps that run as one train as they do op by op, and a
run that was stopped in the middle of them ends with the bits of one that was not.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import ctypes
import json
import sys
from pathlib import Path

from run_test import ROOT, Project, main, same

# 50 steps of one batch an epoch, each of whose losses is recorded.
JOBS = {
    'mlp': """
model:
  inputs: { x: "f32[40]" }
  flow: [ { linear: 64 }, relu, { dropout: 0.2 }, { linear: 33 }, gelu, layer_norm, { linear: 10 } ]
data: { train: { synthetic: { kind: classification, classes: 10, samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: cross_entropy, optimizer: { adam: { lr: 1e-3 } } }
""",
    'tower': """
model:
  inputs: { x: "f32[24]" }
  flow:
    - { linear: 32 }
    - repeat: { times: 3, flow: [ { also: [ { linear: 32 }, silu, { dropout: 0.1 }, layer_norm ] } ] }
    - loop: { times: 4, body: [ { also: [ { linear: 32 }, tanh ] } ] }
    - { flow: [ { linear: 64 }, gelu, { linear: 32 }, sigmoid ], recompute: true }
    - { linear: 8 }
data: { train: { synthetic: { kind: regression, target: "f32[8]", samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, accumulate: 1, loss: mse, optimizer: { adamw: { lr: 1e-3 } }, clip: { norm: 1 } }
""",
    'words': """
model:
  inputs: { tokens: "i64[24]" }
  flow:
    - { embedding: { num: 50, dim: 32 } }
    - repeat:
        times: 2
        flow:
          - also: [ layer_norm, { multihead_attention: { heads: 4, causal: true } }, { dropout: 0.1 } ]
          - also: [ layer_norm, { linear: 64 }, gelu, { linear: 32 }, { dropout: 0.1 } ]
    - layer_norm
    - { linear: 50 }
data: { train: { synthetic: { kind: tokens, vocab: 50, target: tokens, samples: 80 }, limit: 1 } }
training: { epochs: 50, batch_size: 8, loss: cross_entropy, optimizer: { adamw: { lr: 1e-3 } } }
""",
}
JOBS['echo'] = """
model:
  inputs: { x: "f32[12, 8]" }
  flow: [ { gru: { hidden_size: 24 } }, { lstm: { hidden_size: 16 } }, { select: { dim: 1, index: -1 } }, { linear: 4 } ]
data: { train: { synthetic: { kind: regression, target: "f32[4]", samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: mse, optimizer: { adam: { lr: 1e-3 } } }
"""
JOBS['paths'] = """
model:
  inputs: { x: "f32[24]" }
  flow:
    - gate:
        router: [ { linear: 4 }, { softmax: { dim: -1 } } ]
        experts: { copies: 4, flow: [ { linear: 32 }, gelu, layer_norm ] }
    - { linear: 8 }
data: { train: { synthetic: { kind: regression, target: "f32[8]", samples: 320 }, limit: 1 } }
training: { epochs: 50, batch_size: 32, loss: mse, optimizer: { adam: { lr: 1e-3 } } }
"""
JOBS['wide'] = """
model:
  inputs: { x: "f32[300]" }
  flow: [ { linear: 512 }, gelu, { linear: 512 }, relu, { linear: 8 } ]
data: { train: { synthetic: { kind: regression, target: "f32[8]", samples: 512 }, limit: 1 } }
training: { epochs: 50, batch_size: 256, loss: mse, optimizer: { adam: { lr: 1e-3 } } }
"""
# A job that each pass has a part in.
PASSES = {'chains': 'mlp', 'recurrent': 'echo', 'experts': 'paths', 'loss': 'mlp', 'update': 'mlp'}
# Products run on the CPU's tiles, if it has them and Linux lets processes use them (arch_prctl).
if (' amx_bf16 ' in Path('/proc/cpuinfo').read_text(encoding='ascii')
        and ctypes.CDLL(None).syscall(158, 0x1023, 18) == 0):
    PASSES['products'] = 'wide'
# Those of the benchmark that 50 steps of two samples are quick for.
BENCH = ('charl_mlp', 'residual_tower', 'gated_routing', 'iterative_refine', 'gru_seq')
OUTPUT = 'output: { dir: runs, checkpoint: { every: 7 steps, keep: { last: 50 } } }\n'


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder

    def project(self, name, job):
        return Project(self.fdl, self.folder / name, JOBS[job] + OUTPUT)

    def losses(self, name, job, mode):
        project = self.project(f'{name}_{mode}', job)
        project.call('run', f'training.compile={mode}')
        return [event['train/loss'] for event in project.events('epoch')]

    def test_losses_of_50_steps_agree_with_op_by_op(self):
        for job in JOBS:
            plain, fused = (self.losses(job, job, mode) for mode in ('false', 'auto'))
            same(f'{job}: steps', (len(plain), len(fused)), (50, 50))
            # The first losses are of the same weights, the last after 49 updates.
            for step, (a, b) in enumerate(zip(plain, fused)):
                if abs(a - b) > 1e-4 * abs(a):
                    raise AssertionError(f'{job}: step {step + 1}: {a} op by op, {b} as one')

    def hash_of(self, name, job, *settings):
        project = self.project(name, job)
        project.call('run', *settings)
        return project.model_hash()

    def test_bitwise_is_op_by_op(self):
        for job in JOBS:
            bitwise = self.hash_of(f'{job}_bitwise', job, 'training.deterministic=bitwise')
            same(job, bitwise, self.hash_of(f'{job}_plain', job, 'training.compile=false'))

    def test_bitwise_is_op_by_op_for_the_benchmarks_models(self):
        for name in BENCH:
            hashes = []
            for setting in ('training.deterministic=bitwise', 'training.compile=false'):
                project = Project(self.fdl, self.folder / f'{name}_{len(hashes)}', 'model: {}\n')
                project.call('run', str(ROOT / f'manifests/bench/{name}.yml'), setting, 'training.steps=50',
                             'training.batch_size=2', 'data.train.synthetic.samples=20', 'training.epochs=5',
                             f'output.dir={project.folder}/runs')
                hashes.append(project.model_hash())
            same(name, *hashes)

    def test_each_pass_is_switched_by_its_key(self):
        for name, job in PASSES.items():
            whole, none = (self.hash_of(f'{name}_{mode}', job, f'training.compile={mode}')
                           for mode in ('auto', 'false'))
            without = self.hash_of(f'without_{name}', job, f'training.compile.{name}=false')
            alone = self.hash_of(f'{name}_alone', job, *(f'training.compile.{other}=false'
                                                         for other in PASSES if other != name))
            # A pass that ran shows in the weights by its rounding, at least beside the others.
            if without == whole and alone == none:
                raise AssertionError(f'{name}: {whole}, without {without}, alone {alone}, none {none}')

    def test_a_stop_in_the_middle_changes_no_bit(self):
        for job in JOBS:
            project = self.project(f'{job}_cut', job)
            project.call('run')
            whole = project.model_hash()
            project.forget_after(21)
            project.call('run', '--resume')
            same(f'{job}: from', project.events('start')[-1]['resumed_from_step'], 21)
            same(f'{job}: model', project.model_hash(), whole)

    def test_explain_tells_of_the_same_chains(self):
        project = self.project('explained', 'tower')
        shown = json.loads(project.call('explain', '--plan', '--json'))
        chains = [step['steps'] for step in shown['steps'] if 'kernels' in step]
        same('chains', len(chains), 3)
        plain = json.loads(project.call('explain', '--plan', '--json', 'training.compile=false'))
        same('op by op', [step for step in plain['steps'] if 'kernels' in step], [])


if __name__ == '__main__':
    sys.exit(main(Tests))
