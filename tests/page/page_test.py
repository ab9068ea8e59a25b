#!/usr/bin/env python3
"""The dashboard's page in a real browser: what it shows is what was recorded.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
Any console error or violation of the page's policy fails the test in which it came up.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import made_up
from browser import Browser, BrowserError, find_chromium
from looks import contrasts, nameless
from stand_in import DYGRAPHS, TOKEN, Run, StandIn, page

ROOT = Path(__file__).resolve().parents[2]
A, B, C = (f'fashion_cnn/2026112{i}-035809-1bbc35' for i in (6, 5, 4))
NASTY = ['<script>window.bad = 1</script>', '"quotes" & \'apostrophes\'', '\U0001f98a fox',
         '\u05e9\u05dc\u05d5\u05dd \u202ereversed', 'n' * 300, '<img src=x onerror="window.bad = 1">', '__proto__']


def three_runs():
    log = '\n'.join(f'line {i}' for i in range(300))
    return {A: Run(made_up.document(A, 'done', 1, name='baseline', tags=['cnn', 'long']), log),
            B: Run(made_up.document(B, 'early stop', 2, lr='0.01', name='wide', note='as in the paper'), log),
            C: Run(made_up.document(C, 'failed', 3, lr='0.1', message='the loss is not finite'))}


def live_run():
    run = Run(made_up.document(A, 'running', 1))
    run.document['status'].update(step=1000, total_steps=2000, eta_s=8.0, samples_per_s=3721.3, epochs=10)
    return run


def open_run(browser, server, run_id):
    browser.open('about:blank')
    browser.open(server.url('#/run/' + run_id))
    browser.wait_for('document.querySelectorAll("figure.chart").length > 0')


def leave(browser, server):
    browser.open('about:blank')
    server.end()


def chart(title, group='Metrics'):
    """JavaScript for the figure of that title."""
    return f'[...document.querySelectorAll("figure.chart")].find(f => f.chart.spec.key === {json.dumps(f"{group}/{title}")})'


def table_of(browser, title, group):
    """The data table of a chart as {label: {step: value as written}}, opened by its button."""
    browser.evaluate(f'(f => {{ if (f.chart.table.hidden) f.querySelector("button").click(); }})({chart(title, group)})')
    browser.wait_for(f'{chart(title, group)}.querySelector("tbody tr")')
    rows = browser.evaluate(f'''[...{chart(title, group)}.querySelectorAll("tr")].map(
        r => [...r.cells].map(c => c.dataset.value ?? c.textContent))''')
    return {label: {float(row[0]): float(row[i]) for row in rows[1:] if row[i] != ''}
            for i, label in enumerate(rows[0]) if i > 0}


def place(name):
    """(chart, group, label) of a series that the made-up runs have."""
    part, _, metric = name.partition('/')
    if part in ('train', 'val'):
        return metric, 'Loss' if metric == 'loss' else 'Metrics', part
    if part == 'observe':
        path, _, what = metric.rpartition('.')
        return what, 'Observed values', path
    known = {'loss': ('loss', 'Loss', 'each step'), 'step_ms': ('step time', 'Speed', 'each step'),
             'samples_per_s': ('samples per second', 'Speed', name), 'lr': ('lr', 'Optimisation', 'lr'),
             'grad_norm': ('grad_norm', 'Optimisation', 'grad_norm'),
             'resources/cpu_percent': ('CPU', 'Resources', 'cpu'), 'resources/ram_bytes': ('memory', 'Resources', 'ram'),
             'resources/rss_bytes': ('memory', 'Resources', 'rss'),
             'resources/gpu0_percent': ('GPU use', 'Resources', 'gpu0'),
             'resources/gpu0_memory_bytes': ('GPU memory', 'Resources', 'gpu0_memory')}
    return known[name]


def numbers(browser, _):
    """Every recorded point of every series is in its chart's table, and the last ones beside the lines."""
    server = StandIn(three_runs())
    open_run(browser, server, A)
    document, tables = server.runs[A].document, {}
    for name, points in document['series'].items():
        title, group, label = place(name)
        if (title, group) not in tables:
            tables[title, group] = table_of(browser, title, group)
        found = tables[title, group][label]
        assert found == dict(zip(points['step'], points['value'])), f'{name}: {len(found)} of {len(points["step"])} points'
        last = browser.evaluate(f'{chart(title, group)}.chart.lines.map((l, i) => [l.label, l.points.value.at(-1)])')
        assert [label, points['value'][-1]] in last, (name, last)
    shown = browser.evaluate(f'{chart("accuracy")}.querySelector(".readout").textContent')
    assert f'{document["series"]["val/accuracy"]["value"][-1]:.5g}' in shown, shown
    words = browser.evaluate(f'{chart("accuracy")}.querySelector(".unseen").textContent')
    assert 'min' in words and f'{max(document["series"]["train/accuracy"]["value"]):.5g}' in words, words
    leave(browser, server)


