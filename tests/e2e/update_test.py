#!/usr/bin/env python3
"""Holds single updates to their word: accumulated batches, clipped gradients, averaged weights, 16-bit
numbers, and what is not finite.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import math
import struct
import sys

import run_test
from run_test import STATE_JOB, TIMED, Project, same

# Sequences of 1 to 9 tokens, so that batches differ in their number of targets; class weights, so
# that targets differ too; dropout, which belongs to the sample and not to its batch.
TOKENS = """
model:
  name: tagger
  inputs: { tokens: "i64[T<=9]" }
  flow:
    - embedding: { num_embeddings: 11, embedding_dim: 24 }
    - dropout: 0.3
    - linear: 24
    - gelu
    - linear: 5
data: { train: { jsonl: { file: tokens.jsonl, tokens: { column: tokens, type: i64 }, tags: { column: tags, type: i64 } } } }
training:
  epochs: 2
  batch_size: 32
  seed: 3
  loss:
    - { cross_entropy: { weight: [1, 2, 0.5, 1, 3] } }
    - { cross_entropy: { label_smoothing: 0.1 }, weight: 0.5 }
  optimizer: { sgd: { lr: 0.3, momentum: 0.9 } }
output: { checkpoint: { every: 1 epoch } }
"""

DENSE = """
model:
  name: dense
  inputs: { x: "f32[16]" }
  flow: [{ linear: 32 }, batch_norm, relu, { linear: 4 }]
data:
  train: { synthetic: { kind: regression, target: "f32[4]", samples: 300 }, slice: ":240" }
  val: { synthetic: { kind: regression, target: "f32[4]", samples: 300 }, slice: "240:" }
training:
  epochs: 3
  batch_size: 16
  loss: mse
  metrics: [mae]
  optimizer: { adam: { lr: 1e-2 } }
output: { checkpoint: { every: 10 steps, keep: { last: 50 } } }
"""

CSV = """
model:
  name: table
  inputs: { x: "f32[2]" }
  flow: [{ linear: 8 }, relu, { linear: 1 }]
data:
  train: { csv: { file: rows.csv, x: [a, b], y: [y] } }
  loader: { shuffle: false }
