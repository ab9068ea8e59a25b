#!/usr/bin/env python3
"""What watching costs: steps of one run with 0 and with 50 viewers in turns, a folder of 1,000 runs, a
run of a million steps. Prints one JSON object. No part of the tests: it takes minutes and a quiet machine.

    python3 bench/watching.py [--build build/release] [--seconds 60]
"""

import argparse
import http.client
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests/page'))

JOB = """
model:
  name: watched
  inputs: { x: "f32[64]" }
  flow: [ linear: 1024, relu, linear: 1024, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 4000 } }
training:
  epochs: 100000
  batch_size: 64
  loss: cross_entropy
  optimizer: { adamw: { lr: 1e-4 } }
output: { checkpoint: { every: 100000 epochs } }
"""
NUM_VIEWERS = 50


def serve(fdl, folder, *words):
    process = subprocess.Popen([fdl, *words], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        found = re.search(r'dashboard: http://127\.0\.0\.1:(\d+)/', line)
        if found:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, int(found[1])
    raise SystemExit('the dashboard did not start')


def ask(port, path):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=600)
    connection.request('GET', path)
    answer = connection.getresponse().read()
    connection.close()
    return answer


def rss_mib(pid):
    pages = int(Path(f'/proc/{pid}/statm').read_text(encoding='ascii').split()[1])
    return pages * os.sysconf('SC_PAGESIZE') / (1 << 20)


class Viewers:
    """So many open streams, read and thrown away by one thread."""

    def __init__(self, port, run):
        self.sockets = []
        for _ in range(NUM_VIEWERS):
            connection = http.client.HTTPConnection('127.0.0.1', port)
            connection.request('GET', f'/api/events?id={quote(run)}')
            connection.sock.setblocking(False)
            self.sockets.append(connection.sock)
        self.bytes, self.ends = 0, False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.ends:
            for one in self.sockets:
                try:
                    self.bytes += len(one.recv(1 << 16))
                except BlockingIOError:
                    pass
            time.sleep(0.1)

    def end(self):
        self.ends = True
        self.thread.join()
        for one in self.sockets:
            one.close()


def steps_of(events, begin):
    """The times of the steps that were recorded after so many bytes."""
    out = []
    with open(events, encoding='utf-8') as file:
        file.seek(begin)
        file.readline()
        for line in file:
            if line.startswith('{"event":"steps"') and line.endswith('\n'):
                out += json.loads(line)['step_ms']
    return out


def measure_viewers(fdl, folder, seconds):
    (folder / 'fdl.yml').write_text(JOB, encoding='utf-8')
    process, port = serve(fdl, folder, 'run', '--monitor')
    while not (runs := json.loads(ask(port, '/api/runs'))['runs']) or runs[0]['step'] < 200:
        time.sleep(0.2)
    run = runs[0]['id']
    events = folder / 'runs' / run / 'events.jsonl'
    turn = seconds / 12
    medians, rss, sent = {0: [], NUM_VIEWERS: []}, {0: [], NUM_VIEWERS: []}, 0
    for k in range(12):  # in turns, so that a change of the machine meets both
        num = NUM_VIEWERS if k % 2 else 0
        viewers = Viewers(port, run) if num else None
        time.sleep(0.5)
        begin = events.stat().st_size
        time.sleep(turn)
        medians[num].append(statistics.median(steps_of(events, begin)))
        rss[num].append(rss_mib(process.pid))
        if viewers:
            viewers.end()
            sent += viewers.bytes
    process.terminate()
    process.wait()
    ratios = [with_viewers / without for without, with_viewers in zip(medians[0], medians[NUM_VIEWERS])]
    return {'viewers': NUM_VIEWERS, 'seconds': seconds, 'step_ms': medians[0],
            'step_ms_with_viewers': medians[NUM_VIEWERS], 'ratio': statistics.median(ratios),
            'ratios': ratios, 'server_mib': max(rss[0]), 'server_mib_with_viewers': max(rss[NUM_VIEWERS]),
            'sent_mib': sent / (1 << 20)}


