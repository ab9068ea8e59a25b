// Links between the views, and the keys of the list of runs.

function encodeId(id) { return encodeURIComponent(id).replaceAll('%2F', '/'); }
function runLink(id) { return '#/run/' + encodeId(id); }
function compareLink(ids) { return '#/compare/' + ids.map(encodeId).join(','); }

// Where this is, beside the name of the program.
function setTrail(parts) {
  const items = [h('a', { href: '#/' }, 'Runs'), ...parts.map((part) => h('span', { dir: 'auto' }, part))];
  byId('trail').replaceChildren(...items);
  document.title = parts.length ? `${parts[parts.length - 1]} · fdl` : 'fdl';
}

// One row at a time can be reached with Tab: 1,000 runs are not 1,000 stops.
function markCurrent(view) {
  const rows = [...view.body.rows];
  if (!rows.some((row) => row.dataset.id === view.current)) view.current = rows.length ? rows[0].dataset.id : null;
  for (const row of rows) {
    const isIt = row.dataset.id === view.current;
    if (row.isCurrent === isIt) continue;
    row.isCurrent = isIt;
    for (const one of row.querySelectorAll('a, input, button')) one.tabIndex = isIt ? 0 : -1;
  }
}

function moveCurrent(view, by) {
  const rows = [...view.body.rows];
  if (rows.length === 0) return;
  const isInside = view.body.contains(document.activeElement);
  const at = rows.findIndex((row) => row.dataset.id === view.current);
  const next = isInside ? Math.min(rows.length - 1, Math.max(0, at + by)) : Math.max(0, at);
  view.current = rows[next].dataset.id;
  markCurrent(view);
  rows[next].querySelector('a').focus();
}

function runsKey(view, event) {
  const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  if (moves[event.key]) moveCurrent(view, moves[event.key]);
  else if (event.key === '/') view.filter.focus();
  else if (event.key === ' ' && view.body.contains(document.activeElement)
    && document.activeElement.tagName === 'A') {
    choose(view, view.current, !app.chosen.has(view.current));
  } else if (event.key === 'c') openChosen();
  else return false;
  return true;
}
