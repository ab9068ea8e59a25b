"""A real Chromium, driven over its DevTools pipe with nothing but the standard library."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')


def find_chromium():
    """The program, installed with apt where that may be done; None when there is none to be had."""
    for _ in range(2):
        for name in PROGRAMS:
            if shutil.which(name):
                return shutil.which(name)
        if os.getuid() != 0 or not shutil.which('apt-get'):
            return None
        subprocess.run(['apt-get', 'install', '-y', '-q', 'chromium'], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return None

# A page whose frames come late, as in a browser on a loaded machine.
LATE_FRAMES = '''{ const atOnce = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (work) => { setTimeout(() => atOnce(work), %d); return 0; }; }'''


class BrowserError(AssertionError):
    pass


class Browser:
    """One page. `problems` collects console errors, exceptions and violations of the policy; `requests`
    what was asked for."""

    def __init__(self, program, drawing_delay_ms=0):
        self.folder = tempfile.TemporaryDirectory()
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        # The browser reads from 3 and writes to 4: from high numbers, so that neither hides the other.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (reads, writes)]
        words = [program, '--headless=new', '--remote-debugging-pipe', '--disable-gpu', '--no-first-run',
                 '--disable-background-networking', '--disable-component-update', '--hide-scrollbars',
                 '--disable-dev-shm-usage', '--force-color-profile=srgb', f'--user-data-dir={self.folder.name}']
        if os.getuid() == 0:
            words.append('--no-sandbox')
        self.process = subprocess.Popen(
            ['bash', '-c', f'exec "$@" 3<&{high[0]} 4>&{high[1]}', 'browser', *words, 'about:blank'],
            pass_fds=high, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for fd in (reads, writes, *high):
            os.close(fd)
        self._lock, self._answers, self._count = threading.Condition(), {}, 0
        self._gone = False
        self.problems, self.requests, self._session = [], [], None
        threading.Thread(target=self._listen, daemon=True).start()
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Accessibility', 'Network', 'DOM', 'Audits'):
            self.call(f'{domain}.enable')
        if drawing_delay_ms:
            self.call('Page.addScriptToEvaluateOnNewDocument', source=LATE_FRAMES % drawing_delay_ms)
        self.resize(1280, 900)

    # The pipe.

    def _listen(self):
        held = b''
        while True:
            piece = os.read(self._in, 1 << 16)
            if not piece:
                break
            held += piece
            *whole, held = held.split(b'\0')
            for message in whole:
                self._take(json.loads(message))
        with self._lock:
            self._gone = True
            self._lock.notify_all()

    def _take(self, message):
        if 'id' in message:
            with self._lock:
                self._answers[message['id']] = message
                self._lock.notify_all()
            return
        told = message.get('params', {})
        kind = message['method']
        if kind == 'Runtime.exceptionThrown':
            details = told['exceptionDetails']
            text = details.get('exception', {}).get('description') or details['text']
            self.problems.append(f'exception: {text}')
        elif kind == 'Runtime.consoleAPICalled' and told['type'] in ('error', 'warning', 'assert'):
            self.problems.append('console: ' + ' '.join(str(a.get('value', a.get('description')))
                                                        for a in told['args']))
        elif kind == 'Log.entryAdded' and told['entry']['level'] in ('error', 'warning'):
            entry = told['entry']
            self.problems.append(f'{entry["source"]}: {entry["text"]} {entry.get("url", "")}')
        elif kind == 'Network.requestWillBeSent':
            self.requests.append(told['request']['url'])
        elif kind == 'Audits.issueAdded' and told['issue']['code'] == 'ContentSecurityPolicyIssue':
            self.problems.append(f'policy: {json.dumps(told["issue"]["details"])}')

    def call(self, method, **params):
        with self._lock:
            self._count += 1
            number = self._count
        message = {'id': number, 'method': method, 'params': params}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        with self._lock:
            if not self._lock.wait_for(lambda: number in self._answers or self._gone, timeout=120):
                raise BrowserError(f'the browser did not answer {method}')
            if number not in self._answers:
                raise BrowserError('the browser ended')
            answer = self._answers.pop(number)
        if 'error' in answer:
            raise BrowserError(f'{method}: {answer["error"]["message"]}')
        return answer['result']

    # What a person does.

    def open(self, url):
        self.call('Page.navigate', url=url)

    def evaluate(self, code):
        """The value of an expression, awaited."""
        result = self.call('Runtime.evaluate', expression=code, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in result:
            details = result['exceptionDetails']
            raise BrowserError(details.get('exception', {}).get('description') or details['text'])
        return result['result'].get('value')

    def wait_for(self, code, patience_s=60):
        """Until the expression is true. One that throws is not true yet."""
        end = time.monotonic() + patience_s
        while True:
            last = ''
            try:
                if self.evaluate(f'Boolean({code})'):
                    return
            except BrowserError as problem:
                last = problem
            if time.monotonic() > end:
                raise BrowserError(f'never came true: {code} {last}')
            time.sleep(0.05)

    def text(self, selector):
        return self.evaluate(f'document.querySelector({json.dumps(selector)})?.textContent')

    def texts(self, selector):
        return self.evaluate(f'[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)')

    def _middle(self, selector):
        """Where an element is, once it has come to rest and nothing lies over it."""
        quoted = json.dumps(selector)
        self.wait_for(f'document.querySelector({quoted})')
        for _ in range(100):
            found = self.evaluate(f'''(async () => {{
                const e = document.querySelector({quoted}), place = () => {{
                    const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2, b.width, b.height]; }};
                e.scrollIntoView({{block: "center", behavior: "instant"}});
                const first = place();
                for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
                const last = place(), hit = document.elementFromPoint(last[0], last[1]);
                const isFree = hit && (e.contains(hit) || hit.contains(e));
                return isFree && first.join() === last.join() ? last : null; }})()''')
            if found:
                return found
        raise BrowserError(f'{selector} never came to rest')

    def mouse(self, kind, x, y, **more):
        self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, **more)

    def click(self, selector):
        x, y, *_ = self._middle(selector)
        for kind in ('mousePressed', 'mouseReleased'):
            self.mouse(kind, x, y, button='left', clickCount=1)

    def hover(self, selector, part=0.5):
        x, y, width, _ = self._middle(selector)
        self.mouse('mouseMoved', x + (part - 0.5) * width, y)

    def double_click(self, selector):
        x, y, *_ = self._middle(selector)
        for count in (1, 2):
            for kind in ('mousePressed', 'mouseReleased'):
                self.mouse(kind, x, y, button='left', clickCount=count)

    def drag(self, selector, start, end):
        """From one part of an element's width to another, at half its height."""
        x, y, width, _ = self._middle(selector)
        places = [x + (part - 0.5) * width for part in (start, (start + end) / 2, end)]
        self.mouse('mouseMoved', places[0], y)
        self.mouse('mousePressed', places[0], y, button='left', clickCount=1)
        for place in places[1:]:
            self.mouse('mouseMoved', place, y, button='left', buttons=1)
        self.mouse('mouseReleased', places[2], y, button='left', clickCount=1)

    def type(self, text):
        self.call('Input.insertText', text=text)

    def key(self, name):
        """One press: 'j', '/', 'Enter', 'Escape', 'ArrowDown', 'Tab', ' '."""
        codes = {'Enter': 13, 'Escape': 27, 'ArrowDown': 40, 'ArrowUp': 38, 'Tab': 9}
        more = {'windowsVirtualKeyCode': codes.get(name, ord(name[0].upper()))}
        if len(name) == 1 or name == 'Enter':
            more['text'] = '\r' if name == 'Enter' else name
        self.call('Input.dispatchKeyEvent', type='keyDown', key=name, **more)
        self.call('Input.dispatchKeyEvent', type='keyUp', key=name, windowsVirtualKeyCode=more['windowsVirtualKeyCode'])

    def resize(self, width, height):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def emulate(self, theme):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': theme}])

    def screenshot(self, path, whole=True):
        shot = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot['data']))

    def accessible_nodes(self):
        return self.call('Accessibility.getFullAXTree')['nodes']

    def forget_problems(self, *parts):
        """Leaves out those that a test brought about itself."""
        self.problems[:] = [p for p in self.problems if not any(part in p for part in parts)]

    def close(self):
        try:
            self._session = None
            self.call('Browser.close')
        except (BrowserError, OSError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for fd in (self._in, self._out):
            try:
                os.close(fd)
            except OSError:
                pass
        for _ in range(20):  # its helpers let go of the folder a moment later
            try:
                self.folder.cleanup()
                return
            except OSError:
                time.sleep(0.2)
