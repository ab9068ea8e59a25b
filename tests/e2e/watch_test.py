#!/usr/bin/env python3
"""Watching runs, with the built `fdl` and its engine: the dashboard's server, `fdl watch`, terminals.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import fcntl
import http.client
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from urllib.parse import quote

from run_test import Tests as RunTests
from run_test import main, same

# Some seconds long, so that there is something to watch.
JOB = """
model:
  name: small
  inputs: { x: "f32[64]" }
  flow: [ linear: 1024, relu, linear: 1024, relu, linear: 5 ]
data:
  train: { synthetic: { kind: classification, classes: 5, samples: 4000 }, slice: ":3000" }
  val: { synthetic: { kind: classification, classes: 5, samples: 4000 }, slice: "3000:" }
training:
  epochs: 12
  batch_size: 50
  loss: cross_entropy
  metrics: [accuracy]
  optimizer: { adamw: { lr: 1e-3 } }
  clip: { norm: 1.0 }
output:
  checkpoint: { every: 1 epoch, keep: { last: 2 } }
"""
ENDLESS = JOB.replace('epochs: 12', 'epochs: 5000')


def series_of(events, name, key):
    return [value for event in events if event['event'] == name for value in event[key]]


def all_events(project):
    text = (project.run / 'events.jsonl').read_text(encoding='utf-8')
    return [json.loads(line) for line in text.splitlines()]


class Server:
    """What a started `fdl` said about its dashboard, and how to ask it."""

    def __init__(self, process):
        self.process = process
        self.said = ''
        while True:
            line = process.stdout.readline()
            assert line, f'it ended: {self.said}'
            self.said += line
            found = re.search(r'dashboard: http://127\.0\.0\.1:(\d+)/.*#token=(\w+)', line)
            if found:
                break
        self.port, self.token = int(found[1]), found[2]

    def ask(self, path, method='GET', body=None, token=False, **headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        if token:
            headers['X-FDL-Token'] = self.token
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def json(self, path):
        status, text = self.ask(path)
        same('status of ' + path, status, 200)
        return json.loads(text)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.said += self.process.communicate()[0]
        return self.process.returncode


class Viewer:
    """Reads a run as a page does: a stream of parts, from where it stands."""

    def __init__(self, port, run, position='0-0'):
        self.port, self.run, self.position = port, run, position
        self.losses, self.states, self.resets, self.ended = [], [], 0, False

    def read(self, until=lambda viewer: False):
        """To the end of the stream, or until something is so. True in the second case."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        try:
            connection.request('GET', f'/api/events?id={quote(self.run)}',
                               headers={'Last-Event-ID': self.position})
            answer = connection.getresponse()
            same('status of the stream', answer.status, 200)
            held = {}
            for line in answer:
                line = line.decode().rstrip('\n')
                if line.startswith(':'):
                    continue
                if line:
                    key, _, value = line.partition(': ')
                    held[key] = value
                    continue
                self.take(held)
                held = {}
                if until(self):
                    return True
        except (ConnectionError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        return False

    def take(self, event):
        if not event:
            return
        part = json.loads(event['data'])
        if event['event'] == 'reset':
            self.resets += 1
        if 'id' in event:
            self.position = event['id']
        self.losses += part.get('series', {}).get('loss', {}).get('value', [])
        state = part.get('status', {}).get('state')
        if state:
            self.states.append(state)


class Tests(RunTests):
    def start(self, project, *words):
        return Server(project.start(*words))

    def started_run(self, server):
        """The id of the run that the server shows, once it has records."""
        while True:
            listed = server.json('/api/runs')
            if listed['runs'] and listed['runs'][-1]['step'] > 0:
                return listed['opened'] or listed['runs'][-1]['id']
            time.sleep(0.05)

    def test_viewers_who_come_late_see_all_of_it_once(self):
        project = self.project('late', JOB)
        server = self.start(project, 'run', '--monitor')
        run = self.started_run(server)
        viewers = [Viewer(server.port, run) for _ in range(6)]

        def watch(viewer, delay):
            time.sleep(delay)
            while not viewer.read(lambda v: random.random() < 0.2):  # now and then it comes back
                if server.process.poll() is not None or 'done' in viewer.states:
                    return
            while viewer.read(lambda v: random.random() < 0.2):
                pass

        threads = [threading.Thread(target=watch, args=(viewer, 0.3 * i))
                   for i, viewer in enumerate(viewers)]
        for thread in threads:
            thread.start()
        self.ended_well(server)
        for thread in threads:
            thread.join()
        recorded = series_of(all_events(project), 'steps', 'loss')
        same('steps', len(recorded), 12 * 60)
        again = self.start(project, 'dashboard')
        for viewer in viewers:  # another server goes on where the first one ended
            viewer.port = again.port
            viewer.read(lambda v: v.states and v.states[-1] == 'done')
            same('losses', viewer.losses, recorded)
            same('resets', viewer.resets, 0)
        document = again.json(f'/api/run?id={quote(run)}')
        same('losses of the document', document['series']['loss']['value'], recorded)
        same('norms', len(document['series']['grad_norm']['value']), 12 * 60)
        same('state', document['status']['state'], 'done')
        assert document['series']['resources/rss_bytes']['value'][-1] > 1 << 20
        report = (project.run / 'report.html').read_text(encoding='utf-8')
        assert len(report) < 2 << 20
        inside = json.loads(re.search(r'id="fdl-data">(.*?)</script>', report)[1])
        same('losses of the report', inside['documents'][inside['opened']]['series']['loss']['value'],
             recorded)
        same('exit', again.end(), 0)

    def ended_well(self, server):
        server.said += server.process.communicate()[0]
        same('exit', (server.process.returncode, server.said[-500:])[0], 0)

    def test_a_killed_run_shows_as_killed(self):
        project = self.project('killed', ENDLESS)
        process = project.start('run', '--name', 'victim')
        server = self.start(project, 'dashboard')
        run = self.started_run(server)
        viewer = Viewer(server.port, run)
        thread = threading.Thread(target=viewer.read, args=(lambda v: 'killed' in v.states,))
        thread.start()
        while not viewer.losses:
            time.sleep(0.01)
        watcher = project.start('watch', 'victim')
        while 'epoch' not in watcher.stdout.readline():
            pass
        os.kill(process.pid, signal.SIGKILL)
        os.kill(project.events('start')[-1]['pid'], signal.SIGKILL)
        killed = time.monotonic()
        process.communicate()
        thread.join()
        print(f'# told of after {time.monotonic() - killed:.2f} s')
        same('states', viewer.states[-1], 'killed')
        same('state in the list', server.json('/api/runs')['runs'][-1]['state'], 'killed')
        said, _ = watcher.communicate()
        same('exit of watch', watcher.returncode, 1)
        assert 'FDL5402' in said and 'the run was killed' in said, said
        same('exit', server.end(), 0)

    def test_save_note_and_stop_need_the_token(self):
        project = self.project('asked', ENDLESS.replace('every: 1 epoch', 'every: 1000 epochs'))
        server = self.start(project, 'run', '--monitor')
        run = quote(self.started_run(server))
        for path in ('stop', 'save', 'note'):
            same(path, server.ask(f'/api/{path}?id={run}', 'POST', '{}')[0], 401)
        same('saved', project.steps(), [])
        same('save', server.ask(f'/api/save?id={run}', 'POST', '', token=True)[0], 200)
        while not project.steps():
            time.sleep(0.02)
        note = json.dumps({'note': 'a word', 'tags': ['seen']})
        same('note', server.ask(f'/api/note?id={run}', 'POST', note, token=True)[0], 200)
        same('note', json.loads((project.run / 'notes.json').read_text(encoding='utf-8'))['note'], 'a word')
        same('stop', server.ask(f'/api/stop?id={run}', 'POST', '', token=True)[0], 200)
        server.process.communicate()
        same('exit', server.process.returncode, 130)
        same('end', project.events('end')[-1]['reason'], 'interrupted')
        project.call('run', '--resume', '--max-time', '1s')

    def test_attacks_leave_it_serving(self):
        project = self.project('attacked', JOB)
        project.call('run', 'training.epochs=1')
        server = self.start(project, 'dashboard')
        host = f'Host: 127.0.0.1:{server.port}\r\n'
        attacks = [b'', b'\r\n\r\n', b'GET', b'GET /\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n', b'\0' * 5000,
                   b'GET / HTTP/1.1\r\n\r\n',  # no Host
                   f'GET /../../../../etc/passwd HTTP/1.1\r\n{host}\r\n'.encode(),
                   f'GET /{"a" * 100_000} HTTP/1.1\r\n{host}\r\n'.encode(),
                   f'GET /{"%2e%2e/" * 200}etc/passwd HTTP/1.1\r\n{host}\r\n'.encode(),
                   f'GET / HTTP/1.1\r\n{host}X: {"b" * 100_000}\r\n\r\n'.encode(),
                   f'GET / HTTP/1.1\r\n{host}'.encode() + b'A: b\r\n' * 100_000,
                   f'POST /api/note?id=x HTTP/1.1\r\n{host}Content-Length: 99999999999\r\n\r\n'.encode(),
                   f'POST /api/note?id=x HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\n'.encode(),
                   f'POST /api/note?id=x HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n'.encode(),
                   f'GET / HTTP/1.1\r\n{host}Range: bytes=0-,0-,0-,0-\r\n\r\n'.encode(),
                   f'GET /api/events?id=%00&from=1-{"9" * 400} HTTP/1.1\r\n{host}\r\n'.encode()]
        randomly = random.Random(1)
        attacks += [bytes(randomly.randrange(256) for _ in range(randomly.randrange(2000))) for _ in range(50)]
        for attack in attacks:
            with socket.create_connection(('127.0.0.1', server.port), timeout=60) as connection:
                try:
                    connection.sendall(attack)
                    connection.shutdown(socket.SHUT_WR)
                    answer = b''
                    while piece := connection.recv(1 << 16):
                        answer += piece
                except TimeoutError:
                    raise
                except OSError:  # not only ConnectionError: one who left can not be shut either
                    continue
                assert b'root:' not in answer, answer
        for headers in ({'Host': 'evil.example'}, {'Origin': 'http://evil.example'}):
            same(str(headers), server.ask('/api/runs', **headers)[0], 403)
        same('method', server.ask('/', 'DELETE')[0], 405)
        plain = server.ask('/', **{'Accept-Encoding': 'gzip, br'})[1]  # compressed, it would wait
        same('page', plain, server.ask('/')[1])
        assert b'<!doctype html>' in plain
        same('alive', server.ask('/')[0], 200)
        same('exit', server.end(), 0)

    def test_more_connections_than_it_takes_are_turned_away(self):
        project = self.project('crowd', ENDLESS)
        server = self.start(project, 'run', '--monitor')
        run = self.started_run(server)
        watching = []
        while True:  # each stays for as long as the run goes on
            viewer = http.client.HTTPConnection('127.0.0.1', server.port)
            viewer.request('GET', f'/api/events?id={quote(run)}')
            answer = viewer.getresponse()
            if answer.status != 200:
                break
            watching.append((viewer, answer))
        same('status', answer.status, 503)
        same('when to come back', answer.getheader('Retry-After'), '5')
        assert len(watching) >= 200, len(watching)
        for opened in [one for pair in watching for one in pair]:
            opened.close()
        while True:  # those who left make room
            try:
                if server.ask('/')[0] == 200:
                    break
            except (ConnectionError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        server.ask(f'/api/stop?id={quote(run)}', 'POST', '', token=True)
        server.process.communicate()

    def test_a_request_that_is_never_whole_ends(self):
        project = self.project('half', JOB)
        project.call('run', 'training.epochs=1')
        server = self.start(project, 'dashboard')
        halves = [socket.create_connection(('127.0.0.1', server.port)) for _ in range(100)]
        for connection in halves:
            connection.sendall(b'GET / HTTP/1.1\r\n')  # and never the rest
        same('meanwhile', server.ask('/')[0], 200)
        for connection in halves:
            try:
                while connection.recv(1 << 16):  # to the server's end of it
                    pass
            except ConnectionError:
                pass
            connection.close()
        same('exit', server.end(), 0)

    def test_a_viewer_who_takes_nothing_is_dropped(self):
        project = self.project('asleep', JOB)
        project.call('run', '--smoke')
        steps = list(range(1, 101))
        line = json.dumps({'event': 'steps', 'time_s': 2, 'from_s': 1, 'step': 100, 'steps': steps,
                           'loss': [step / 7 for step in steps]}, separators=(',', ':')) + '\n'
        with open(project.run / 'events.jsonl', 'a', encoding='utf-8') as file:
            file.write(line * (3_000_000 // len(line)))  # more than sockets hold
        server = self.start(project, 'dashboard')
        run = quote(server.json('/api/runs')['runs'][0]['id'])

        def bytes_of(seconds):
            with socket.socket() as viewer:
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                viewer.connect(('127.0.0.1', server.port))
                viewer.sendall(f'GET /api/events?id={run}&from=0-0 HTTP/1.1\r\n'
                               f'Host: 127.0.0.1:{server.port}\r\n\r\n'.encode())
                time.sleep(seconds)
                viewer.settimeout(2)
                got = 0
                try:
                    while piece := viewer.recv(1 << 20):
                        got += len(piece)
                except ConnectionError:
                    pass
                except TimeoutError:
                    return got, False  # still connected, and all was sent
                return got, True

        whole, is_dropped = bytes_of(0)
        assert whole > 3_000_000 and not is_dropped, (whole, is_dropped)
        got, is_dropped = bytes_of(8)
        assert got < whole and is_dropped, (got, whole, is_dropped)
        same('exit', server.end(), 0)

    def test_others_go_on_beside_a_viewer_who_takes_nothing(self):
        project = self.project('slow', ENDLESS)
        server = self.start(project, 'run', '--monitor')
        run = self.started_run(server)
        asleep = socket.socket()
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        asleep.connect(('127.0.0.1', server.port))
        asleep.sendall(f'GET /api/events?id={quote(run)}&from=0-0 HTTP/1.1\r\n'
                       f'Host: 127.0.0.1:{server.port}\r\n\r\n'.encode())
        viewers = [Viewer(server.port, run) for _ in range(50)]
        threads = [threading.Thread(target=v.read, args=(lambda v: len(v.losses) > 600,)) for v in viewers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.ask(f'/api/stop?id={quote(run)}', 'POST', '', token=True)
        server.process.communicate()
        recorded = series_of(all_events(project), 'steps', 'loss')
        for viewer in viewers:
            same('losses', viewer.losses, recorded[:len(viewer.losses)])

    def test_a_busy_port_does_not_stop_a_run(self):
        project = self.project('busy', JOB)
        with socket.socket() as held:
            held.bind(('127.0.0.1', 0))
            held.listen()
            port = held.getsockname()[1]
            said = project.call('run', 'training.epochs=1', f'output.monitor={port}')
            assert f'cannot listen on 127.0.0.1:{port}' in said and 'taking another port' in said, said
            said = project.call('run', 'training.epochs=1', '--port', str(port), expect=1)
            assert 'FDL5450' in said, said

    def terminal(self, project, *words, width=70, **environment):
        """What the command writes on a terminal, and a function that waits for its end."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 40, width, 0, 0))
        settings = project.command(*words)
        settings.update(stdout=slave, stderr=slave, stdin=slave)
        settings['env'] = {**settings['env'], 'TERM': 'xterm', 'LANG': 'C.UTF-8', **environment}
        process = subprocess.Popen(**settings)
        os.close(slave)
        return process, master

    def read_all(self, master, when=None):
        out = b''
        while True:
            try:
                piece = os.read(master, 1 << 16)
            except OSError:
                return out.decode()
            out += piece
            if when and when(out):
                when = None

    def test_a_terminal_shows_a_live_view_and_is_left_clean(self):
        project = self.project('terminal', ENDLESS)
        process, master = self.terminal(project, 'run')

        def stop(out):
            if out.count(b'\x1b[J') < 4:
                return False
            process.send_signal(signal.SIGINT)
            return True

        said = self.read_all(master, stop)
        same('exit', process.wait(), 130)
        assert '█' in said and 'samples/s' in said and 'left' in said, said
        codes = set(re.findall(r'\x1b\[[0-9;?]*([A-Za-z])', said))
        same('codes', codes, {'A', 'J'})  # no colour, no hidden cursor that could stay so
        after = said[said.rindex('\x1b[J'):]
        assert 'stopped; `fdl run --resume` goes on from here' in after, after
        for line in re.sub(r'\x1b\[[0-9]*[AJ]', '', said).split('\n'):
            is_live = line.startswith(('epoch ', 'run   ', 'loss  '))
            assert not is_live or len(line.strip('\r')) <= 69, line

    def test_quiet_and_verbose(self):
        project = self.project('words', JOB)
        quiet = project.call('run', '--quiet', 'training.epochs=1')
        same('lines', [line.split(':')[0] for line in quiet.splitlines()],
             ['run', 'checkpoints', 'metrics', 'report'])
        loud = project.call('run', '-v', 'training.epochs=1')
        assert 'saved checkpoints/step-60 in' in loud, loud
        assert 'do not go together' in project.call('run', '-v', '-q', expect=2)

    def test_watch_follows_to_the_end(self):
        project = self.project('followed', JOB)
        process = project.start('run', '--name', 'followed')
        server = self.start(project, 'dashboard')
        self.started_run(server)
        said = project.call('watch', 'followed')
        assert 'epoch 12/12' in said and said.rstrip().endswith('done'), said
        process.communicate()
        again = project.call('watch')
        assert 'epoch 1/12' in again and again.rstrip().endswith('done'), again
        server.end()

    def test_what_the_driver_says_of_gpus_is_recorded(self):
        project = self.project('gpus', JOB)
        settings = project.command('run', '-q', 'training.epochs=1')
        settings['env']['LD_LIBRARY_PATH'] = str(self.fdl.parent.parent / 'tests/bin/fakes')
        done = subprocess.run(check=False, **settings)
        same('exit', done.returncode, 0)
        last = project.events('resources')[-1]
        same('first', [last['gpu0_percent'], last['gpu0_memory_bytes']], [42, 1 << 30])
        same('second', [last.get('gpu1_percent'), last['gpu1_memory_bytes']], [None, 2 << 30])
        sample = json.loads((project.run / 'timeline.json').read_text(encoding='utf-8'))['samples'][-1]
        same('timeline', sample['gpus'], [{'d': 0, 'u': 42, 'vu': 1 << 30, 'vt': 80 << 30},
                                          {'d': 1, 'vu': 2 << 30, 'vt': 80 << 30}])

    def test_plots_and_profiles_of_a_run(self):
        project = self.project('plotted', JOB)
        project.call('run', 'training.epochs=1', '--name', 'first')
        project.call('run', 'training.epochs=1', 'training.seed=4', '--name', 'second')
        text = project.call('runs', 'plot', 'first', 'second', 'loss')
        assert '* first' in text and '+ second' in text, text
        project.call('runs', 'plot', 'first', 'loss', '--log', '--x', 'time', '--out', 'loss.svg')
        svg = (project.folder / 'loss.svg').read_text(encoding='utf-8')
        assert svg.startswith('<svg') and '<path' in svg and 'first' in svg
        if shutil.which('rsvg-convert'):
            project.call('runs', 'plot', 'loss', '--out', 'loss.png')
            same('png', (project.folder / 'loss.png').read_bytes()[:4], b'\x89PNG')
        else:
            said = project.call('runs', 'plot', 'loss', '--out', 'loss.png', expect=1)
            assert 'apt-get install librsvg2-bin' in said, said
        assert "did you mean 'val/loss'?" in project.call('runs', 'plot', 'val/los', expect=2)
        assert 'ends in neither' in project.call('runs', 'plot', 'loss', '--out', 'x.jpg', expect=2)
        timeline = json.loads((project.run / 'timeline.json').read_text(encoding='utf-8'))
        same('events', [e['k'] for e in timeline['events']], ['start', 'epoch_end', 'checkpoint', 'end'])
        assert timeline['samples'] and timeline['samples'][-1]['rss'] > 1 << 20
        header, *rows = (project.run / 'timeline.csv').read_text(encoding='utf-8').splitlines()
        same('header', header.split(',')[:4], ['elapsed_ms', 'cpu', 'ram_used', 'ram_total'])
        same('rows', len(rows), len(timeline['samples']))


if __name__ == '__main__':
    sys.exit(main(Tests))
