"""What the page shows of recorded runs, and how it is used."""

import json
import time

from acts import A, B, C, chart, one_live, open_run, points_of, put, table_of, three_runs
from dashboard import Dashboard
from looks import contrasts, nameless
from recorded import columns

NASTY = ['<script>window.bad = 1</script>', '"quotes" & \'apostrophes\'', '\U0001f98a fox',
         '\u05e9\u05dc\u05d5\u05dd \u202ereversed', 'n' * 240, '<img src=x onerror="window.bad = 1">', '__proto__']
PLACES = {'loss': ('loss', 'Loss', 'each step'), 'step_ms': ('step time', 'Speed', 'each step'),
          'samples_per_s': ('samples per second', 'Speed', 'samples_per_s'), 'lr': ('lr', 'Optimisation', 'lr'),
          'grad_norm': ('grad_norm', 'Optimisation', 'grad_norm'),
          'resources/cpu_percent': ('CPU', 'Resources', 'cpu'), 'resources/ram_bytes': ('memory', 'Resources', 'ram'),
          'resources/rss_bytes': ('memory', 'Resources', 'rss'), 'resources/gpu0_percent': ('GPU use', 'Resources', 'gpu0'),
          'resources/gpu0_memory_bytes': ('GPU memory', 'Resources', 'gpu0_memory')}


def place(name):
    """(chart, group, label) of a recorded series."""
    part, _, metric = name.partition('/')
    if part in ('train', 'val'):
        return metric, 'Loss' if metric == 'loss' else 'Metrics', part
    if part == 'observe':
        path, _, what = metric.rpartition('.')
        return what, 'Observed values', path
    return PLACES[name]


def numbers(browser, fdl, _):
    """Every recorded point of every series is in its chart's table, and the last ones beside the lines."""
    with three_runs(browser, fdl) as server:
        run, tables = server.runs[A], {}
        open_run(browser, server, A)
        for name in run.series:
            title, group, label = place(name)
            if (title, group) not in tables:
                tables[title, group] = table_of(browser, title, group)
            found, wanted = tables[title, group][label], points_of(run, name)
            assert found == wanted, f'{name}: {len(found)} of {len(wanted)} points'
            last = browser.evaluate(f'{chart(title, group)}.chart.lines.map(l => [l.label, l.points.value.at(-1)])')
            assert [label, run.series[name]['value'][-1]] in last, (name, last)
        shown = browser.evaluate(f'{chart("accuracy")}.querySelector(".readout").textContent')
        assert f'{run.series["val/accuracy"]["value"][-1]:.5g}' in shown, shown
        words = browser.evaluate(f'{chart("accuracy")}.querySelector(".unseen").textContent')
        assert 'min' in words and f'{max(run.series["train/accuracy"]["value"]):.5g}' in words, words


def tables(browser, fdl, _):
    """Confusion matrix, other tables, profile, marks, manifest, environment, samples and log."""
    with three_runs(browser, fdl) as server:
        open_run(browser, server, A)
        run = server.runs[A]
        matrix = run.tables['val/confusion_matrix']
        found = browser.evaluate('''[...document.querySelectorAll(".confusion tbody tr")].map(
            r => [...r.querySelectorAll("td[data-value]")].map(c => Number(c.dataset.value)))''')
        assert found == matrix['rows'], found
        assert browser.texts('.confusion tbody th') == matrix['labels']
        first = browser.text('.confusion tbody td')
        assert f'{100 * matrix["rows"][0][0] / sum(matrix["rows"][0]):.3g} %' in first and '900' in first, first
        assert browser.texts('[data-table="val/overlap"] td') == ['1', '0.25', '0.25', '1']
        assert browser.evaluate('[...document.querySelectorAll("table")].every(t => t.caption)')
        assert browser.evaluate('[...document.querySelectorAll("th")].every(t => t.scope)')
        assert browser.texts('#s-profile tbody th') == ['hidden', 'relu_0']
        kinds = browser.evaluate('[...document.querySelectorAll("#s-marks tbody tr")].map(r => r.dataset.kind)')
        assert kinds == ['end'] + ['checkpoint'] * 5 + ['notice', 'start'], kinds
        browser.click('#manifest-filter')
        browser.type('adamw')
        browser.wait_for('document.querySelectorAll("#s-manifest tbody tr").length === 1')
        assert browser.texts('#s-manifest tbody td') == ['0.001', 'command line'], browser.texts('#s-manifest tbody td')
        assert '2.11.0' in browser.text('#s-environment')
        browser.wait_for('document.querySelector(".samples img")?.naturalWidth === 2')
        browser.click('.samples details:nth-child(2) summary')
        browser.wait_for('document.querySelector(".samples pre")?.textContent === \'{"label": "coat"}\'')
        browser.wait_for('document.querySelector(".log").textContent.endsWith("line 299")')