def tables(browser, _):
    """Confusion matrix, other tables, profile, marks, manifest, environment, samples and log."""
    server = StandIn(three_runs())
    open_run(browser, server, A)
    matrix = server.runs[A].document['tables']['val/confusion_matrix']
    found = browser.evaluate('''[...document.querySelectorAll(".confusion tbody tr")].map(
        r => [...r.querySelectorAll("td[data-value]")].map(c => Number(c.dataset.value)))''')
    assert found == matrix['rows'], found
    assert browser.texts('.confusion tbody th') == matrix['labels']
    first = browser.text('.confusion tbody td')
    share = 100 * matrix['rows'][0][0] / sum(matrix['rows'][0])
    assert f'{share:.3g} %' in first and '900' in first, first
    assert browser.evaluate('[...document.querySelectorAll("table")].every(t => t.caption)')
    assert browser.evaluate('[...document.querySelectorAll("th")].every(t => t.scope)')
    assert browser.texts('#s-profile tbody th') == ['hidden', 'relu_0']
    assert len(browser.texts('#s-marks tbody tr')) == len(server.runs[A].document['marks'])
    browser.click('#manifest-filter')
    browser.type('adamw')
    browser.wait_for('document.querySelectorAll("#s-manifest tbody tr").length === 1')
    assert browser.texts('#s-manifest tbody td') == ['0.001', 'command line']
    assert '2.11.0' in browser.text('#s-environment')
    browser.wait_for('document.querySelector(".samples img")?.naturalWidth === 2')
    browser.click('.samples details:nth-child(2) summary')
    browser.wait_for('document.querySelector(".samples pre")?.textContent === \'{"label": "coat"}\'')
    assert browser.text('.log').endswith('line 299')
    leave(browser, server)


def model(browser, _):
    """The drawing is cleaned, its nodes tell their numbers, and it can be made larger."""
    server = StandIn(three_runs())
    open_run(browser, server, A)
    browser.wait_for('document.querySelectorAll(".graph g.node").length === 2')
    assert browser.evaluate('document.querySelector(".graph script") === null && window.bad === undefined')
    browser.evaluate('document.querySelector(".graph g.node").focus()')
    browser.key('Enter')
    told = browser.text('div.node')
    observed = server.runs[A].document['series']['observe/hidden.std']['value'][-1]
    for part in ('hidden', 'forward2 ms', 'share70 %', f'std{observed:.5g}'):
        assert part in told, told
    before = browser.evaluate('document.querySelector(".graph svg").clientWidth')
    browser.click('button[aria-label=larger]')
    assert browser.evaluate('document.querySelector(".graph svg").clientWidth') > before
    leave(browser, server)


def late_join(browser, _):
    """A page opened in the middle has what was before, and every part that comes after, once."""
    server = StandIn({A: live_run()})
    server.add(A, made_up.part(1001, value=0.25))
    open_run(browser, server, A)
    for step in range(1002, 1052):
        server.add(A, made_up.part(step, value=step / 1e4))
    check_loss(browser, server, 1051)
    assert '1,051/2,000' in browser.text('.facts'), browser.text('.facts')
    assert browser.text('.head .state') == 'running'
    assert browser.evaluate('document.title').startswith('52 %')
    leave(browser, server)


