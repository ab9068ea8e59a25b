"""A server that speaks docs/adr/0061, for the page's own tests: its runs are made up, and it can be
stopped, started again, made to forget, and have its connections cut."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import made_up

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'lib/monitor/page'
DYGRAPHS = Path('/usr/share/javascript/dygraphs')
TOKEN = 'a-token-of-the-test'


def page_parts():
    scripts = [DYGRAPHS / 'dygraph.min.js'] + [PAGE / name for name in (PAGE / 'files.txt').read_text().split()]
    styles = [DYGRAPHS / 'dygraph.min.css', PAGE / 'page.css']
    return tuple('\n'.join(path.read_text(encoding='utf-8') for path in paths) for paths in (styles, scripts))


def page(data=None):
    """(HTML, policy), with the data of a report in it when there is some."""
    style, script = page_parts()
    html = (PAGE / 'page.html').read_text(encoding='utf-8')
    html = html.replace('<!--fdl:style-->', f'<style>{style}</style>')
    html = html.replace('<!--fdl:script-->', f'<script>{script}</script>')
    held = '' if data is None else json.dumps(data).replace('<', '\\u003c')
    html = html.replace('<!--fdl:data-->', f'<script type="application/json" id="fdl-data">{held}</script>')

    def digest(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return html, (f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src 'sha256-{digest(style)}'; "
                  "connect-src 'self'; img-src data: blob: 'self'")


def add_part(document, part):
    """A part added to a document, as lib/monitor/fold.h and the page do."""
    for name, points in part.get('series', {}).items():
        all_points = document['series'].setdefault(name, {'step': [], 'time': [], 'value': []})
        for key in all_points:
            all_points[key] += points[key]
    document['marks'] += part.get('marks', [])
    document['tables'].update(part.get('tables', {}))
    document['status'].update(part.get('status', {}))


class Run:
    """A document and the parts that came after it began: each part has a position."""

    def __init__(self, document, log='', graph=made_up.SVG, samples=None):
        self.document = {'series': {}, 'marks': [], 'tables': {}, 'status': {}} | document
        self.inode, self.parts = 1, []
        self.log, self.graph, self.samples = log, graph, samples or {'step-200.json': '{"label": "coat"}', 'step-200.png': made_up.png()}
        self.orders = []  # what was posted

    def position(self):
        return f'{self.inode}-{len(self.parts)}'

    def add(self, part):
        self.parts.append(part)
        add_part(self.document, part)

    def begin_anew(self, document):
        """As when a run goes on from an older checkpoint: other positions, other records."""
        self.document, self.parts, self.inode = document, [], self.inode + 1

    def after(self, position):
        """The parts after a position; None when it is of other records."""
        inode, count = position.split('-')
        return self.parts[int(count):] if int(inode) == self.inode else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # a page that was left


class StandIn:
    def __init__(self, runs, may_change=False, opened=''):
        self.runs, self.may_change, self.opened = runs, may_change, opened
        self.changed, self.streams, self.port, self.server = threading.Condition(), set(), 0, None
        self.asked = []
        self.html, self.policy = page()
        self.begin()

    def begin(self):
        owner = self

        class Handler(_Handler):
            stand_in = owner
        self.server = _Server(('127.0.0.1', self.port), Handler)
        self.port = self.server.server_address[1]
        self.is_up = True
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()

    def url(self, fragment=''):
        return f'http://127.0.0.1:{self.port}/{fragment}'

    def end(self):
        self.is_up = False
        self.server.shutdown()
        self.server.server_close()
        self.tell()

    def tell(self):
        with self.changed:
            self.changed.notify_all()

    def add(self, name, part):
        with self.changed:
            self.runs[name].add(part)
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    stand_in = None

    def log_message(self, *_):
        pass

    def answer(self, body, kind='application/json', status=200, more=()):
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for key, value in (('Content-Type', kind), ('Content-Length', str(len(data))), *more):
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, sentence, status=404):
        self.answer({'error': sentence, 'help': 'look at the list of runs'}, status=status)

    def do_GET(self):
        route, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        owner = self.stand_in
        owner.asked.append(self.path)
        if route == '/':
            return self.answer(owner.html, 'text/html; charset=utf-8',
                               more=[('Content-Security-Policy', owner.policy)])
        if route == '/api/runs':
            return self.answer({'folder': 'runs', 'version': '0.0.0', 'opened': owner.opened,
                                'may_change': owner.may_change,
                                'runs': [run.document['summary'] for run in owner.runs.values()]})
        runs = [owner.runs.get(name) for name in query.get('id', [])]
        if not runs or None in runs:
            return self.refuse(f"there is no run '{query.get('id', [''])[0]}'")
        return self.about(route, runs, query)

    def about(self, route, runs, query):
        run = runs[0]
        if route == '/api/run':
            with self.stand_in.changed:
                return self.answer({**run.document, 'position': run.position()})
        if route == '/api/events':
            return self.stream(run, self.headers.get('Last-Event-ID') or query['from'][0])
        if route == '/api/series':
            return self.answer({'series': {name: self.stretch(run.document['series'][name], query)
                                           for name in query['name'] if name in run.document['series']}})
        if route == '/api/log':
            return self.answer(run.log, 'text/plain; charset=utf-8')
        if route == '/api/graph' and run.graph:
            return self.answer(run.graph, 'image/svg+xml')
        if route == '/api/diff':
            values = [{v['path']: v['value'] for v in r.document['manifest']['values']} for r in runs]
            rows = [{'path': path, 'values': [v.get(path) for v in values]} for path in values[0]]
            return self.answer({'rows': [row for row in rows if len(set(row['values'])) > 1]})
        if route == '/api/sample' and query['name'][0] in run.samples:
            kind = 'image/png' if query['name'][0].endswith('.png') else 'text/plain; charset=utf-8'
            return self.answer(run.samples[query['name'][0]], kind)
        return self.refuse('there is no such thing')

    @staticmethod
    def stretch(points, query):
        axis = points[query['x'][0]]
        low, high = float(query['from'][0]), float(query['to'][0])
        kept = [i for i, x in enumerate(axis) if low <= x <= high]
        return {key: [values[i] for i in kept] for key, values in points.items()}

    def stream(self, run, position):
        owner, server = self.stand_in, self.stand_in.server
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.end_headers()
        self.wfile.write(b'retry: 300\n\n')
        at = position
        while server is owner.server and owner.is_up:
            with owner.changed:
                parts = run.after(at)
                if parts == []:
                    owner.changed.wait(0.5)
                    continue
                count = int(at.split('-')[1])
            if parts is None:
                self.wfile.write(b'event: reset\ndata: {}\n\n')
                return
            for i, part in enumerate(parts):
                at = f'{run.inode}-{count + i + 1}'
                self.wfile.write(f'id: {at}\nevent: part\ndata: {json.dumps(part)}\n\n'.encode())

    def do_POST(self):
        query = parse_qs(urlsplit(self.path).query)
        run = self.stand_in.runs.get(query.get('id', [''])[0])
        body = json.loads(self.rfile.read(int(self.headers.get('Content-Length', 0))))
        if self.headers.get('X-FDL-Token') != TOKEN:
            return self.refuse('that is not the token', 403)
        run.orders.append((urlsplit(self.path).path, body))
        if self.path.startswith('/api/note'):
            run.document['summary'].update(body)
        return self.answer({'done': True})
