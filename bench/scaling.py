#!/usr/bin/env python3
"""What a step costs against depth and batch: python3 bench/scaling.py [--fdl PROGRAM].

Trains an MLP and a transformer of six depths and of six batches in turns, for some rounds, and fits a
straight line to each series: a step should cost a constant and so much for each layer, or sample. Writes
bench/results/scaling.json, docs/scaling.md and docs/scaling.svg; `--table` only writes the last two anew.

A point is the least of its rounds' medians over steps: what else runs on the machine only adds to it.
"""

import argparse
import datetime
import json
import os
import subprocess
import tempfile
from pathlib import Path

from machine import machine_facts

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / 'bench/results/scaling.json'
PAGE, PICTURE = ROOT / 'docs/scaling.md', ROOT / 'docs/scaling.svg'

MLP = """
model:
  inputs: {{ x: "f32[512]" }}
  flow: [ {{ repeat: {{ times: {depth}, flow: [ {{ linear: 512 }}, gelu, layer_norm ] }} }} ]
data: {{ train: {{ synthetic: {{ kind: regression, target: "f32[512]", samples: {samples} }} }} }}
training: {{ epochs: {epochs}, batch_size: {batch}, loss: mse, optimizer: {{ adam: {{ lr: 1e-3 }} }} }}
"""
TRANSFORMER = """
model:
  inputs: {{ tokens: "i64[64]" }}
  flow:
    - {{ embedding: {{ num: 256, dim: 128 }} }}
    - {{ learned_positions: {{ max: 64 }} }}
    - repeat:
        times: {depth}
        flow:
          - also: [ layer_norm, {{ multihead_attention: {{ heads: 4, causal: true }} }} ]
          - also: [ layer_norm, {{ linear: 512 }}, gelu, {{ linear: 128 }} ]
    - {{ linear: 256 }}
data: {{ train: {{ synthetic: {{ kind: tokens, vocab: 256, target: tokens, samples: {samples} }} }} }}
training: {{ epochs: {epochs}, batch_size: {batch}, loss: cross_entropy, optimizer: {{ adam: {{ lr: 1e-4 }} }} }}
"""
NUM_STEPS, NUM_EPOCHS = 16, 3
# Of each job: its manifest, the depths at one batch, and the batches at one depth.
JOBS = {
    'mlp': (MLP, (2, 4, 8, 12, 16, 24), 128, (32, 64, 128, 256, 384, 512), 8),
    'transformer': (TRANSFORMER, (1, 2, 3, 4, 6, 8), 8, (2, 4, 8, 12, 16, 24), 3),
}


def series():
    """Each series: its job, what grows, and (value, depth, batch) of its points."""
    for job, (_, depths, batch, batches, depth) in JOBS.items():
        yield job, 'depth', [(value, value, batch) for value in depths]
        yield job, 'batch', [(value, depth, value) for value in batches]


def step_ms(fdl, job, depth, batch, threads):
    """The least median of an epoch but the first."""
    text = JOBS[job][0].format(depth=depth, batch=batch, samples=batch * NUM_STEPS, epochs=NUM_EPOCHS)
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / 'fdl.yml'
        manifest.write_text(text + 'output: { checkpoint: { every: 1000 epochs } }\n', encoding='utf-8')
        environment = {**os.environ, 'FDL_THREADS': str(threads), 'OMP_NUM_THREADS': str(threads)}
        subprocess.run([fdl, 'run', manifest, f'output.dir={folder}/runs'], check=True, env=environment,
                       stdout=subprocess.DEVNULL)
        found = next(Path(folder).rglob('events.jsonl')).read_text(encoding='utf-8').splitlines()
    epochs = [event for event in map(json.loads, found) if event['event'] == 'epoch']
    return min(event['step_ms_p50'] for event in epochs[1:])


def fit(points):
    """Least squares: the line's constant and slope, and the share of the variance that it explains."""
    xs, ys = zip(*points)
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a in xs)
    constant = y - slope * x
    rest = sum((b - constant - slope * a) ** 2 for a, b in points)
    return {'constant_ms': constant, 'slope_ms': slope, 'r2': 1 - rest / sum((b - y) ** 2 for b in ys)}