training: { epochs: 1, batch_size: 4, loss: mse, optimizer: { sgd: { lr: 1e-2 } } }
"""


def tensors(path):
    """Every f32 tensor of a safetensors file, as a list of numbers."""
    content = path.read_bytes()
    size, = struct.unpack('<Q', content[:8])
    out = {}
    for name, entry in json.loads(content[8:8 + size]).items():
        if name == '__metadata__' or entry['dtype'] != 'F32':
            continue
        begin, end = (8 + size + at for at in entry['data_offsets'])
        out[name] = struct.unpack(f'<{(end - begin) // 4}f', content[begin:end])
    return out


def records(project):
    return [{k: v for k, v in event.items() if k not in TIMED} for event in project.events('epoch')]


def largest_difference(a, b):
    same('names of the tensors', sorted(a), sorted(b))
    return max(abs(x - y) for name in a for x, y in zip(a[name], b[name]))


class Tests:
    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder

    def tokens(self, name, manifest=TOKENS):
        project = Project(self.fdl, self.folder / name, manifest)
        lines = []
        for i in range(72):
            length = 1 + (i * 7) % 9
            lines.append(json.dumps({'tokens': [(i * 5 + k * 3) % 11 for k in range(length)],
                                     'tags': [(i + k * k) % 5 for k in range(length)]}))
        (project.folder / 'tokens.jsonl').write_text('\n'.join(lines) + '\n', encoding='utf-8')
        return project

    def model_of(self, project, file='model.safetensors'):
        return tensors(project.checkpoints()[-1] / file)

    def test_accumulated_batches_are_one_large_batch(self):
        # 72 samples: 32, 32 and 8, or nine times 8, whose last update has one batch.
        whole, parts = self.tokens('whole'), self.tokens('parts')
        whole.call('run')
        parts.call('run', 'training.batch_size=8', 'training.accumulate=4')
        same('steps', parts.steps()[-1], whole.steps()[-1])
        same('steps', whole.steps()[-1], 6)
        difference = largest_difference(self.model_of(whole), self.model_of(parts))
        assert difference < 1e-6, f'weights differ by {difference}'
        losses = [event['train/loss'] for event in whole.events('epoch')]
        for a, b in zip(losses, [event['train/loss'] for event in parts.events('epoch')]):
            assert math.isclose(a, b, rel_tol=1e-6), (a, b)
        # Without the weights of its targets, each batch would count alike.
        one = self.tokens('one')
        one.call('run', 'training.batch_size=8')
        assert largest_difference(self.model_of(whole), self.model_of(one)) > 1e-3

    def test_accumulation_resumes(self):
        project = self.tokens('resumed')
        changes = ['training.batch_size=8', 'training.accumulate=4',
                   'output.checkpoint.every=1 steps', 'output.checkpoint.keep.last=9']
        project.call('run', *changes)
        straight = project.model_hash()
        for checkpoint in project.checkpoints()[2:]:
            (checkpoint / 'manifest.json').unlink()
        project.call('run', '--resume', *changes)
        same('model hash', project.model_hash(), straight)

    def test_clipping_bounds_the_update(self):
        # One step of plain SGD at rate 1: what moved is the clipped gradient.
        steps = ['training.steps=1', 'training.optimizer={sgd: {lr: 1}}',
                 'output.checkpoint={every: 1 steps, initial: true, keep: 5}']
        free, norm, value = (Project(self.fdl, self.folder / f'clip_{name}', DENSE)
                             for name in ('free', 'norm', 'value'))
        free.call('run', *steps)
        norm.call('run', *steps, 'training.clip.norm=0.01')
        value.call('run', *steps, 'training.clip=[{match: "linear_0.*", value: 0.001}]')

        def moved(project):
            first, last = (tensors(path / 'model.safetensors') for path in project.checkpoints())
            return {name: [a - b for a, b in zip(first[name], last[name])]
                    for name in first if name.startswith('linear') or name.endswith('weight')}

        def length(gradients):
            return math.sqrt(sum(g * g for values in gradients.values() for g in values))

        assert length(moved(free)) > 0.02, length(moved(free))
        assert length(moved(norm)) < 0.0101, length(moved(norm))
        bounded = moved(value)
        assert max(map(abs, bounded['linear_0.weight'])) < 0.00101
        assert max(map(abs, bounded['linear_1.weight'])) > 0.01
        same('what no rule matches', bounded['linear_1.weight'], moved(free)['linear_1.weight'])

    def test_averages_are_measured_saved_and_resumed(self):
        project = Project(self.fdl, self.folder / 'ema', DENSE)
        ema = ['training.ema.decay=0.9', 'training.ema.warmup=false']
        project.call('run', *ema)
        # The recurrence, from one checkpoint of each step.
        every = Project(self.fdl, self.folder / 'ema_every', DENSE)
        every.call('run', *ema, 'training.steps=3',
                   'output.checkpoint={every: 1 steps, initial: true, keep: 9}')
        models = [tensors(path / 'model.safetensors') for path in every.checkpoints()]
        averages = [tensors(path / 'ema.safetensors') for path in every.checkpoints()]
        same('the first averages', averages[0], models[0])
        for step in (1, 2, 3):
            for name, values in averages[step].items():
                for i, value in enumerate(values):
                    wanted = 0.9 * averages[step - 1][name][i] + 0.1 * models[step][name][i]
                    assert math.isclose(value, wanted, rel_tol=1e-5, abs_tol=1e-7), (name, i)
        last = project.events('epoch')[-1]
        assert last['val_ema/loss'] != last['val/loss'], last
        same('the plain run', self.plain_losses(), [e['val/loss'] for e in project.events('epoch')])
        output = project.call('eval', '--data', 'val', '--json')
        assert math.isclose(json.loads(output)['val/loss'], last['val_ema/loss'], rel_tol=1e-6), output
        straight = project.model_hash(), self.model_of(project, 'ema.safetensors')
        for checkpoint in project.checkpoints()[1:]:
            (checkpoint / 'manifest.json').unlink()
        project.call('run', '--resume', *ema)
        same('the resumed run', (project.model_hash(), self.model_of(project, 'ema.safetensors')),
             straight)

    def plain_losses(self):
        project = Project(self.fdl, self.folder / 'plain', DENSE)
        project.call('run')
        return [event['val/loss'] for event in project.events('epoch')]

    def test_sixteen_bits_train_and_resume(self):
        for precision in ('bf16', 'f16'):
            project = Project(self.fdl, self.folder / precision, DENSE)
            change = f'training.precision={precision}'
            project.call('run', change)
            events = project.events('epoch')
            assert events[-1]['train/loss'] < 0.8 * events[0]['train/loss'], events
            straight = project.model_hash()
            for checkpoint in project.checkpoints()[2:]:
                (checkpoint / 'manifest.json').unlink()
            project.call('run', '--resume', change)
            same(f'the resumed run in {precision}', project.model_hash(), straight)

    def test_a_scale_that_overflows_halves(self):
        # Gradients of 1e3 and more overflow f16 under the first scale, 65536.
        project = Project(self.fdl, self.folder / 'overflow', DENSE)
        project.call('run', 'training.precision=f16', 'training.loss={mse: {}, weight: 1e4}',
                     'training.optimizer={sgd: {lr: 1e-9}}', 'training.clip.norm=1')
        state = json.loads((project.checkpoints()[-1] / 'state.json').read_text(encoding='utf-8'))
        assert state['loss_scale']['scale'] < 65536, state

    def arrays(self, name, bad=None):
        """The rows of `table`, with a number in the place of one, in files that can hold any."""
        manifest = CSV.replace('csv: { file: rows.csv, x: [a, b], y: [y] }',
                               'npy: { x: x.npy, y: y.npy }')
        project = Project(self.fdl, self.folder / name, manifest)
        xs = [x for i in range(16) for x in (i * 0.1, 1 - i * 0.05)]
        xs[19] = xs[19] if bad is None else bad
        for file, numbers, width in (('x', xs, 2), ('y', [i * 0.3 for i in range(16)], 1)):
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (16, {width}), }}"
            header = header.ljust(117) + '\n'
            (project.folder / f'{file}.npy').write_bytes(
                b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode() +
                struct.pack(f'<{len(numbers)}f', *numbers))
        return project

    def table(self, name, bad='', manifest=CSV):
        project = Project(self.fdl, self.folder / name, manifest)
        rows = [f'{i * 0.1:.1f},{1 - i * 0.05:.2f},{i * 0.3:.1f}' for i in range(16)]
        if bad:
            rows[9] = bad
        (project.folder / 'rows.csv').write_text('a,b,y\n' + '\n'.join(rows) + '\n', encoding='utf-8')
        return project

    def test_a_sample_that_is_not_finite_is_named(self):
        project = self.arrays('bad_sample', math.nan)
        output = project.call('run', expect=1)
        assert 'the loss of step 3 is nan' in output and 'FDL5403' in output, output
        assert "'x' of sample 1 of the batch" in output, output
        assert "'linear_0' is the first step" in output, output
        facts = json.loads((project.run / 'replay/replay.json').read_text(encoding='utf-8'))
        same('samples', facts['samples'], [8, 9, 10, 11])
        again = project.call('run', '--replay', project.run.name, expect=1)
        assert "'linear_0' is the first step" in again, again

    def test_a_step_that_is_not_finite_is_named_and_replayed(self):
        manifest = CSV.replace('relu', '{ scale: 1e30 }, { scale: 1e30 }')
        project = self.table('bad_step', manifest=manifest)
        output = project.call('run', expect=1)
        assert "'scale_1' is the first step that gives inf" in output, output
        assert 'fdl.yml:' in output, output
        again = project.call('run', '--replay', project.run.name, expect=1)
        assert "'scale_1' is the first step that gives inf" in again, again
        healthy = self.table('healthy')
        healthy.call('run')
        output = healthy.call('run', '--replay', healthy.run.name, expect=1)
        assert 'FDL5206' in output, output

    def test_a_gradient_that_is_not_finite_names_its_parameter(self):
        # The square root of 0 has an infinite slope, and 0 times that is not a number.
        manifest = CSV.replace('{ linear: 1 }', '{ linear: 1 }, { scale: 0 }, sqrt')
        output = self.table('bad_gradient', manifest=manifest).call('run', expect=1)
        assert 'FDL5405' in output and "the first is 'linear_0.weight'" in output, output

    def test_updates_that_are_left_out(self):
        project = self.arrays('skip', math.nan)
        output = project.call('run', 'training.nan=skip', 'training.epochs=3')
        assert output.count('left out: the loss is nan') == 3, output
        state = json.loads((project.checkpoints()[-1] / 'state.json').read_text(encoding='utf-8'))
        same('skipped', state['num_skipped'], 3)
        assert all(math.isfinite(e['train/loss']) for e in project.events('epoch'))
        model = tensors(project.checkpoints()[-1] / 'model.safetensors')
        assert all(math.isfinite(x) for values in model.values() for x in values)
        output = self.arrays('skip_too_often', math.nan).call(
            'run', 'training.nan={skip: {max: 2}}', 'training.epochs=3', expect=1)
        assert 'FDL5406' in output, output

    def test_phases_freeze_thaw_and_change_rates(self):
        phases = """
  phases:
    - { name: head, freeze: [linear_0, "batch_norm*"], until: { epochs: 1 } }
    - { name: slow, thaw: [linear_0], lr: { linear_0: 0, default: 1e-3 }, until: { steps: 10 } }
    - { name: all, thaw: ["**"], optimizer: { adam: { lr: 1e-2, betas: [0.8, 0.99] } } }