def model(browser, fdl, _):
    """Nodes of the drawing tell their numbers; it can be made larger; nothing in a drawing can act."""
    with three_runs(browser, fdl) as server:
        open_run(browser, server, A)
        browser.wait_for('document.querySelectorAll(".graph g.node").length > 3 || app.view.panels[2].failed')
        if browser.evaluate('Boolean(app.view.panels[2].failed)'):
            browser.forget_problems('api/graph')
            return 'skip: no Graphviz'
        browser.evaluate('[...document.querySelectorAll(".graph g.node")].find('
                         'n => n.ariaLabel === "node hidden").focus()')
        browser.key('Enter')
        told = browser.text('div.node')
        observed = server.runs[A].series['observe/hidden.std']['value'][-1]
        for part in ('hidden', 'forward2 ms', 'share70 %', f'std{observed:.5g}'):
            assert part in told, told
        before = browser.evaluate('document.querySelector(".graph svg").getBoundingClientRect().width')
        browser.click('button[aria-label=larger]')
        assert browser.evaluate('document.querySelector(".graph svg").getBoundingClientRect().width') > before
        found = browser.evaluate('''(() => { const made = cleanGraph(`<svg xmlns="http://www.w3.org/2000/svg" width="9pt">
            <script>window.bad = 1</script><g class="node" onclick="window.bad = 1" style="fill: red"><title>n</title>
            <a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:bad"><text>kept</text></a>
            <foreignObject><p>gone</p></foreignObject></g></svg>`);
            document.body.append(made); made.querySelector("g").dispatchEvent(new Event("click")); made.remove();
            return [made.outerHTML.replace(/\\s+/g, ""), window.bad ?? null]; })()''')
        assert found == ['<svgwidth="9pt"><gclass="node"><title>n</title>'
                         '<text>kept</text></g></svg>', None], found
    return None


def controls(browser, fdl, _):
    """Smoothing, log scale and the axis hold for all charts; zooming asks for more points."""
    with three_runs(browser, fdl) as server:
        open_run(browser, server, A)
        loss = server.runs[A].series['loss']['value']
        browser.key('s')
        browser.wait_for(f'{chart("loss", "Loss")}.chart.columns.some(c => c.isRaw)')
        smooth = f'{chart("loss", "Loss")}.chart.columns.find(c => !c.isRaw && c.x.length > 10).y.slice(0, 5)'
        total, share = 0, 0
        for value, shown in zip(loss, browser.evaluate(smooth)):
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
        browser.requests.clear()
        browser.drag('#charts figure .plot', 0.4, 0.6)
        browser.wait_for('controls.window !== null')
        low, high = browser.evaluate('controls.window')
        assert 200 < low < high < 800, (low, high)
        ranges = browser.evaluate('[...charts].filter(c => c.graph && c.isSeen).map(c => c.graph.xAxisRange())')
        assert len(ranges) > 1 and all(abs(r[0] - low) + abs(r[1] - high) < 1e-6 for r in ranges), ranges
        browser.wait_for('app.view.details.get("loss")?.points?.step.length > 0')
        assert any('api/series' in url and 'points=' in url for url in browser.requests), browser.requests
        steps = browser.evaluate(f'{chart("loss", "Loss")}.chart.lines[0].points.step')
        assert steps == sorted(set(steps)) and len(steps) == 1000, len(steps)
        browser.click('.controls button')
        browser.wait_for('controls.window === null')
        browser.drag('#charts figure .plot', 0.4, 0.6)
        browser.wait_for('controls.window !== null')
        browser.double_click('#charts figure .plot')
        browser.wait_for('controls.window === null')
        browser.hover('#charts figure .plot')
        browser.wait_for('document.querySelectorAll(".cross:not([hidden])").length > 1')


