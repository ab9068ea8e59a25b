"""Runs as they might be recorded, with every kind of series, mark and table."""

import math
import random
import struct
import zlib

LABELS = ['shirt', 'trouser', 'coat', 'sandal', 'bag']
SVG = '''<?xml version="1.0"?>
<svg width="160pt" height="150pt" viewBox="0 0 160 150" xmlns="http://www.w3.org/2000/svg">
<script>window.bad = 1</script>
<g id="graph0" class="graph"><title>model</title>
<g id="node1" class="node" onclick="window.bad = 1"><title>n0</title>
<path fill="#d7e5fb" stroke="#4f78bd" d="M10,10 H150 V50 H10 Z"/>
<text x="50" y="26" font-size="11">linear</text><text x="20" y="42" font-size="9">hidden (401536 parameters)</text></g>
<g id="node2" class="node"><title>n1</title><path fill="#f5f7fb" stroke="#a9b8d0" d="M10,90 H150 V130 H10 Z"/>
<text x="60" y="106" font-size="11">relu</text><text x="60" y="122" font-size="9">relu_0</text></g></g></svg>'''


def points(steps, values, ms=8.0):
    return {'step': steps, 'time': [step * ms / 1000 for step in steps], 'value': values}


def series(num_steps=1000, epochs=5, seed=0):
    rng = random.Random(seed)
    steps = list(range(1, num_steps + 1))
    each = num_steps // epochs
    ends = [each * (e + 1) for e in range(epochs)]
    def falling(step):
        return 2.2 * math.exp(-3 * step / num_steps) + 0.2
    out = {'loss': points(steps, [falling(s) * (1 + 0.25 * rng.gauss(0, 1)) for s in steps]),
           'lr': points(steps, [1e-3 * min(1, s / 50) * (0.5 + 0.5 * math.cos(math.pi * s / num_steps)) for s in steps]),
           'step_ms': points(steps, [8 + abs(rng.gauss(0, 1)) + (30 if s % 97 == 0 else 0) for s in steps]),
           'grad_norm': points(steps, [1 + falling(s) * rng.random() for s in steps]),
           'train/loss': points(ends, [falling(s) for s in ends]),
           'val/loss': points(ends, [falling(s) * 1.1 for s in ends]),
           'train/accuracy': points(ends, [1 - falling(s) / 3 for s in ends]),
           'val/accuracy': points(ends, [0.98 - falling(s) / 3 for s in ends])}
    some = steps[::20]
    out['samples_per_s'] = points(some, [3700 + 200 * rng.random() for _ in some])
    out['resources/cpu_percent'] = points(some, [150 + 40 * rng.random() for _ in some])
    out['resources/ram_bytes'] = points(some, [6.1e9 + 1e8 * rng.random() for _ in some])
    out['resources/rss_bytes'] = points(some, [1.1e9 + 1e6 * i for i, _ in enumerate(some)])
    out['resources/gpu0_percent'] = points(some, [60 + 30 * rng.random() for _ in some])
    out['resources/gpu0_memory_bytes'] = points(some, [4.2e9 for _ in some])
    for path in ('hidden', 'relu_0'):
        out[f'observe/{path}.grad_norm'] = points(ends, [rng.random() for _ in ends])
        out[f'observe/{path}.std'] = points(ends, [0.5 + rng.random() for _ in ends])
    return out


def summary(run_id, state='done', **more):
    started = run_id.rpartition('/')[2][:15]
    return {'id': run_id, 'run': f'runs/{run_id}', 'name': '', 'note': '', 'tags': [], 'state': state, 'message': '',
            'started': started, 'step': 1000, 'total_steps': 1000, 'epochs': 5, 'seconds': 8.0,
            'last': {}, 'best': {}} | more


def document(run_id, state='done', seed=0, lr='0.001', **more):
    made = series(seed=seed)
    rng = random.Random(seed + 100)
    rows = [[900 - 40 * j if i == j else rng.randrange(60) for j in range(5)] for i in range(5)]
    last = {key: made[key]['value'][-1] for key in ('train/loss', 'val/loss', 'train/accuracy', 'val/accuracy')}
    best = {key: {'value': value, 'step': 1000} for key, value in last.items()}
    marks = [{'kind': 'start', 'step': 0, 'time': 0, 'text': 'with 2 threads'}]
    marks += [{'kind': 'checkpoint', 'step': s, 'time': s * 0.008, 'text': f'checkpoints/step-{s}'}
              for s in range(200, 1001, 200)]
    marks.append({'kind': 'notice', 'step': 412, 'time': 3.3, 'text': 'the step was left out: the gradient was not finite'})
    status = {'state': state, 'step': 1000, 'total_steps': 1000, 'epoch': 5, 'epochs': 5, 'seconds': 8.0}
    values = [{'path': 'training.epochs', 'value': '5', 'origin': 'fdl.yml:22'},
              {'path': 'training.optimizer.adamw.lr', 'value': lr, 'origin': 'command line'},
              {'path': 'model.name', 'value': 'fashion_cnn', 'origin': 'fdl.yml:4'}]
    return {'id': run_id, 'series': made, 'marks': marks, 'status': status,
            'tables': {'val/confusion_matrix': {'step': 1000, 'labels': LABELS, 'rows': rows},
                       'val/f1_of_sets': {'step': 1000, 'labels': ['one', 'two'], 'rows': [[0.91, 0.873]]}},
            'summary': summary(run_id, state, last=last, best=best, **more),
            'manifest': {'text': 'training:\n  epochs: 5\n', 'values': values},
            'environment': {'fdl': '0.1.0', 'cores': 2, 'command': ['run', 'quick'], 'libtorch': {'version': '2.11.0'}},
            'plan': {'num_parameters': 421642, 'graph_hash': '1bbc35e6'},
            'profile': {'num_steps': 20, 'warmup_steps': 3, 'step_ms': 8.1, 'nodes': [
                {'path': 'hidden', 'calls': 1, 'forward_ms': 2.0, 'backward_ms': 3.5, 'share': 0.7},
                {'path': 'relu_0', 'calls': 1, 'forward_ms': 0.3, 'backward_ms': 0.25, 'share': 0.3}]},
            'samples': ['step-200.json', 'step-200.png'],
            'recorded': {'train/loss': 'min', 'val/loss': 'min', 'train/accuracy': 'max', 'val/accuracy': 'max'}}


def part(step, names=('loss',), value=0.5, **status):
    """What one more step records."""
    return {'series': {name: points([step], [value]) for name in names},
            'status': {'step': step, 'seconds': step * 0.008} | status}


def png():
    """A picture of 2 x 1 dots."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 2, 1, 8, 0, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(b'\0\0\xff')) + chunk(b'IEND', b''))
