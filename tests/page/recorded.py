"""Folders of runs as the engine leaves them, with every kind of record, and made to go on."""

import fcntl
import json
import math
import os
import random
import struct
import zlib

LABELS = ['shirt', 'trouser', 'coat', 'sandal', 'bag']
MANIFEST = '''model:
  name: fashion_cnn   # fdl.yml:4
  inputs: { image: "f32[1, 28, 28]" }
  flow:
    - flatten
    - name: hidden
      linear: 128
    - relu
    - name: classifier
      linear: 10
data:
  train:
    fashion_mnist:
      split: train
  transforms: { all: { image: [ to_f32 ] } }
training:
  epochs: 5           # fdl.yml:22
  loss: cross_entropy
  optimizer:
    adamw:
      lr: LR          # command line
'''
STEP_S = 0.008
OF_STEPS = ('loss', 'lr', 'step_ms', 'grad_norm')  # recorded for single steps


def columns(steps, values):
    return {'step': steps, 'value': values}


def made_series(num_steps=1000, epochs=5, seed=0):
    """{name: {"step", "value"}}: what a run of an image classifier might record."""
    rng = random.Random(seed)
    steps = list(range(1, num_steps + 1))
    ends = [num_steps // epochs * (e + 1) for e in range(epochs)]

    def falling(step):
        return (2.2 + 0.1 * seed) * math.exp(-3 * step / num_steps) + 0.2
    out = {'loss': [falling(s) * (1 + 0.25 * rng.gauss(0, 1)) for s in steps],
           'lr': [1e-3 * min(1, s / 50) * (0.5 + 0.5 * math.cos(math.pi * s / num_steps)) for s in steps],
           'step_ms': [8 + abs(rng.gauss(0, 1)) + (30 if s % 97 == 0 else 0) for s in steps],
           'grad_norm': [1 + falling(s) * rng.random() for s in steps]}
    out = {name: columns(steps, values) for name, values in out.items()}
    for name, of in (('train/loss', falling), ('val/loss', lambda s: falling(s) * 1.1),
                     ('train/accuracy', lambda s: 1 - falling(s) / 3), ('val/accuracy', lambda s: 0.98 - falling(s) / 3)):
        out[name] = columns(ends, [of(s) for s in ends])
    some = steps[::20]
    for name, low, width in (('samples_per_s', 3700, 200), ('resources/cpu_percent', 150, 40),
                             ('resources/ram_bytes', 6.1e9, 1e8), ('resources/rss_bytes', 1.1e9, 1e7),
                             ('resources/gpu0_percent', 60, 30), ('resources/gpu0_memory_bytes', 4.2e9, 0)):
        out[name] = columns(some, [low + width * rng.random() for _ in some])
    for name in ('observe/hidden.grad_norm', 'observe/relu_0.grad_norm', 'observe/hidden.std', 'observe/relu_0.std'):
        out[name] = columns(ends, [0.1 + rng.random() for _ in ends])
    return out


def made_tables(seed):
    rng = random.Random(seed + 100)
    rows = [[900 - 40 * j if i == j else rng.randrange(60) for j in range(5)] for i in range(5)]
    return {'val/confusion_matrix': {'labels': LABELS, 'rows': rows},
            'val/overlap': {'labels': ['one', 'two'], 'rows': [[1, 0.25], [0.25, 1]]}}


def png():
    """A picture of 2 x 1 dots."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 2, 1, 8, 0, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(b'\0\0\xff')) + chunk(b'IEND', b''))


class Run:
    """One run's folder. `series` and `tables` are what its events say."""

    def __init__(self, folder, seed=0, end='done', total_steps=1000, lr='0.001', message='', **notes):
        self.folder, self.total_steps, self.lock = folder, total_steps, None
        self.series, self.tables = made_series(seed=seed), made_tables(seed)
        self.notices = ['the step was left out: the gradient was not finite']
        self.notes = {'name': '', 'note': '', 'tags': []} | notes
        folder.mkdir(parents=True)
        (folder / 'samples').mkdir()
        (folder / 'samples/step-200.json').write_text('{"label": "coat"}')
        (folder / 'samples/step-400.png').write_bytes(png())
        self.manifest = MANIFEST.replace('LR', lr)
        self.log = '\n'.join(f'line {i}' for i in range(300))
        self.end, self.message = end, message

    def write(self):
        """All files but the events' are what a run leaves; the run is over unless `end` is ''."""
        names = {'train/loss': 'min', 'val/loss': 'min', 'train/accuracy': 'max', 'val/accuracy': 'max'}
        nodes = [('hidden', 2.0, 3.5, 0.7), ('relu_0', 0.3, 0.25, 0.3)]
        profile = {'format': 1, 'num_steps': 20, 'warmup_steps': 3, 'step_ms': 8.1,
                   'nodes': [{'path': path, 'calls': 1, 'forward_ms': forward, 'backward_ms': backward, 'share': share}
                             for path, forward, backward, share in nodes]}
        for name, content in (('notes.json', self.notes), ('profile.json', profile),
                              ('plan.json', {'graph_hash': '1bbc35', 'num_parameters': 421642, 'recorded': names}),
                              ('environment.json', {'fdl': '0.1.0', 'project': str(self.folder), 'manifest': 'fdl.yml', 'cores': 2, 'started': self.folder.name[:15],
                                                    'command': ['run', 'quick'], 'libtorch': {'version': '2.11.0'}})):
            (self.folder / name).write_text(json.dumps(content), encoding='utf-8')
        (self.folder / 'log.txt').write_text(self.log, encoding='utf-8')
        (self.folder / 'manifest.yml').write_text(self.manifest, encoding='utf-8')
        self.write_events()
        if not self.end:
            self.take_lock()
        return self

    def write_events(self):
        """Into a new file, as when a run goes on from a checkpoint."""
        fresh = self.folder / 'events.new'
        fresh.write_text(''.join(json.dumps(event) + '\n' for event in self.events()), encoding='utf-8')
        fresh.replace(self.folder / 'events.jsonl')

    def events(self):
        last = self.series['loss']['step'][-1]
        out = [{'event': 'start', 'time_s': 0, 'epochs': 5 * self.total_steps // 1000, 'steps_per_epoch': 200,
                'total_steps': self.total_steps, 'resumed_from_step': 0, 'pid': 1, 'threads': 2}]
        ends = {}
        for name, points in self.series.items():
            for step, value in zip(points['step'], points['value']):
                kind = ('steps' if name in OF_STEPS else 'progress' if name == 'samples_per_s'
                        else name.split('/')[0] if name.startswith(('observe/', 'resources/')) else 'epoch')
                ends.setdefault((step, kind), {})[name.removeprefix('resources/')] = value
        steps = [step for step, kind in sorted(ends) if kind == 'steps']
        for begin in range(0, len(steps), 100):
            out.append(self.steps_event(steps[begin:begin + 100],
                                        {name: self.series[name]['value'][begin:begin + 100] for name in OF_STEPS}))
        for (step, kind), numbers in ends.items():
            if kind == 'steps':
                continue
            event = {'event': 'observe' if kind == 'observe' else kind, 'time_s': step * STEP_S, 'step': step} | numbers
            if kind == 'progress':
                event |= {'epoch': -(-step // 200), 'epochs': 5 * self.total_steps // 1000, 'total_steps': self.total_steps,
                          'eta_s': (self.total_steps - step) * STEP_S}
            if kind == 'epoch':
                event |= {'epoch': step // 200} | (self.tables if step == last else {})
            out.append(event)
            if kind == 'epoch':
                out.append({'event': 'checkpoint', 'time_s': step * STEP_S, 'step': step, 'is_best': 1, 'seconds': 0.02,
                            'stall_seconds': 0.001, 'path': f'checkpoints/step-{step}'})
        out += [{'event': 'notice', 'time_s': 0.1, 'step': 12, 'text': text} for text in self.notices]
        out = [out[0]] + sorted(out[1:], key=lambda event: event['time_s'])
        if self.end:
            out.append({'event': 'end', 'time_s': last * STEP_S, 'seconds': last * STEP_S, 'step': last,
                        'reason': self.end, 'message': self.message})
        return out

    @staticmethod
    def steps_event(steps, values):
        return {'event': 'steps', 'time_s': steps[-1] * STEP_S, 'step': steps[-1], 'from_s': (steps[0] - 1) * STEP_S,
                'steps': steps} | values

    def add(self, steps, values):
        """The losses of more steps, in one record."""
        self.series['loss']['step'] += steps
        self.series['loss']['value'] += values
        self.append(self.steps_event(steps, {'loss': values}))

    def append(self, event):
        with open(self.folder / 'events.jsonl', 'a', encoding='utf-8') as file:
            file.write(json.dumps(event) + '\n')

    # A run goes on for as long as somebody holds its lock.

    def take_lock(self):
        self.lock = os.open(self.folder / '.lock', os.O_RDWR | os.O_CREAT)
        fcntl.fcntl(self.lock, fcntl.F_OFD_SETLK, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0))

    def drop_lock(self):
        if self.lock is not None:
            os.close(self.lock)
        self.lock = None