def listed(browser):
    return browser.evaluate('[...document.querySelectorAll(".runs tbody tr")].map(r => r.dataset.id)')


def listing(browser, fdl, _):
    """The list of runs is sorted, filtered and gone through with the keyboard."""
    with three_runs(browser, fdl) as server:
        browser.open(server.url('#/'))
        browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 3')
        assert listed(browser) == [A, B, C], listed(browser)  # the latest start on top
        browser.click('th[data-column=name] button')
        assert browser.evaluate('document.querySelector("th[data-column=name]").ariaSort') == 'ascending'
        browser.click('th[data-column=name] button')
        assert listed(browser) == [B, A, C], listed(browser)  # one without a name stays last
        for text, wanted in (('tag:cnn', [A]), ('state:failed', [C]), ('paper', [B]), ('state:"early stop"', [B]),
                             ('val/accuracy>2', []), ('val/accuracy>0.1 wide', [B]), ('step>=1000', [A, B, C])):
            browser.key('/')
            browser.evaluate('document.querySelector("#filter").select()')
            browser.type(text)
            browser.wait_for(f'document.querySelectorAll(".runs tbody tr").length === {len(wanted)}')
            assert sorted(listed(browser)) == sorted(wanted), (text, listed(browser))
            browser.key('Escape')
        browser.open('about:blank')
        browser.open(server.url('#/'))
        browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 3')
        browser.key('j')
        browser.key('j')
        assert browser.evaluate('document.activeElement.closest("tr").dataset.id') == B
        browser.key('Enter')
        browser.wait_for('location.hash.startsWith("#/run/")')
        browser.wait_for(f'app.view.id === {json.dumps(B)}')
        browser.key('Escape')
        browser.wait_for('location.hash === "#/"')


def thousand(browser, fdl, _):
    """1,000 runs are all there, and can be sorted; how long that took is told, not judged."""
    with Dashboard(browser, fdl) as server:
        for i in range(1000):
            run = put(server, f'sweep/run-{i:04}')
            run.series = {name: columns([9], [i / 1000 + (name == 'lr')]) for name in
                          ('loss', 'lr', 'step_ms', 'grad_norm', 'train/loss', 'val/loss')}
            run.write()
        server.begin()
        browser.open('about:blank')
        browser.call('Performance.enable', timeDomain='threadTicks')
        start = time.monotonic()
        browser.open(server.url('#/'))
        browser.wait_for('document.querySelectorAll(".runs tbody tr").length >= 50', 120)
        first = time.monotonic() - start
        browser.wait_for('document.querySelectorAll(".runs tbody tr").length === 1000')
        last = time.monotonic() - start
        spent = {m['name']: m['value'] for m in browser.call('Performance.getMetrics')['metrics']}
        browser.call('Performance.disable')
        browser.click('th[data-column=last] button')
        browser.wait_for('document.querySelector(".runs tbody tr").dataset.id === "sweep/run-0000"')
    return (f'first rows after {first:.2f} s, all after {last:.2f} s, of these {spent["ScriptDuration"]:.2f} s '
            f'scripts and {spent["LayoutDuration"]:.2f} s layout')


