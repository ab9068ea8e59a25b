"""What several tests do with the page."""

import contextlib
import json

from dashboard import Dashboard
from recorded import Run

A, B, C = (f'fashion_cnn/2026112{i}-035809-1bbc35' for i in (6, 5, 4))


def put(server, run_id, **about):
    """A run of that id, to be changed before `write`."""
    server.runs[run_id] = Run(server.folder / run_id, **about)
    return server.runs[run_id]


def three_runs(browser, fdl):
    server = Dashboard(browser, fdl)
    put(server, A, seed=1, name='baseline', tags=['cnn', 'long']).write()
    put(server, B, seed=2, end='early_stop', lr='0.01', name='wide', note='as in the paper').write()
    put(server, C, seed=3, end='failed', lr='0.1', message='the loss is not finite').write()
    return server.begin()


def one_live(browser, fdl):
    """A, which goes on, at the half of its steps."""
    server = Dashboard(browser, fdl)
    put(server, A, seed=1, end='', total_steps=2000).write()
    return server.begin()


@contextlib.contextmanager
def watched(browser, fdl):
    """The page of A, which has had its first new step; with the server that shows it."""
    with one_live(browser, fdl) as server:
        run = server.runs[A]
        open_run(browser, server, A)
        run.add([1001], [0.5])
        check_loss(browser, run)
        yield server, run


def open_run(browser, server, run_id):
    browser.open('about:blank')
    browser.open(server.url('#/run/' + run_id))
    browser.wait_for('document.querySelectorAll("figure.chart").length > 0')


def chart(title, group='Metrics'):
    """JavaScript for the figure of that title."""
    return f'[...document.querySelectorAll("figure.chart")].find(f => f.chart.spec.key === {json.dumps(f"{group}/{title}")})'


def table_of(browser, title, group):
    """The data table of a chart as {label: {step: value as written}}, opened by its button."""
    browser.wait_for(f'{chart(title, group)}')
    browser.evaluate(f'(f => {{ if (f.chart.table.hidden) f.querySelector("button").click(); }})({chart(title, group)})')
    browser.wait_for(f'{chart(title, group)}.querySelector("tbody tr")')
    rows = browser.evaluate(f'''[...{chart(title, group)}.querySelectorAll("tr")].map(
        r => [...r.cells].map(c => c.dataset.value ?? c.textContent))''')
    return {label: {float(row[0]): float(row[i]) for row in rows[1:] if row[i] != ''}
            for i, label in enumerate(rows[0]) if i > 0}


def points_of(run, name):
    points = run.series[name]
    return dict(zip(points['step'], points['value']))


def check_loss(browser, run):
    """The page has exactly the losses that were recorded."""
    steps, values = run.series['loss']['step'], run.series['loss']['value']
    browser.wait_for(f'app.view.document?.series.loss.step.at(-1) === {steps[-1]}')
    browser.wait_for(f'{chart("loss", "Loss")}.chart.lines[0].points.step.at(-1) === {steps[-1]}')
    assert browser.evaluate('app.view.document.series.loss.step') == steps
    assert browser.evaluate('app.view.document.series.loss.value') == values
