// The list of all runs.

const COLUMNS = [['state', 'state'], ['name', 'name'], ['id', 'run'], ['started', 'started'],
  ['step', 'step'], ['last', 'last'], ['best', 'best'], ['time', 'time'], ['tags', 'tags'],
  ['note', 'note']];
const FIRST_ROWS = 60, MORE_ROWS = 200, MOST_RUNS = 2000;

// How the list is looked at stays while other views are open.
const list = { text: '', column: 'started', isDown: true, metric: '', all: false, current: null };

function openRuns() {
  const view = { rows: new Map(), order: '', current: list.current };
  view.update = () => showRuns(view);
  view.leave = () => {
    view.left = true;
    list.current = view.current;
    clearTimeout(view.timer);
  };
  view.key = (event) => runsKey(view, event);
  view.filter = h('input', { type: 'search', id: 'filter', value: list.text, autocomplete: 'off',
    spellcheck: 'false', placeholder: 'words, tag:x, state:killed, val/accuracy>0.9',
    input: () => { list.text = view.filter.value; showRuns(view); } });
  view.metric = h('select', { id: 'metric', change: () => { list.metric = view.metric.value; showRuns(view); } });
  view.compare = button('Compare', () => openChosen(), { class: 'main' });
  view.count = h('span', { class: 'fine', role: 'status' });
  view.body = h('tbody', {});
  view.heads = COLUMNS.map((column) => columnHead(view, column));
  view.table = h('table', { class: 'runs' },
    h('caption', { class: 'unseen' }, 'Runs. Each column head sorts by its column.'),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'compare')), view.heads)),
    view.body);
  view.more = h('p', {});
  byId('main').replaceChildren(
    h('div', { class: 'bar' }, h('h1', {}, 'Runs'), view.count, h('span', { class: 'grow' }),
      h('label', { for: 'filter', class: 'wide' }, h('span', {}, 'Filter'), view.filter),
      h('label', { for: 'metric' }, h('span', {}, 'Metric'), view.metric), view.compare),
    h('div', { class: 'card flush' }, scrolled('Table of runs', view.table)), view.more);
  setTrail([]);
  showRuns(view);
  poll(view);
  return view;
}

async function poll(view) {
  try {
    if (!document.hidden) {
      await fetchRuns();
      if (!view.left) draw();
    }
  } catch (problem) {
    if (!(problem instanceof TypeError)) complain(problem);
  }
  if (!view.left && !app.offline) view.timer = setTimeout(() => poll(view), 2000);
}

function columnHead(view, [key, title]) {
  const label = h('span', {}, title);
  const head = h('th', { scope: 'col', 'data-column': key, class: isNumeric(key) ? 'number' : null },
    h('button', { type: 'button', class: 'sort', click: () => sortBy(view, key) }, label));
  head.label = label;
  return head;
}

function isNumeric(key) { return ['step', 'last', 'best', 'time'].includes(key); }

function sortBy(view, key) {
  if (list.column === key) list.isDown = !list.isDown;
  else Object.assign(list, { column: key, isDown: isNumeric(key) && key !== 'last' && key !== 'best' });
  showRuns(view);
  say(`sorted by ${key}, ${list.isDown ? 'descending' : 'ascending'}`);
}

function showRuns(view) {
  showMetrics(view);
  const fits = filterOf(list.text);
  const found = sortedRuns(app.runs.filter(fits), list.column, list.isDown, list.metric);
  const shown = list.all ? found : found.slice(0, MOST_RUNS);
  for (const head of view.heads) {
    const isIt = head.dataset.column === list.column;
    head.setAttribute('aria-sort', isIt ? (list.isDown ? 'descending' : 'ascending') : 'none');
    const name = { last: `${list.metric} last`, best: `${list.metric} best` }[head.dataset.column];
    if (name && list.metric) setText(head.label, name);
  }
  setText(view.count, found.length === app.runs.length ? `${showCount(found.length)} in ${app.folder || 'this report'}`
    : `${showCount(found.length)} of ${showCount(app.runs.length)}`);
  setText(view.compare, `Compare ${app.chosen.size || ''}`.trim());
  view.compare.disabled = app.chosen.size < 2;
  placeRows(view, shown);
  const left = found.length - shown.length;
  view.more.replaceChildren(...(left > 0 ? [button(`Show ${showCount(left)} more`,
    () => { list.all = true; showRuns(view); })] : []));
  if (app.runs.length === 0) setText(view.more, 'No runs yet. `fdl run` makes one.');
  else if (found.length === 0) setText(view.more, 'No run fits the filter.');
}

