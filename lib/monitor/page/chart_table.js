// What a chart tells in words and numbers: the values beside its lines, its summary, its table.

const MOST_ROWS = 1000;

// The last values; those nearest to x while the pointer is over a chart.
function showReadout(chart, x) {
  const { readout, lines } = chart;
  while (readout.children.length > lines.length) readout.lastChild.remove();
  lines.forEach((line, i) => {
    let item = readout.children[i];
    if (!item || item.dataset.of !== line.label + line.style) {
      const made = h('li', {}, swatch(line.style), h('span', { class: 'label' }, line.label),
        h('span', { class: 'value' }));
      made.dataset.of = line.label + line.style;
      if (item) item.replaceWith(made);
      else readout.append(made);
      item = made;
    }
    const { x: places, y } = chart.placed[i];
    const at = x === null ? y.length - 1 : nearest(places, x);
    setText(item.lastChild, chart.spec.format(y[at]));
  });
  setText(chart.at, x === null ? '' : hoverText(x));
}

function hoverText(x) {
  return controls.axis === 'time' ? showDuration(x) : `${controls.axis} ${general(x, 8)}`;
}

function describe(chart) {
  const format = chart.spec.format;
  const texts = chart.lines.map((line, i) => {
    const { least, most, last } = extremes(chart.placed[i].y);
    return Number.isFinite(least)
      ? `${line.label}: last ${format(last)}, min ${format(least)}, max ${format(most)}`
      : `${line.label}: last ${format(last)}`;
  });
  setText(chart.summary, texts.length ? texts.join('; ') + '.' : 'no points.');
  const note = chart.spec.note && chart.lines.length > 0 ? chart.spec.note(chart) : '';
  setText(chart.note, chart.lines.length > 0 ? note : emptyText());
  chart.note.hidden = chart.note.textContent === '';
}

function emptyText() {
  return controls.axis === 'epoch' ? 'this run has no epochs to count by' : 'nothing recorded yet';
}

// p50, p95 and p99 of what is seen of the first line.
function percentileNote(chart) {
  const seen = visible(chart.placed[0], controls.window).y;
  const values = [50, 95, 99].map((p) => `p${p} ${chart.spec.format(percentile(seen, p))}`);
  return `${values.join(' · ')} (of the ${showCount(seen.length)} points shown)`;
}

function toggleTable(chart) {
  const isShown = chart.table.hidden;
  chart.table.hidden = !isShown;
  chart.toggle.setAttribute('aria-pressed', String(isShown));
  if (isShown && chart.isDirty) drawChart(chart);
  if (isShown) fillTable(chart);
  else chart.table.replaceChildren();
}

// What was recorded, unsmoothed, in the stretch that is shown; exact values in data-value.
function fillTable(chart) {
  const columns = chart.placed.map((one) => visible(one, controls.window));
  const rows = rowsOf(columns);
  const last = rows.slice(-MOST_ROWS);
  const cut = rows.length > last.length
    ? `the last ${showCount(last.length)} of ${showCount(rows.length)} points` : `${showCount(rows.length)} points`;
  const head = h('tr', {}, h('th', { scope: 'col' }, controls.axis),
    chart.lines.map((line) => h('th', { scope: 'col' }, line.label)));
  const body = last.map((row) => h('tr', {},
    h('th', { scope: 'row', class: 'number', 'data-value': row[0] },
      controls.axis === 'time' ? showDuration(row[0]) : general(row[0], 8)),
    row.slice(1).map((value, i) => valueCell(chart, columns[i], row[0], value))));
  chart.table.replaceChildren(h('table', {}, h('caption', {}, `${chart.spec.title}: ${cut}`),
    h('thead', {}, head), h('tbody', {}, body)));
}

function valueCell(chart, column, x, value) {
  if (value === null) return h('td', {});
  const exact = Number.isNaN(value) ? column.y[column.x.indexOf(x)] : value;
  return h('td', { class: 'number', 'data-value': showExact(exact) }, chart.spec.format(exact));
}

function showExact(value) { return Number.isFinite(value) ? String(value) : general(value, 5); }