def check_loss(browser, server, step):
    """The page has exactly the points that were recorded, up to `step`."""
    browser.wait_for(f'app.view.document?.series.loss.step.at(-1) === {step}')
    browser.wait_for(f'{chart("loss", "Loss")}.chart.lines[0].points.step.at(-1) === {step}')
    points = server.runs[A].document['series']['loss']
    assert browser.evaluate('app.view.document.series.loss.step') == points['step']
    assert browser.evaluate('app.view.document.series.loss.value') == points['value']


def restart(browser, _):
    """A server that goes away and comes back: said in the head, and nothing is lost or doubled."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    server.add(A, made_up.part(1001))
    check_loss(browser, server, 1001)
    for turn in range(2):
        server.end()
        browser.wait_for('document.querySelector("#connection").textContent === "reconnecting…"')
        for step in range(1002 + 10 * turn, 1012 + 10 * turn):
            server.add(A, made_up.part(step, value=step / 1e4))
        server.begin()
        check_loss(browser, server, 1011 + 10 * turn)
        browser.wait_for('document.querySelector("#connection").textContent === ""')
    server.add(A, made_up.part(1022))
    check_loss(browser, server, 1022)
    leave(browser, server)
    browser.forget_problems('ERR_CONNECTION', 'ERR_INCOMPLETE', 'ERR_EMPTY_RESPONSE')


def reset(browser, _):
    """A run that went on from an older checkpoint is read anew: what was cut off is gone."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    server.add(A, made_up.part(1001))
    check_loss(browser, server, 1001)
    shorter = made_up.document(A, 'running', 1)
    for points in shorter['series'].values():
        for key in points:
            points[key] = points[key][:2]
    with server.changed:
        server.runs[A].begin_anew(shorter)
        server.changed.notify_all()
    check_loss(browser, server, 2)
    server.add(A, made_up.part(3))
    check_loss(browser, server, 3)
    leave(browser, server)


def killed(browser, _):
    """An engine that was killed is shown so at once, with its last words; then in the list."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    server.runs[A].document['summary']['state'] = 'killed'
    server.add(A, {'status': {'state': 'killed', 'message': 'the engine was killed by signal 9',
                              'last_words': 'terminate called\nafter <b>throwing</b>'}})
    browser.wait_for('document.querySelector(".head .state").textContent === "killed"')
    words = browser.text('.head .box')
    assert 'signal 9' in words and 'after <b>throwing</b>' in words, words
    assert browser.evaluate('document.querySelector(".head .state svg") !== null')
    browser.key('Escape')
    browser.wait_for('document.querySelector(".runs .state")?.textContent === "killed"')
    leave(browser, server)


def hidden(browser, _):
    """A tab that nobody sees draws nothing and holds no connection; seen again, it has everything."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    server.add(A, made_up.part(1001))
    check_loss(browser, server, 1001)
    browser.evaluate('Object.defineProperty(document, "hidden", {get: () => window.isAway, configurable: true})')
    def show(is_away):
        browser.evaluate(f'window.isAway = {is_away}; document.dispatchEvent(new Event("visibilitychange"))')
    show('true')
    assert browser.evaluate('app.stream.source === null')
    for step in range(1002, 1012):
        server.add(A, made_up.part(step))
    assert browser.evaluate('app.view.document.series.loss.step.at(-1)') == 1001
    show('false')
    check_loss(browser, server, 1011)
    leave(browser, server)