"""
        manifest = DENSE.replace('  epochs: 3', phases.strip('\n') + '\n  epochs: 3')
        manifest = manifest.replace('every: 10 steps', 'every: 5 steps, initial: true')
        project = Project(self.fdl, self.folder / 'phases', manifest)
        output = project.call('run')
        assert "phase 'slow' follows 'head': 1 epochs are done" in output, output
        assert "phase 'all' follows 'slow': 10 steps are done" in output, output
        models = {int(path.name[5:]): tensors(path / 'model.safetensors')
                  for path in project.checkpoints()}

        def moved(name, first, last):
            return models[first][name] != models[last][name]

        # 15 steps an epoch: the head phase to 15, the slow one to 25.
        for name in ('linear_0.weight', 'batch_norm_0.weight', 'batch_norm_0.running_mean'):
            assert not moved(name, 0, 15), name
        assert moved('linear_1.weight', 0, 15)
        assert not moved('linear_0.weight', 15, 25), 'its rate is 0'
        assert not moved('batch_norm_0.running_mean', 15, 25), 'it is frozen still'
        assert moved('linear_1.weight', 15, 25)
        for name in ('linear_0.weight', 'batch_norm_0.weight', 'batch_norm_0.running_mean'):
            assert moved(name, 25, 45), name
        straight = project.model_hash()
        for keep in (0, 10, 20, 30):  # from each phase
            for checkpoint in project.checkpoints():
                if int(checkpoint.name[5:]) > keep:
                    (checkpoint / 'manifest.json').unlink()
            project.call('run', '--resume')
            same(f'the run that goes on from {keep}', project.model_hash(), straight)

    def goes_on_alike(self, project, steps):
        """Resumes from each of these steps; the run ends as it did."""
        wanted = project.model_hash(), records(project)
        for keep in steps:
            for checkpoint in project.checkpoints():
                if int(checkpoint.name[5:]) > keep:
                    (checkpoint / 'manifest.json').unlink()
            same('last checkpoint', project.steps()[-1], keep)
            project.call('run', '--resume')
            same(f'the run that goes on from {keep}', (project.model_hash(), records(project)), wanted)

    def test_phases_bring_data_of_their_own(self):
        # 15 steps an epoch; the second phase has 6, and cuts the second epoch off after its fifth.
        phases = """
  phases:
    - { name: a, until: { steps: 20 } }
    - { name: b, data: { synthetic: { kind: regression, target: "f32[4]", samples: 96, seed: 5 } }, until: { epochs: 2 } }
    - { name: c, freeze: [linear_0], until: { steps: 4 } }
    - { name: d, data: { synthetic: { kind: regression, target: "f32[4]", samples: 300 }, slice: ":240" } }
