"""A run that goes on, and servers that come and go."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from acts import A, chart, check_loss, one_live, open_run, table_of, watched
from dashboard import Dashboard

# Long enough to be watched and stopped; small enough for any machine.
JOB = '''
model: { name: spirals, inputs: { x: "f32[2]" }, flow: [ { name: hidden, linear: 16 }, relu, { linear: 2 } ] }
data:
  train: { csv: { file: t.csv, x: [a, b], y: y } }
training: { epochs: EPOCHS, batch_size: 4, loss: cross_entropy, metrics: [accuracy, confusion_matrix], optimizer: { sgd: { lr: 0.1 } } }
'''


def late_join(browser, fdl, _):
    """A page opened in the middle has what was before, and every part that comes after, once."""
    with one_live(browser, fdl) as server:
        run = server.runs[A]
        run.add([1001], [0.25])
        open_run(browser, server, A)
        for step in range(1002, 1052):
            run.add([step], [step / 1e4])
        check_loss(browser, run)
        browser.wait_for('document.querySelector(".facts").textContent.includes("1,051/2,000")')
        assert browser.text('.head .state') == 'running'
        browser.wait_for('document.title.startsWith("52 %")')


def restart(browser, fdl, _):
    """A server that goes away and comes back: said in the head, and nothing is lost or doubled."""
    with watched(browser, fdl) as (server, run):
        for turn in range(2):
            server.end()
            browser.wait_for('document.querySelector("#connection").textContent === "reconnecting…"')
            for step in range(1002 + 10 * turn, 1012 + 10 * turn):
                run.add([step], [step / 1e4])
            server.begin()
            check_loss(browser, run)
            browser.wait_for('document.querySelector("#connection").textContent === ""')
        run.add([1022], [0.5])
        check_loss(browser, run)
    browser.forget_problems('ERR_CONNECTION', 'ERR_INCOMPLETE', 'ERR_EMPTY_RESPONSE')


def reset(browser, fdl, _):
    """A run that went on from an older checkpoint is read anew: what was cut off is gone."""
    with watched(browser, fdl) as (_, run):
        for points in run.series.values():
            for key in points:
                points[key] = points[key][:2]
        run.write_events()
        check_loss(browser, run)
        run.add([3], [0.5])
        check_loss(browser, run)


def killed(browser, fdl, _):
    """An engine that was killed is shown so at once, with its last words; then in the list."""
    with one_live(browser, fdl) as server:
        run = server.runs[A]
        open_run(browser, server, A)
        browser.wait_for('document.querySelector(".head .state").textContent === "running"')
        (run.folder / 'log.txt').write_text('terminate called\nafter <b>throwing</b>\n')
        run.drop_lock()
        browser.wait_for('document.querySelector(".head .state").textContent === "killed"')
        browser.wait_for('document.querySelector(".head .box").textContent.includes("after <b>throwing</b>")')
        assert browser.evaluate('document.querySelector(".head .state svg") !== null')
        browser.key('Escape')
        browser.wait_for('document.querySelector(".runs .state")?.textContent === "killed"')


def hidden(browser, fdl, _):
    """A tab that nobody sees draws nothing and holds no connection; seen again, it has everything."""
    with watched(browser, fdl) as (server, run):
        browser.evaluate('Object.defineProperty(document, "hidden", {get: () => window.isAway, configurable: true})')

        def show(is_away):
            browser.evaluate(f'window.isAway = {is_away}; document.dispatchEvent(new Event("visibilitychange"))')
        show('true')
        assert browser.evaluate('app.stream.source === null')
        for step in range(1002, 1012):
            run.add([step], [0.5])
        assert browser.evaluate('app.view.document.series.loss.step.at(-1)') == 1001
        show('false')
        check_loss(browser, run)


def thinned(browser, fdl, _):
    """A series that grew too long is read anew and thinned, keeps its spikes, and goes on from there."""
    with one_live(browser, fdl) as server:
        run = server.runs[A]
        open_run(browser, server, A)
        for begin in range(1001, 31001, 1000):
            steps = list(range(begin, begin + 1000))
            run.add(steps, [99.0 if step == 15000 else 0.5 + 1 / step for step in steps])
        browser.wait_for('app.view.document.series.loss.step.at(-1) === 30999 + 1')
        browser.wait_for('app.view.document.series.loss.step.length < 20000')
        assert browser.evaluate('Math.max(...app.view.document.series.loss.value)') == 99
        drawn = f'{chart("loss", "Loss")}.chart.rows'
        browser.wait_for(f'{drawn}.some(r => r[1] === 99 || r[2] === 99 || r[3] === 99)')
        thin = browser.evaluate('''(() => { const x = Array.from({length: 50000}, (_, i) => i), y = x.map(Math.sin);
            y[777] = 5; y[40001] = NaN; const all = forScreen({x, y}, null), some = forScreen({x, y}, [100.5, 200.5]);
            return [all.x.length <= 3000, all.y.includes(5), all.y.some(Number.isNaN), some.x[0], some.x.at(-1)]; })()''')
        assert thin == [True, True, True, 100, 202], thin
        run.add([31001], [0.125])
        browser.wait_for('app.view.document.series.loss.step.at(-1) === 31001')
        steps = browser.evaluate('app.view.document.series.loss.step')
        assert steps == sorted(set(steps)), 'a step is there twice'


def words_of_numbers(browser, fdl, _):
    """What is not finite, very small or large is written as elsewhere in the product."""
    with one_live(browser, fdl) as server:
        open_run(browser, server, A)
        for step, value in ((1001, 'nan'), (1002, 'inf'), (1003, 1.25e-5)):
            server.runs[A].add([step], [value])
        browser.wait_for('app.view.document.series.loss.step.at(-1) === 1003')
        found = browser.evaluate('app.view.document.series.loss.value.slice(-3).map(String)')
        assert found == ['NaN', 'Infinity', '0.0000125'], found
        browser.wait_for(f'{chart("loss", "Loss")}.querySelector(".value").textContent === "1.25e-05"')
        told = browser.evaluate(
            '[general(0.0123, 5), general(1.2e-5, 5), showDuration(3723), showBytes(1.5e9), showCount(421642), '
            'general(NaN, 3), general(-1/0, 3), general(123456.7, 5), general(2e9, 5)]')
        assert told == ['0.0123', '1.2e-05', '1:02:03', '1.4 GiB', '421,642', 'nan', '-inf', '123457', '2e+09'], told


def start_job(fdl, folder, epochs):
    (folder / 'fdl.yml').write_text(JOB.replace('EPOCHS', str(epochs)), encoding='utf-8')
    (folder / 't.csv').write_text('a,b,y\n' + ''.join(f'{i % 7},{i % 5},{"cat" if i % 2 else "dog"}\n' for i in range(400)))
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')} | {'FDL_THREADS': '1'}
    return subprocess.Popen([fdl, 'run'], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def only_run(folder):
    end = time.monotonic() + 120
    while not list(folder.glob('runs/*/*/events.jsonl')):
        assert time.monotonic() < end, 'the run never began'
        time.sleep(0.05)
    return next(folder.glob('runs/*/*/events.jsonl')).parent


def engine(browser, fdl, _):
    """A run of the engine itself: watched live, told to save, stopped; its numbers are the recorded ones."""
    if not (fdl.parent / 'fdl-engine').exists():
        return 'skip: the engine is not built'
    with Dashboard(browser, fdl) as server:
        job = start_job(fdl, server.folder.parent, 100000)
        try:
            run = only_run(server.folder.parent)
            server.begin()
            browser.open(server.url(f'#token={server.token}'))
            browser.wait_for('location.href.endsWith("/") || location.hash === "#/"')
            browser.evaluate(f'location.hash = runLink({json.dumps(str(run.relative_to(server.folder)))})')
            browser.wait_for('app.view.document?.series.loss?.step.length > 10')
            browser.click('.actions button')
            browser.wait_for('app.view.document.marks.some(m => m.kind === "checkpoint")')
            browser.click('.actions .danger')
            browser.click('dialog button.main')
            browser.wait_for('document.querySelector(".head .state").textContent === "stopped"')
            job.wait(60)
        finally:
            if job.poll() is None:
                job.send_signal(signal.SIGKILL)
            job.wait()
        check_engine(browser, run)
    return None


def check_engine(browser, run):
    """The series of epochs, and the last table, against the records themselves."""
    events = [json.loads(line) for line in (run / 'events.jsonl').read_text().splitlines()]
    epochs = [event for event in events if event['event'] == 'epoch']
    if epochs and len(epochs) < 1000:
        found = table_of(browser, 'accuracy', 'Metrics')['train']
        assert found == {event['step']: event['train/accuracy'] for event in epochs}
    rows = browser.evaluate('''[...document.querySelectorAll(".confusion tbody tr")].map(
        r => [...r.querySelectorAll("td[data-value]")].map(c => Number(c.dataset.value)))''')
    last = [event['train/confusion_matrix'] for event in epochs if 'train/confusion_matrix' in event]
    assert not last or rows == last[-1]['rows'], (rows, last[-1])


def report(browser, fdl, _):
    """report.html of a finished run: the same page as a file, with everything in it and nothing asked for."""
    if not (fdl.parent / 'fdl-engine').exists():
        return 'skip: the engine is not built'
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        assert start_job(fdl, folder, 3).wait(300) == 0
        file = only_run(folder) / 'report.html'
        if not file.is_file():
            return 'skip: runs write no report'
        browser.requests.clear()
        browser.open(file.as_uri())
        browser.wait_for('document.querySelectorAll(".confusion tbody tr").length === 2')
        check_engine(browser, file.parent)
        assert browser.text('.head .state') == 'done'
        browser.key('Escape')
        browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 1')
        browser.key('j')
        browser.key('Enter')
        browser.wait_for('charts.size > 3')
        browser.call('Page.printToPDF')
        assert browser.evaluate('[...charts].every(c => c.graph) && !isDark()')
        asked = [url for url in browser.requests if not url.startswith('data:')]
        assert set(asked) == {file.as_uri()}, asked
        size = file.stat().st_size
        compare_offline(browser, file)
        browser.open('about:blank')
    return f'{size // 1024} KiB'


def compare_offline(browser, file):
    """A report may hold several runs: the differences of their manifests are then found by the page."""
    begin = '<script type="application/json" id="fdl-data">'
    head, rest = file.read_text(encoding='utf-8').split(begin)
    held, tail = rest.split('</script>', 1)
    data = json.loads(held)
    (run_id, document), = data['documents'].items()
    other = json.loads(json.dumps(document)) | {'id': 'other'}
    other['summary'] |= {'id': 'other', 'name': 'the other'}
    other['manifest']['values'] = [one | {'value': '7'} if one['path'] == 'training.epochs' else one
                                   for one in other['manifest']['values']]
    data['runs'].append(other['summary'])
    data['documents']['other'] = other
    both = file.with_name('both.html')
    both.write_text(head + begin + json.dumps(data).replace('<', '\\u003c') + '</script>' + tail, encoding='utf-8')
    browser.open(f'{both.as_uri()}#/compare/{run_id},other')
    browser.wait_for('document.querySelectorAll("#s-diff tbody tr").length === 1')
    assert browser.texts('#s-diff tbody tr > *') == ['training.epochs', '3', '7']
    assert browser.texts('.legend a')[1] == 'the other'


CASES = [late_join, restart, reset, killed, hidden, thinned, words_of_numbers, engine, report]