def thinned(browser, _):
    """A series that grew too long is read anew, once, and goes on from there."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    before = sum('api/run?' in path for path in server.asked)
    steps = list(range(1001, 21002))
    server.add(A, {'series': {'loss': made_up.points(steps, [1 / step for step in steps])}})
    check_loss(browser, server, 21001)
    server.add(A, made_up.part(21002))
    check_loss(browser, server, 21002)
    assert sum('api/run?' in path for path in server.asked) == before + 1, server.asked
    leave(browser, server)


def words_of_numbers(browser, _):
    """What is not finite, very small or large is written as elsewhere in the product."""
    server = StandIn({A: live_run()})
    open_run(browser, server, A)
    for step, value in ((1001, 'nan'), (1002, 'inf'), (1003, 1.25e-5)):
        server.add(A, made_up.part(step, value=value))
    browser.wait_for('app.view.document.series.loss.step.at(-1) === 1003')
    found = browser.evaluate('app.view.document.series.loss.value.slice(-3).map(String)')
    assert found == ['NaN', 'Infinity', '0.0000125'], found
    browser.wait_for(f'{chart("loss", "Loss")}.querySelector(".value").textContent === "1.25e-05"')
    told = browser.evaluate('[general(0.0123, 5), general(1.2e-5, 5), showDuration(3723), showBytes(1.5e9), '
                            'showCount(421642), general(NaN, 3), general(-1/0, 3), general(123456.7, 5), general(2e9, 5)]')
    assert told == ['0.0123', '1.2e-05', '1:02:03', '1.4 GiB', '421,642', 'nan', '-inf', '123457', '2e+09'], told
    leave(browser, server)


def controls(browser, _):
    """Smoothing, log scale and the axis hold for all charts; zooming asks for more points."""
    server = StandIn(three_runs())
    open_run(browser, server, A)
    loss = server.runs[A].document['series']['loss']['value']
    browser.key('s')
    browser.wait_for(f'{chart("loss", "Loss")}.chart.columns.some(c => c.isRaw)')
    found = browser.evaluate(f'{chart("loss", "Loss")}.chart.columns.find(c => !c.isRaw && c.x.length > 10).y.slice(0, 5)')
    total, share = 0, 0
    for value, shown in zip(loss, found):
        total, share = 0.6 * total + 0.4 * value, 0.6 * share + 0.4
        assert abs(shown - total / share) < 1e-12, (shown, total / share)
    browser.key('l')
    browser.wait_for(f'{chart("loss", "Loss")}.chart.graph.getOption("logscale")')
    browser.key('x')
    browser.wait_for(f'{chart("accuracy")}.chart.columns[0].x.join() === "1,2,3,4,5"')
    browser.key('x')
    browser.wait_for(f'Math.abs({chart("accuracy")}.chart.columns[0].x[0] - 1.6) < 1e-9')
    browser.key('x')
    browser.wait_for('controls.axis === "step"')
    server.asked.clear()
    browser.drag('#charts figure .plot', 0.4, 0.6)
    browser.wait_for('controls.window !== null')
    low, high = browser.evaluate('controls.window')
    assert 200 < low < high < 800, (low, high)
    ranges = browser.evaluate('[...charts].filter(c => c.graph && c.isSeen).map(c => c.graph.xAxisRange())')
    assert len(ranges) > 1 and all(abs(r[0] - low) + abs(r[1] - high) < 1e-6 for r in ranges), ranges
    browser.wait_for('app.view.details.get("loss")?.points?.step.length > 0')
    assert any('api/series' in path and 'points=' in path for path in server.asked), server.asked
    browser.click('.controls button')
    browser.wait_for('controls.window === null')
    browser.hover('#charts figure .plot')
    browser.wait_for('document.querySelectorAll(".cross:not([hidden])").length > 1')
    browser.evaluate('Object.assign(controls, {smoothing: 0, log: false})')
    leave(browser, server)


def listing(browser, _):
    """The list of runs is sorted, filtered and gone through with the keyboard."""
    server = StandIn(three_runs())
    browser.open(server.url('#/'))
    browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 3')
    def ids():
        return browser.evaluate('[...document.querySelectorAll(".runs tbody tr")].map(r => r.dataset.id)')
    browser.click('th[data-column=name] button')
    assert ids() == [A, B, C], ids()
    assert browser.evaluate('document.querySelector("th[data-column=name]").ariaSort') == 'ascending'
    browser.click('th[data-column=name] button')
    assert ids() == [B, A, C], ids()  # one without a name stays last
    browser.click('th[data-column=started] button')
    browser.click('th[data-column=started] button')
    for text, wanted in (('tag:cnn', [A]), ('state:failed', [C]), ('paper', [B]), ('state:"early stop"', [B]),
                         ('val/accuracy>2', []), ('val/accuracy>0.1 wide', [B]), ('step>=1000', [A, B, C])):
        browser.key('/')
        browser.evaluate('document.querySelector("#filter").select()')
        browser.type(text)
        browser.wait_for(f'document.querySelectorAll(".runs tbody tr").length === {len(wanted)}')
        assert sorted(ids()) == sorted(wanted), (text, ids())
        browser.key('Escape')
    browser.evaluate('Object.assign(list, {text: ""}); route()')
    browser.key('j')
    browser.key('j')
    assert browser.evaluate('document.activeElement.closest("tr").dataset.id') == ids()[1]
    browser.key('Enter')
    browser.wait_for('location.hash.startsWith("#/run/")')
    assert browser.evaluate('app.view.id') == B
    browser.key('Escape')
    browser.wait_for('location.hash === "#/"')
    browser.evaluate('list.text = ""')
    leave(browser, server)


def thousand(browser, _):
    """1,000 runs are all there; how long that took is told, not judged."""
    runs = {}
    for i in range(1000):
        name = f'sweep/run-{i:04}'
        small = made_up.summary(name, 'done', last={'val/loss': i / 1000}, best={'val/loss': {'value': i / 1000, 'step': 9}})
        runs[name] = Run({'id': name, 'summary': small})
    server = StandIn(runs)
    browser.open('about:blank')
    start = time.monotonic()
    browser.open(server.url('#/'))
    browser.wait_for('document.querySelectorAll(".runs tbody tr").length >= 50')
    first = time.monotonic() - start
    browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 1000')
    last = time.monotonic() - start
    browser.click('th[data-column=last] button')
    browser.wait_for('document.querySelector(".runs tbody tr").dataset.id === "sweep/run-0000"')
    leave(browser, server)
    return f'first rows after {first:.2f} s, all after {last:.2f} s'


def compare(browser, _):
    """Chosen runs are drawn over one another, with their last and best values and differences."""
    server = StandIn(three_runs())
    browser.open(server.url('#/'))
    for row in (1, 2):
        browser.click(f'.runs tbody tr:nth-child({row}) input')
    browser.wait_for('!document.querySelector(".bar .main").disabled')
    browser.click('.bar .main')
    browser.wait_for('document.querySelectorAll("#s-diff tbody tr").length > 0')
    assert browser.texts('.legend a') == ['baseline', 'wide'], browser.texts('.legend a')
    assert browser.texts('#s-diff tbody td') == ['0.001', '0.01'], browser.texts('#s-diff tbody td')
    found = table_of(browser, 'val/accuracy', 'Metrics')
    for name, run in (('baseline', A), ('wide', B)):
        points = server.runs[run].document['series']['val/accuracy']
        assert found[name] == dict(zip(points['step'], points['value']))
    best = browser.texts('#s-best tbody tr:first-child td')
    assert len(best) == 4 and browser.evaluate('document.querySelector("#s-best .winner") !== null')
    colours = browser.evaluate('[...charts].map(c => c.lines.map(l => l.style).join()).filter(Boolean)')
    assert set(colours) == {'0,1'}, colours
    browser.evaluate('app.chosen.clear(); app.colours.clear()')
    leave(browser, server)


def changes(browser, _):
    """Stop, save and note: after a question, with the token, which is asked for once."""
    run = live_run()
    server = StandIn({A: run}, may_change=True)
    open_run(browser, server, A)
    browser.click('.actions .danger')
    browser.wait_for('document.querySelector("dialog[open]")')
    browser.click('dialog button:not(.main)')
    browser.wait_for('!document.querySelector("dialog")')
    assert not run.orders, run.orders
    browser.click('.actions button')
    browser.wait_for('document.activeElement.type === "password"')
    browser.type('wrong')
    browser.key('Enter')
    browser.wait_for('document.querySelector("dialog[open] p")?.textContent.includes("that is not the token")')
    browser.type(TOKEN)
    browser.key('Enter')
    browser.wait_for('document.querySelector("#said").textContent.includes("checkpoint")')
    browser.click('.actions .danger')
    browser.click('dialog button.main')
    browser.wait_for('document.querySelector("#said").textContent.includes("stop")')
    browser.click('.actions button:last-child')
    browser.wait_for('document.activeElement.name === "tags"')
    browser.type('one two')
    browser.click('#ask-note')
    browser.type('<b>note</b>')
    browser.click('dialog button.main')
    browser.wait_for('document.querySelector(".head .fine").textContent.includes("#one #two · <b>note</b>")')
    assert run.orders == [('/api/save', {}), ('/api/stop', {}), ('/api/note', {'tags': ['one', 'two'], 'note': '<b>note</b>'})]
    browser.open('about:blank')
    browser.open(server.url(f'#token={TOKEN}'))
    browser.wait_for('kept("sessionStorage", "fdl-token") && !location.href.includes("token")')
    leave(browser, server)
    browser.forget_problems('403')


def nasty(browser, _):
    """Names, tags, notes, labels and words of any kind are shown as text."""
    runs = {}
    for i, name in enumerate(NASTY):
        document = made_up.document(f'x/{i} {name}', 'failed', name=name, note=name, tags=[name], message=name)
        document['series'] |= {f'val/{name}': made_up.points([1, 2], [0.5, 0.25]), f'observe/{name}.std': made_up.points([1], [2])}
        document['tables'] = {f'val/{name}': {'step': 1, 'labels': [name, 'b'], 'rows': [[1, 2], [3, 4]]},
                              'val/confusion_matrix': {'step': 1, 'labels': [name, 'b'], 'rows': [[1, 2], [3, 4]]}}
        document['marks'].append({'kind': 'notice', 'step': 1, 'time': 0.1, 'text': name})
        document['status'] |= {'message': name, 'last_words': name}
        document['manifest'] = {'text': name, 'values': [{'path': name, 'value': name, 'origin': name}]}
        runs[document['id']] = Run(document, log=name)
    server = StandIn(runs)
    browser.resize(1280, 900)
    browser.open(server.url('#/'))
    browser.wait_for(f'document.querySelectorAll(".runs tbody tr").length === {len(NASTY)}')
    for run, name in zip(runs, NASTY):
        browser.evaluate(f'location.hash = runLink({json.dumps(run)})')
        browser.wait_for(f'app.view.document?.id === {json.dumps(run)} && document.querySelector(".log")?.textContent')
        assert browser.text('h1') == name and name in browser.text('.head .box'), name
        assert browser.texts('.confusion tbody th')[0] == name
        assert browser.text('.log') == name
        assert browser.text('#s-manifest tbody th') == name
        browser.wait_for(f'[...document.querySelectorAll("figure .title")].some(t => t.textContent === {json.dumps(name)})')
        assert browser.evaluate('document.documentElement.scrollWidth') == 1280, name
    browser.evaluate(f'location.hash = compareLink({json.dumps(list(runs))})')
    browser.wait_for(f'document.querySelectorAll(".legend a").length === {len(NASTY)}')
    assert browser.texts('.legend a') == NASTY
    browser.resize(400, 900)
    browser.wait_for('document.documentElement.scrollWidth === 400')
    browser.resize(1280, 900)
    assert browser.evaluate('window.bad === undefined && document.querySelector("main img") === null')
    leave(browser, server)


def report(browser, _):
    """The same page as a file of its own: everything is there, and nothing is asked for."""
    server = StandIn(three_runs())
    held = {run: dict(server.runs[run].document, position='1-0') for run in (A, B)}
    data = {'runs': [one['summary'] for one in held.values()], 'opened': A, 'documents': held,
            'graphs': {A: made_up.SVG}, 'logs': {A: 'last line </script>'}}
    html, policy = page(data)
    server.html, server.policy = html, policy.replace("connect-src 'self'", "connect-src 'none'")
    server.asked.clear()
    browser.open('about:blank')
    browser.open(server.url())
    browser.wait_for('document.querySelector(".log")?.textContent.includes("last line </script>")')
    browser.wait_for('document.querySelectorAll(".graph g.node").length === 2')
    points = server.runs[A].document['series']['val/accuracy']
    assert table_of(browser, 'accuracy', 'Metrics')['val'] == dict(zip(points['step'], points['value']))
    assert browser.evaluate('document.querySelector("#s-samples").hidden')
    browser.evaluate(f'location.hash = compareLink({json.dumps([A, B])})')
    browser.wait_for('document.querySelectorAll("#s-diff tbody tr").length === 1')
    browser.key('Escape')
    browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 2')
    assert server.asked == ['/'], server.asked
    browser.evaluate(f'location.hash = runLink({json.dumps(A)})')
    browser.wait_for('charts.size > 10')
    browser.call('Page.printToPDF')
    assert browser.evaluate('[...charts].every(c => c.graph) && !isDark()')
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'report.html'
        file.write_text(html, encoding='utf-8')
        browser.open(file.as_uri())
        browser.wait_for('document.querySelector(".log")?.textContent.includes("last line")')
    assert len(html) - len(json.dumps(data)) < 300 * 1024, len(html)
    leave(browser, server)
    return f'{(len(html) - len(json.dumps(data))) // 1024} KiB without its data'


VIEWS = (('runs', '#/'), ('run', '#/run/' + A), ('failed', '#/run/' + C), ('compare', f'#/compare/{A},{B}'))


def looks(browser, screenshots):
    """Both themes at both widths: contrast, names of what can be used, no sideways scrolling."""
    server = StandIn(three_runs(), may_change=True)
    server.runs[A].document['status']['state'] = 'running'
    for theme in ('light', 'dark'):
        browser.emulate(theme)
        for width in (1280, 400):
            browser.resize(width, 900)
            for name, fragment in VIEWS:
                browser.open('about:blank')
                browser.open(server.url(fragment))
                browser.wait_for('app.view && document.querySelector("tbody tr") && (document.querySelector(".runs") || charts.size)')
                assert browser.evaluate('document.documentElement.dataset.theme') == theme
                wide = browser.evaluate('document.documentElement.scrollWidth')
                assert wide == width, f'{name} at {width} is {wide} wide'
                poor = contrasts(browser)
                assert not poor, f'{name}, {theme}: {poor[:5]}'
                assert not nameless(browser), f'{name}: {nameless(browser)}'
                if screenshots:
                    take(browser, screenshots / f'{name}-{theme}-{width}.png', width)
    browser.key('?')
    browser.wait_for('document.querySelector("dialog[open]")')
    assert not nameless(browser)
    browser.key('Escape')
    browser.wait_for('!document.querySelector("dialog")')
    browser.key('t')
    assert browser.evaluate('document.documentElement.dataset.theme') == 'light'
    browser.evaluate('localStorage.clear()')
    browser.emulate('')
    leave(browser, server)


def take(browser, path, width):
    """The whole page: as high as it is, so that all of its charts are drawn."""
    height = browser.evaluate('document.documentElement.scrollHeight')
    browser.resize(width, height)
    browser.wait_for('[...charts].every(c => !c.isDirty)')
    time.sleep(0.3)
    browser.screenshot(path, whole=False)
    browser.resize(width, 900)


TESTS = [numbers, tables, model, late_join, restart, reset, killed, hidden, thinned, words_of_numbers, controls, listing, thousand,
         compare, changes, nasty, report, looks]


def where(problem):
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f'{Path(frame.filename).name}:{frame.lineno}: {frame.line}'


def run_test(browser, test, screenshots):
    """The line to print, and whether it went well."""
    name = f'page/{test.__name__}'
    browser.problems.clear()
    try:
        told = test(browser, screenshots)
        assert not browser.problems, ' | '.join(browser.problems[:4])
    except (AssertionError, BrowserError) as problem:
        more = f' ({browser.problems[:3]})' if browser.problems else ''
        return f'not ok {name}: {str(problem) or where(problem)}{more}', False
    return f'ok {name}' + (f' ({told})' if told else ''), True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('--screenshots', type=Path, help='a folder for pictures of every view')
    parser.add_argument('names', nargs='*', help='only these tests')
    options = parser.parse_args()
    program = find_chromium()
    why = 'no chromium' if not program else '' if DYGRAPHS.is_dir() else 'no libjs-dygraphs'
    chosen = [test for test in TESTS if not options.names or test.__name__ in options.names]
    if why:
        for test in chosen:
            print(f'skip page/{test.__name__}: {why}')
        return 0
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    browser, good = Browser(program), True
    try:
        for test in chosen:
            line, went_well = run_test(browser, test, options.screenshots)
            good = good and went_well
            print(line, flush=True)
    finally:
        browser.close()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