"""
        manifest = DENSE.replace('  epochs: 3', phases.strip('\n') + '\n  epochs: 7')
        manifest = manifest.replace('every: 10 steps', 'every: 1 steps, initial: true')
        manifest = manifest.replace('last: 50', 'last: 99')
        project = Project(self.fdl, self.folder / 'phase_data', manifest)
        output = project.call('run')
        assert "phase 'b' follows 'a': 20 steps are done" in output, output
        epochs = project.events('epoch')
        same('epochs', [int(epoch['epoch']) for epoch in epochs], [1, 2, 3, 4, 5, 6, 7])
        same('steps', [int(epoch['num_steps']) for epoch in epochs], [15, 5, 6, 6, 4, 15, 15])
        same('the end', project.events('end')[-1]['step'], 66)
        assert all('train/loss' in epoch for epoch in epochs), epochs
        self.goes_on_alike(project, [0, 15, 17, 20, 22, 26, 32, 34, 36, 40, 65])

    def test_a_phase_with_other_data_cuts_a_sequence(self):
        # Three updates for each sequence: the fourth is within the second one.
        phases = """
  phases:
    - { until: { steps: 4 } }
    - { data: { synthetic: { kind: sequences, steps: 20, target: "f32[4]", samples: 40, seed: 2 } } }
