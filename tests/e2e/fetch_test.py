#!/usr/bin/env python3
"""Fetches a known data set from a server of its own, as a network would have it: slow, cut off, wrong;
and kills the fetch at any moment. Needs Fashion-MNIST in the system's folder.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import argparse
import gzip
import http.server
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SET = Path('/usr/share/datasets/fashion-mnist')
NAMES = sorted(f'{part}-{what}.gz' for part in ('train', 't10k')
               for what in ('images-idx3-ubyte', 'labels-idx1-ubyte'))


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder, with ranges; `cut` bytes end each answer, `pace` seconds lie between pieces."""

    def __init__(self, folder):
        self.folder, self.cut, self.pace, self.ranges, self.asked = folder, None, 0, True, []
        super().__init__(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that is killed, or has enough, breaks the connection."""

    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.server.folder / self.path.lstrip('/')
        wanted = self.headers.get('Range')
        self.server.asked.append((self.path, wanted))
        if not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        start = int(wanted.split('=')[1].rstrip('-')) if wanted and self.server.ranges else 0
        if start and start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(body) - start))
        if start:
            self.send_header('Content-Range', f'bytes {start}-{len(body) - 1}/{len(body)}')
        self.end_headers()
        end = len(body) if self.server.cut is None else min(len(body), start + self.server.cut)
        for at in range(start, end, 1 << 16):
            self.wfile.write(body[at:min(at + (1 << 16), end)])
            time.sleep(self.server.pace)

    def log_message(self, *_):
        pass


class Bench:
    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder

    def fetch(self, *words, name='fashion_mnist'):
        return subprocess.run([self.fdl, 'data', 'fetch', name, *words], cwd=self.folder, text=True,
                              capture_output=True, check=False)

    def start(self, *words):
        return subprocess.Popen([self.fdl, 'data', 'fetch', 'fashion_mnist', *words], cwd=self.folder,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

    def files(self, folder='data/fashion_mnist'):
        path = self.folder / folder
        return sorted(p.name for p in path.iterdir()) if path.is_dir() else []


def is_set(bench):
    """Whether all files are there, with the right content."""
    for name in NAMES:
        path = bench.folder / 'data/fashion_mnist' / name
        if not path.is_file() or gzip.open(path).read() != gzip.open(SET / name).read():
            return False
    return True


def downloads(bench, server):
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 0, done.stderr
    assert bench.files() == NAMES, bench.files()
    assert is_set(bench)
    before = len(server.asked)
    again = bench.fetch('--mirror', server.url(), '--json')
    assert again.returncode == 0 and json.loads(again.stdout)['written'] == [], again.stdout
    assert len(server.asked) == before, 'what is there was asked for again'


def goes_on(bench, server):
    """A download that was cut off goes on where it was, also where a server cannot."""
    server.cut = 3_000_000
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 1 and 'FDL5103' in done.stderr, done.stderr
    # curl itself tries again; whatever it got lies in the part.
    part = bench.folder / 'data/fashion_mnist/.t10k-images-idx3-ubyte.gz.part'
    parts = [name for name in bench.files() if name.endswith('.part')]
    assert len(parts) == 1, bench.files()
    part = bench.folder / 'data/fashion_mnist' / parts[0]
    size = part.stat().st_size
    assert size >= 3_000_000
    server.cut = None
    server.asked.clear()
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 0, done.stderr
    assert server.asked[0][1] == f'bytes={size}-', server.asked[0]
    assert is_set(bench)


def begins_anew(bench, server):
    """A server without ranges, and a part that is of something else."""
    folder = bench.folder / 'data/fashion_mnist'
    folder.mkdir(parents=True)
    server.ranges = False
    (folder / '.train-images-idx3-ubyte.gz.part').write_bytes(b'\x1f\x8b\x08' + bytes(5000))
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 0, done.stderr
    assert is_set(bench)
    shutil.rmtree(folder)
    folder.mkdir()
    server.ranges = True
    (folder / '.train-images-idx3-ubyte.gz.part').write_bytes(bytes(40_000_000))
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 0, done.stderr
    assert is_set(bench)


def second_mirror(bench, server):
    done = bench.fetch('--mirror', server.url() + 'nowhere/', '--mirror', server.url())
    assert done.returncode == 0, done.stderr
    done = bench.fetch('--to', 'other', '--mirror', server.url() + 'nowhere/')
    assert done.returncode == 1 and 'FDL5103' in done.stderr and '404' in done.stderr, done.stderr


def wrong_files(bench, server):
    """Another content, and one that unpacks to far too much, are not kept."""
    bad = bench.folder / 'bad'
    bad.mkdir()
    for name in NAMES:
        shutil.copy(SET / name, bad / name)
    other = bytearray(gzip.open(SET / NAMES[0]).read())
    other[1000] ^= 1
    for content in (bytes(other), bytes(300_000_000), b''):
        with gzip.open(bad / NAMES[0], 'wb', compresslevel=1) as file:
            file.write(content)
        server.folder = bad
        done = bench.fetch('--mirror', server.url())
        assert done.returncode == 1, done.stderr
        assert NAMES[0] not in bench.files(), bench.files()
        done = bench.fetch('--from', 'bad')
        assert done.returncode != 0 and 'FDL5104' in done.stderr, done.stderr
        assert NAMES[0] not in bench.files(), bench.files()


def from_folder(bench, _):
    done = bench.fetch('--from', str(SET))
    assert done.returncode == 0, done.stderr
    assert is_set(bench)
    plain = bench.folder / 'plain'
    plain.mkdir()
    for name in NAMES:
        (plain / name[:-3]).write_bytes(gzip.open(SET / name).read())
    done = bench.fetch('--from', 'plain', '--to', 'copy')
    assert done.returncode == 0, done.stderr
    assert bench.files('copy') == sorted(name[:-3] for name in NAMES), bench.files('copy')


def plain_file(bench, server):
    """A set that mirrors do not pack is asked for as it is, and held to its pin all the same."""
    texts = bench.folder / 'texts'
    texts.mkdir()
    (texts / 'input.txt').write_bytes(b'First Citizen:\n' * 100)
    server.folder = texts
    done = bench.fetch('--mirror', server.url(), name='tiny_shakespeare')
    assert done.returncode == 1 and 'its content has only 1500 bytes' in done.stderr, done.stderr
    assert server.asked[0][0] == '/input.txt', server.asked
    assert 'input.txt' not in bench.files('data/tiny_shakespeare')
    done = bench.fetch('--from', 'texts/input.txt', name='tiny_shakespeare')
    assert done.returncode == 1 and 'FDL5104' in done.stderr, done.stderr


def wrong_archive(bench, server):
    """An archive with another hash is not even opened."""
    with tarfile.open(bench.folder / 'cifar-10-binary.tar.gz', 'w:gz') as archive:
        entry = tarfile.TarInfo('../escape')
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b'bad'))
    for words in (['--from', '.'], ['--mirror', server.url()]):
        server.folder = bench.folder
        done = bench.fetch(*words, name='cifar10')
        assert done.returncode != 0, done.stderr
        assert 'FDL5104' in done.stderr or 'SHA-256' in done.stderr, done.stderr
    assert not (bench.folder.parent / 'escape').exists()
    assert not any(name.endswith('.bin') for name in bench.files('data/cifar10'))


def killed(bench, server):
    """At any moment only whole files have their names; the next call ends the work."""
    draw = random.Random(3)
    server.pace = 0.0005
    for _ in range(12):
        process = bench.start('--mirror', server.url())
        time.sleep(draw.uniform(0.02, 0.9))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for name in bench.files():
            if name in NAMES:
                path = bench.folder / 'data/fashion_mnist' / name
                assert gzip.open(path).read() == gzip.open(SET / name).read(), name
    server.pace = 0
    done = bench.fetch('--mirror', server.url())
    assert done.returncode == 0, done.stderr
    assert is_set(bench)


TESTS = [downloads, goes_on, begins_anew, second_mirror, wrong_files, from_folder, plain_file, wrong_archive,
         killed]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('filter', nargs='?', default='')
    options = parser.parse_args()
    failed = False
    for test in TESTS:
        name = f'fetch/{test.__name__}'
        if options.filter not in name:
            continue
        if not SET.is_dir() or shutil.which('curl') is None:
            print(f'skip {name}: needs {SET} and curl')
            continue
        with tempfile.TemporaryDirectory() as folder:
            server = Server(SET)
            try:
                bench = Path(folder).resolve() / 'project'
                bench.mkdir()
                test(Bench(options.build.resolve() / 'bin/fdl', bench), server)
                print(f'ok {name}', flush=True)
            except AssertionError as problem:
                print(f'not ok {name}: {problem}', flush=True)
                failed = True
            finally:
                server.shutdown()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