function showMetrics(view) {
  const names = metricsOf(app.runs);
  if (!names.includes(list.metric)) list.metric = mainMetric(app.runs);
  if (view.names === names.join('\n')) return;
  view.names = names.join('\n');
  view.metric.replaceChildren(...names.map((name) => h('option', { value: name }, name)));
  view.metric.value = list.metric;
}

// Rows are made once and kept; the first screen at once, the others in the frames after it.
function placeRows(view, shown) {
  view.wanted = shown;
  const order = shown.map((run) => run.id).join('\n');
  const isSame = view.order === order;
  view.order = order;
  if (isSame) {
    for (const run of shown) if (view.rows.has(run.id)) rowOf(view, run);
    return;
  }
  view.body.replaceChildren(...shown.slice(0, FIRST_ROWS).map((run) => rowOf(view, run)));
  markCurrent(view);
  if (shown.length > FIRST_ROWS) requestAnimationFrame(() => moreRows(view, shown, FIRST_ROWS));
}

function moreRows(view, shown, from) {
  if (view.left || view.wanted !== shown && view.order !== shown.map((run) => run.id).join('\n')) return;
  view.body.append(...shown.slice(from, from + MORE_ROWS).map((run) => rowOf(view, run)));
  markCurrent(view);
  const next = from + MORE_ROWS;
  if (next < shown.length) requestAnimationFrame(() => moreRows(view, shown, next));
}

function rowOf(view, run) {
  const said = JSON.stringify([run, list.metric, app.mayChange]);
  let row = view.rows.get(run.id);
  if (!row) {
    row = h('tr', { click: (event) => openRow(event, run.id) });
    row.dataset.id = run.id;
    view.rows.set(run.id, row);
  }
  if (row.said !== said) {
    row.said = said;
    const link = row.querySelector('a');
    const hadFocus = link && document.activeElement === link;
    row.replaceChildren(...cellsOf(view, run));
    if (hadFocus) row.querySelector('a').focus();
  }
  row.querySelector('input').checked = app.chosen.has(run.id);
  return row;
}

function cellsOf(view, run) {
  const isCurrent = view.current === run.id;
  const box = h('input', { type: 'checkbox', tabindex: isCurrent ? 0 : -1, 'aria-label': `compare ${nameOf(run)}`,
    change: () => choose(view, run.id, box.checked) });
  const link = h('a', { href: runLink(run.id), tabindex: isCurrent ? 0 : -1, dir: 'auto' },
    run.id.split('/').pop());
  link.setAttribute('aria-label', nameOf(run));
  const edit = app.mayChange ? button('edit', async () => { if (await editNotes(run)) refresh(); },
    { class: 'quiet', tabindex: isCurrent ? 0 : -1, 'aria-label': `edit the note of ${nameOf(run)}` }) : null;
  return [
    h('td', {}, box),
    h('td', {}, stateBadge(run.state)),
    h('td', { class: 'text', dir: 'auto', title: run.name }, run.name),
    h('td', { class: 'text id', title: run.id }, h('span', { class: 'fine' }, parentOf(run.id)), link),
    h('td', { title: showStarted(run.started) }, showStarted(run.started).slice(0, 16)),
    h('td', { class: 'number' }, showOf(run.step, run.total_steps)),
    h('td', { class: 'number' }, showNumber(lastOf(run, list.metric))),
    h('td', { class: 'number' }, showNumber(bestIn(run, list.metric))),
    h('td', { class: 'number' }, showDuration(run.seconds)),
    h('td', { class: 'text' }, (run.tags || []).map((tag) => h('span', { class: 'tag', dir: 'auto' }, tag))),
    h('td', { class: 'text', title: run.note }, edit, h('span', { dir: 'auto' }, run.note)),
  ];
}

// Anywhere in a row but on what has a use of its own, and not at the end of selecting text.
function openRow(event, id) {
  if (event.target.closest('a, button, input') || String(getSelection())) return;
  location.hash = runLink(id);
}

function parentOf(id) { return id.includes('/') ? id.slice(0, id.lastIndexOf('/') + 1) : ''; }

async function refresh() {
  try { await fetchRuns(); } catch { /* the next look will tell */ }
  draw();
}

function choose(view, id, isChosen) {
  if (isChosen) app.chosen.add(id);
  else app.chosen.delete(id);
  showRuns(view);
}

function openChosen() { if (app.chosen.size > 1) location.hash = compareLink([...app.chosen]); }