def make_runs(folder, model, number):
    randomly = random.Random(1)
    for i in range(number):
        run = folder / 'runs/many' / f'202601{i % 28 + 1:02}-{i:06}-abcdef'
        run.mkdir(parents=True)
        for name in ('manifest.yml', 'plan.json', 'environment.json'):
            (run / name).write_bytes((model / name).read_bytes())
        lines = [{'event': 'start', 'time_s': 0.5, 'epochs': 20, 'total_steps': 2000, 'resumed_from_step': 0}]
        for epoch in range(1, 21):
            loss = 2 / epoch + randomly.random() / 10
            steps = list(range(100 * epoch - 99, 100 * epoch + 1))
            lines.append({'event': 'steps', 'time_s': epoch, 'from_s': epoch - 1, 'step': 100 * epoch,
                          'steps': steps, 'loss': [loss + randomly.random() / 5 for _ in steps]})
            lines.append({'event': 'epoch', 'time_s': epoch, 'epoch': epoch, 'step': 100 * epoch,
                          'train/loss': loss, 'val/loss': loss * 1.1, 'val/accuracy': 1 - loss / 3})
        lines.append({'event': 'end', 'time_s': 20.5, 'step': 2000, 'reason': 'done'})
        (run / 'events.jsonl').write_text(''.join(json.dumps(line, separators=(',', ':')) + '\n'
                                                  for line in lines), encoding='utf-8')


def make_long_run(folder, model, number):
    run = folder / 'runs/long/20260101-000000-abcdef'
    run.mkdir(parents=True)
    for name in ('manifest.yml', 'plan.json', 'environment.json'):
        (run / name).write_bytes((model / name).read_bytes())
    with open(run / 'events.jsonl', 'w', encoding='utf-8') as file:
        file.write('{"event":"start","time_s":0.5,"total_steps":%d}\n' % number)
        for first in range(1, number, 100):
            steps = list(range(first, first + 100))
            values = [round(1 + math.sin(step / 5000) + (5 if step == number // 3 else 0), 5) for step in steps]
            file.write(json.dumps({'event': 'steps', 'time_s': first / 100, 'from_s': first / 100 - 1,
                                   'step': steps[-1], 'steps': steps, 'loss': values, 'step_ms': values},
                                  separators=(',', ':')) + '\n')
        file.write('{"event":"end","time_s":10001,"step":%d,"reason":"done"}\n' % number)
    return run


def timed(action):
    start = time.monotonic()
    out = action()
    return time.monotonic() - start, out


def measure_folder(fdl, folder):
    subprocess.run([fdl, 'run', '-q', '--smoke'], cwd=folder, check=True, capture_output=True)
    model = next(path.parent for path in (folder / 'runs').glob('watched/*/manifest.yml'))
    make_runs(folder, model, 1000)
    long = make_long_run(folder, model, 1_000_000)
    process, port = serve(fdl, folder, 'dashboard', 'runs')
    out = {'runs': 1000, 'points': 1_000_000, 'records_mib': (long / 'events.jsonl').stat().st_size / (1 << 20)}
    out['list_s'], _ = timed(lambda: ask(port, '/api/runs'))
    out['list_again_s'], _ = timed(lambda: ask(port, '/api/runs'))
    which = '/api/run?id=long/20260101-000000-abcdef'
    out['document_s'], text = timed(lambda: ask(port, which))
    out['document_again_s'], _ = timed(lambda: ask(port, which))
    loss = json.loads(text)['series']['loss']['value']
    out['document_mib'], out['document_points'] = len(text) / (1 << 20), len(loss)
    out['keeps_the_spike'] = max(loss) > 4
    out['server_mib'] = rss_mib(process.pid)
    try:
        from browser import Browser, find_chromium
        browser = Browser(find_chromium())
        out['page_of_runs_s'], _ = timed(lambda: (browser.open(f'http://127.0.0.1:{port}/#/'), browser.wait_for(
            'document.querySelectorAll("tbody tr").length > 10 && document.body.innerText.includes("1,001")'
            ' || document.querySelectorAll("tbody tr").length > 900')))
    except Exception as problem:  # without a browser the rest still counts
        out['page_of_runs_s'] = str(problem).splitlines()[0]
    process.terminate()
    process.wait()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('--seconds', type=float, default=60)
    options = parser.parse_args()
    fdl = options.build.resolve() / 'bin/fdl'
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        (Path(second) / 'fdl.yml').write_text(JOB, encoding='utf-8')
        print(json.dumps({'load': os.getloadavg()[0], 'folder': measure_folder(fdl, Path(second)),
                          'viewers': measure_viewers(fdl, Path(first), options.seconds)}, indent=1))


if __name__ == '__main__':
    main()