def compare(browser, fdl, _):
    """Chosen runs are drawn over one another, with their last and best values and differences."""
    with three_runs(browser, fdl) as server:
        browser.open(server.url('#/'))
        for row in (1, 2):
            browser.click(f'.runs tbody tr:nth-child({row}) input')
        browser.wait_for('!document.querySelector(".bar .main").disabled')
        browser.click('.bar .main')
        browser.wait_for('document.querySelectorAll("#s-diff tbody tr").length > 0')
        assert browser.texts('.legend a') == ['baseline', 'wide'], browser.texts('.legend a')
        assert browser.texts('#s-diff tbody td') == ['0.001', '0.01'], browser.texts('#s-diff tbody td')
        found = table_of(browser, 'val/accuracy', 'Metrics')
        assert found == {'baseline': points_of(server.runs[A], 'val/accuracy'), 'wide': points_of(server.runs[B], 'val/accuracy')}
        row = browser.evaluate('''[...document.querySelectorAll("#s-best tbody tr")].find(
            r => r.cells[0].textContent === "val/loss").textContent''')
        values = [run.series['val/loss']['value'] for run in (server.runs[A], server.runs[B])]
        assert row == 'val/loss' + ''.join(f'{v[-1]:.5g}{min(v):.5g}' for v in values), row
        winner = browser.evaluate('''[...document.querySelectorAll("#s-best tbody tr")].find(
            r => r.cells[0].textContent === "val/loss").querySelector(".winner").textContent''')
        assert winner == f'{min(min(v) for v in values):.5g}', winner
        colours = browser.evaluate('[...charts].map(c => c.lines.map(l => l.style).join()).filter(Boolean)')
        assert set(colours) == {'0,1'}, colours


def changes(browser, fdl, _):
    """Stop and note: after a question, with the token, which is asked for once."""
    with one_live(browser, fdl) as server:
        run = server.runs[A]
        open_run(browser, server, A)
        browser.click('.actions .danger')
        browser.wait_for('document.querySelector("dialog[open]")')
        browser.click('dialog button:not(.main)')
        browser.wait_for('!document.querySelector("dialog")')
        browser.click('.actions button:last-child')
        browser.wait_for('document.activeElement.name === "tags"')
        browser.type('one two')
        browser.click('#ask-note')
        browser.type('<b>note</b>')
        browser.click('dialog button.main')
        browser.wait_for('document.activeElement.type === "password"')
        browser.type('wrong')
        browser.key('Enter')
        browser.wait_for('document.querySelector("dialog[open] p")?.textContent.includes("this needs the token")')
        browser.type(server.token)
        browser.key('Enter')
        browser.wait_for('document.querySelector(".head .fine").textContent.includes("#one #two · <b>note</b>")')
        kept = json.loads((run.folder / 'notes.json').read_text())
        assert (kept['tags'], kept['note']) == (['one', 'two'], '<b>note</b>'), kept
        browser.click('.actions .danger')
        browser.click('dialog button.main')  # who holds the lock here is no engine
        browser.wait_for('document.querySelector("#complaint")?.textContent.includes("does not run")')
        browser.open('about:blank')
        browser.open(server.url(f'#token={server.token}'))
        browser.wait_for('kept("sessionStorage", "fdl-token") && !location.href.includes("token")')
    browser.forget_problems('status of 401', 'status of 409')


def nasty_run(server, i, name):
    run = put(server, f'x/{i} ' + name.replace('/', '\u2215'), end='failed', message=name, name=name, note=name, tags=[name])
    run.series |= {f'val/{name}': columns([200, 400], [0.5, 0.25]), f'observe/{name}.std': columns([200], [2.0])}
    small = {'labels': [name, 'b'], 'rows': [[1, 2], [3, 4]]}
    run.tables = {f'val/{name}': small, 'val/confusion_matrix': small}
    run.notices, run.log = [name], name
    run.manifest = f'description: {json.dumps(name, ensure_ascii=False)}\n{run.manifest}'
    return run.write()