"""
        manifest = STATE_JOB.replace('  epochs: 10', phases.strip('\n') + '\n  epochs: 3')
        manifest = manifest.replace('every: 5 steps, keep: { last: 2', 'every: 1 steps, keep: { last: 99')
        project = Project(self.fdl, self.folder / 'cut_sequence', manifest)
        project.call('run')
        # 40 sequences are 3 batches.
        same('steps', [int(epoch['num_steps']) for epoch in project.events('epoch')], [4, 9, 9])
        self.goes_on_alike(project, [2, 4, 5, 12, 13, 14])

    def test_a_trend_ends_a_phase_and_the_last_one_the_run(self):
        manifest = DENSE.replace('  epochs: 3', """  phases:
    - { until: { stalled: { metric: val/loss, window: 3, tolerance: 1e9 } } }
    - { until: { metric: val/mae, reaches: 100 } }
  epochs: 30""")
        project = Project(self.fdl, self.folder / 'trend', manifest)
        output = project.call('run')
        assert "phase '1' follows '0': val/loss has stalled over 3 measurements" in output, output
        end, = project.events('end')
        same('the end', (end['reason'], end['step']), ('early_stop', 4 * 15))
        assert "the last phase, '1', is over: val/mae is" in end['message'], end

    def test_the_inside_of_a_model_is_observed(self):
        # One step of plain SGD at rate 1: what moved is the gradient.
        project = Project(self.fdl, self.folder / 'observe', DENSE)
        project.call('run', 'training.steps=1', 'training.optimizer={sgd: {lr: 1}}',
                     'output.checkpoint={every: 1 steps, initial: true, keep: 5}',
                     'output.observe={every: 1 steps, values: ["linear_*.grad_norm", grad_norm, '
                     'linear_0.weight.abs_max, relu_0.zeros, relu_0.min, batch_norm_0.std]}')
        first, last = (tensors(path / 'model.safetensors') for path in project.checkpoints())
        moved = {name: [a - b for a, b in zip(first[name], last[name])] for name in first
                 if 'running' not in name}

        def norm(*names):
            return math.sqrt(sum(g * g for name in names for g in moved[name]))

        found, = project.events('observe')
        same('step', found['step'], 1)
        for layer in ('linear_0', 'linear_1'):
            wanted = norm(f'{layer}.weight', f'{layer}.bias')
            assert math.isclose(found[f'observe/{layer}.grad_norm'], wanted, rel_tol=1e-4), found
        assert math.isclose(found['observe/grad_norm'], norm(*moved), rel_tol=1e-4), found
        assert found['observe/linear_0.weight.abs_max'] == max(map(abs, first['linear_0.weight']))
        assert 0.3 < found['observe/relu_0.zeros'] < 0.7 and found['observe/relu_0.min'] == 0
        assert math.isclose(found['observe/batch_norm_0.std'], 1, rel_tol=1e-3), found
        epoch, = project.events('epoch')
        same('the record of the epoch', epoch['observe/grad_norm'], found['observe/grad_norm'])
        # Watching changes nothing.
        plain = Project(self.fdl, self.folder / 'unobserved', DENSE)
        watched = Project(self.fdl, self.folder / 'watched', DENSE)
        plain.call('run')
        watched.call('run', 'output.observe=["**.grad_norm", "linear_0.mean"]')
        same('model hash', watched.model_hash(), plain.model_hash())

    def test_a_spike_is_told(self):
        project = self.table('spike', '0.9,0.55,90000')
        output = project.call('run', 'training.spikes={z: 3, window: 2}', 'training.batch_size=2',
                              'training.optimizer.sgd.lr=1e-6')
        assert 'step 5: the loss is' in output and 'deviations above its mean' in output, output
        output = self.table('spike_stop', '0.9,0.55,90000').call(
            'run', 'training.spikes={z: 3, window: 2, action: stop}', 'training.batch_size=2',
            'training.optimizer.sgd.lr=1e-6', expect=1)
        assert 'FDL5405' in output, output


if __name__ == '__main__':
    sys.exit(run_test.main(Tests))