def measure(fdl, rounds, threads):
    all_series = list(series())
    best = {}
    for _ in range(rounds):
        for job, axis, points in all_series:
            for value, depth, batch in points:
                found = step_ms(fdl, job, depth, batch, threads)
                key = (job, axis, value)
                best[key] = min(best.get(key, found), found)
                print(f'{job}, {axis} {value}: {found:.3f} ms', flush=True)
    out = []
    for job, axis, points in all_series:
        measured = [[value, best[job, axis, value]] for value, _, _ in points]
        fixed = {'batch': points[0][2]} if axis == 'depth' else {'depth': points[0][1]}
        out.append({'job': job, 'axis': axis, **fixed, 'points': measured, 'fit': fit(measured)})
    return {'date': datetime.date.today().isoformat(), 'machine': machine_facts(), 'rounds': rounds,
            'threads': threads, 'load': os.getloadavg()[0], 'series': out}


def title(one):
    at = f"batch {one['batch']}" if one['axis'] == 'depth' else f"depth {one['depth']}"
    return f"{one['job']}, {at}"


def chart(one, left, top):
    """A panel of 300 by 200: the points, and the line through them."""
    width, height = 300, 200
    points, line = one['points'], one['fit']
    most_x, most_y = points[-1][0], max(y for _, y in points) * 1.05

    def at(x, y):
        return left + width * x / most_x, top + height * (1 - y / most_y)

    (x1, y1), (x2, y2) = at(0, line['constant_ms']), at(most_x, line['constant_ms'] + line['slope_ms'] * most_x)
    out = [f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#bbb"/>',
           f'<text x="{left}" y="{top - 8}">{title(one)}: ms a step; R² {line["r2"]:.4f}</text>',
           f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#c44"/>',
           f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{most_y:.3g}</text>',
           f'<text x="{left - 6}" y="{top + height}" text-anchor="end">0</text>',
           f'<text x="{left + width}" y="{top + height + 16}" text-anchor="end">{one["axis"]} {most_x}</text>']
    for x, y in points:
        cx, cy = at(x, y)
        out.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3.5" fill="#247"/>')
    return out


def picture(figures):
    parts = []
    for i, one in enumerate(figures['series']):
        parts += chart(one, 60 + 390 * (i % 2), 40 + 270 * (i // 2))
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 540" font-family="sans-serif" '
            'font-size="12">\n<rect width="780" height="540" fill="white"/>\n' + '\n'.join(parts) + '\n</svg>\n')


def page(figures):
    machine = figures['machine']
    lines = ['# What a step costs against depth and batch', '',
             'Made by `python3 bench/scaling.py`: the least of the rounds\' medians over steps, and the straight line',
             'through the points. A layer, or a sample, should cost the same wherever it is added; the rest is what a',
             'step costs whatever its size.', '',
             f"{figures['date']}, {figures['rounds']} rounds, threads: {figures['threads']}, load at the end: "
             f"{figures['load']:.1f}; {machine['cpu']['model']}.", '', '![](scaling.svg)', '',
             '| job | grows | ms a step at each point | constant ms | ms for each | R² |', '|---|---|---|---|---|---|']
    for one in figures['series']:
        points = ', '.join(f'{x}: {y:.2f}' for x, y in one['points'])
        line = one['fit']
        lines.append(f"| {title(one)} | {one['axis']} | {points} | {line['constant_ms']:.3f} | "
                     f"{line['slope_ms']:.4f} | {line['r2']:.4f} |")
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--fdl', type=Path, default=ROOT / 'build/release/bin/fdl')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--table', action='store_true')
    options = parser.parse_args()
    if not options.table:
        figures = measure(options.fdl, options.rounds, options.threads)
        FIGURES.write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    figures = json.loads(FIGURES.read_text(encoding='utf-8'))
    PAGE.write_text(page(figures), encoding='utf-8')
    PICTURE.write_text(picture(figures), encoding='utf-8')


if __name__ == '__main__':
    main()
