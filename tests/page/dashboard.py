"""`fdl dashboard` on a folder of recorded runs, which can be ended and begun again on its port."""

import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path


class Dashboard:
    """`with Dashboard(browser, fdl) as server`: runs are put under `server.folder` before `server.begin()`."""

    def __init__(self, browser, fdl):
        self.browser, self.fdl, self.port, self.token, self.process = browser, fdl, 0, '', None
        self.runs = {}
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name).resolve() / 'runs'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.open('about:blank')  # a page that asks on after the end would find nobody
        self.end()
        for run in self.runs.values():
            run.drop_lock()
        self._folder.cleanup()

    def begin(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}
        self.process = subprocess.Popen([self.fdl, 'dashboard', self.folder.name, '--port', str(self.port)],
                                        cwd=self.folder.parent, env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, lines = '', queue.Queue()
        threading.Thread(target=self._read, args=(self.process.stdout, lines), daemon=True).start()
        while True:
            line = lines.get(timeout=120)
            assert line, f'fdl dashboard ended: {told}'
            told += line
            found = re.search(r'http://127\.0\.0\.1:(\d+)/#token=(\w+)', told)
            if found:
                self.port, self.token = int(found[1]), found[2]
                return self

    @staticmethod
    def _read(pipe, lines):
        for line in pipe:
            lines.put(line)
        lines.put('')

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.process = None

    def url(self, fragment=''):
        return f'http://127.0.0.1:{self.port}/{fragment}'