def nasty(browser, fdl, _):
    """Names, tags, notes, labels and words of any kind are shown as text."""
    with Dashboard(browser, fdl) as server:
        for i, name in enumerate(NASTY):
            nasty_run(server, i, name)
        server.begin()
        browser.open(server.url('#/'))
        browser.wait_for(f'document.querySelectorAll(".runs tbody tr").length === {len(NASTY)}')
        for run, name in zip(server.runs, NASTY):
            browser.evaluate(f'location.hash = runLink({json.dumps(run)})')
            browser.wait_for(f'app.view.document?.id === {json.dumps(run)} && document.querySelector(".log")?.textContent')
            assert browser.text('h1') == name and name in browser.text('.head .box'), name
            assert browser.texts('.confusion tbody th')[0] == name
            assert browser.text('.log') == name
            assert name in browser.texts('#s-manifest tbody td.value')[0], browser.texts('#s-manifest tbody td.value')
            browser.wait_for(f'[...document.querySelectorAll("figure .title")].some(t => t.textContent === {json.dumps(name)})')
            browser.wait_for('document.documentElement.scrollWidth === 1280')
        browser.evaluate(f'location.hash = compareLink({json.dumps(list(server.runs))})')
        browser.wait_for(f'document.querySelectorAll(".legend a").length === {len(NASTY)}')
        assert browser.texts('.legend a') == NASTY
        browser.wait_for('document.querySelectorAll("#s-diff tbody tr").length === 1')
        browser.resize(400, 900)
        browser.wait_for('document.documentElement.scrollWidth === 400')
        browser.resize(1280, 900)
        assert browser.evaluate('window.bad === undefined && document.querySelector("main img:not(.samples img)") === null')


VIEWS = (('runs', '#/'), ('run', '#/run/' + A), ('failed', '#/run/' + C), ('compare', f'#/compare/{A},{B}'))


def looks(browser, fdl, screenshots):
    """Both themes at both widths: contrast, names of what can be used, no sideways scrolling."""
    with three_runs(browser, fdl) as server:
        for theme in ('light', 'dark'):
            browser.emulate(theme)
            for width in (1280, 400):
                browser.resize(width, 900)
                for name, fragment in VIEWS:
                    look(browser, server.url(fragment), (name, theme, width), screenshots)
        browser.key('?')
        browser.wait_for('document.querySelector("dialog[open]")')
        assert not nameless(browser)
        browser.key('Escape')
        browser.wait_for('!document.querySelector("dialog")')
        browser.key('t')
        assert browser.evaluate('document.documentElement.dataset.theme') == 'light'
        browser.evaluate('localStorage.clear()')
    browser.emulate('')
    browser.resize(1280, 900)


def look(browser, url, case, screenshots):
    _, theme, width = case
    browser.open('about:blank')
    browser.open(url)
    browser.wait_for('app.view && document.querySelector("tbody tr") && (document.querySelector(".runs") || charts.size)')
    assert browser.evaluate('document.documentElement.dataset.theme') == theme
    browser.wait_for(f'document.documentElement.scrollWidth === {width}')
    poor = contrasts(browser)
    assert not poor, f'{case}: {poor[:5]}'
    assert not nameless(browser), f'{case}: {nameless(browser)}'
    if screenshots:
        take(browser, screenshots / f'{"-".join(map(str, case))}.png', width)


def take(browser, path, width):
    """The whole page: as high as it is, so that all of its charts are drawn."""
    browser.resize(width, browser.evaluate('document.documentElement.scrollHeight'))
    browser.wait_for('[...charts].every(c => !c.isDirty)')
    time.sleep(0.3)
    browser.screenshot(path, whole=False)
    browser.resize(width, 900)


CASES = [numbers, tables, model, controls, listing, thousand, compare, changes, nasty, looks]
