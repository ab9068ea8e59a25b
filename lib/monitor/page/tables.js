// Tables of a run: what was recorded as one, and confusion matrices with their heat.

function isConfusion(name) { return name.endsWith('confusion_matrix'); }

// A panel is {element, update(document)}; its element is hidden while it has nothing to show.
function tablesPanel() {
  const box = h('div', { class: 'tables' });
  const panel = { element: card('Tables', 'tables', box), made: new Map() };
  panel.element.hidden = true;
  panel.update = (made) => {
    const names = Object.keys(made.tables).sort();
    panel.element.hidden = names.length === 0;
    for (const name of names) {
      const said = JSON.stringify(made.tables[name]);
      if (panel.made.get(name) === said) continue;
      panel.made.set(name, said);
      const table = isConfusion(name) ? confusionTable(name, made.tables[name]) : plainTable(name, made.tables[name]);
      const held = h('div', { 'data-table': name }, scrolled(name, table));
      const old = [...box.children].find((one) => one.dataset.table === name);
      if (old) old.replaceWith(held);
      else box.append(held);
    }
  };
  return panel;
}

function tableCaption(name, table) {
  return h('caption', { dir: 'auto' }, table.step === undefined ? name : `${name}, step ${showCount(table.step)}`);
}

function plainTable(name, table) {
  const labels = table.labels || [];
  const hasRowLabels = labels.length === table.rows.length;
  const head = h('tr', {}, hasRowLabels ? h('th', { scope: 'col' }, '') : null,
    labels.map((label) => h('th', { scope: 'col', class: 'number', dir: 'auto' }, label)));
  const rows = table.rows.map((row, i) => h('tr', {},
    hasRowLabels ? h('th', { scope: 'row', dir: 'auto' }, labels[i]) : null,
    row.map((value) => h('td', { class: 'number', 'data-value': value }, showNumber(value)))));
  return h('table', {}, tableCaption(name, table), h('thead', {}, head), h('tbody', {}, rows));
}

// Rows are targets, columns answers. Each cell says its count and its part of the row; the colour
// only repeats that part.
function confusionTable(name, table) {
  const { labels } = table;
  const head = h('tr', {}, h('th', { scope: 'col' }, 'target \\ answer'),
    labels.map((label) => h('th', { scope: 'col', class: 'number', dir: 'auto' }, label)),
    h('th', { scope: 'col', class: 'number' }, 'right'));
  const rows = table.rows.map((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    const part = (value) => (sum > 0 ? value / sum : 0);
    return h('tr', {}, h('th', { scope: 'row', dir: 'auto' }, labels[i]),
      row.map((value, j) => confusionCell(value, part(value), i === j)),
      h('td', { class: 'number' }, showPercent(part(row[i]))));
  });
  return h('table', { class: 'confusion' }, tableCaption(name, table), h('thead', {}, head),
    h('tbody', {}, rows));
}

function confusionCell(value, part, isRight) {
  const cell = h('td', { class: 'number' + (isRight ? ' right' : ''), 'data-value': value },
    h('span', {}, showNumber(value)), ' ', h('span', { class: 'share' }, value === 0 ? '' : showPercent(part)));
  const strength = Math.round(Math.sqrt(part) * 62);
  const heat = isRight ? '--heat' : '--heat-wrong';
  if (strength > 0) cell.style.background = `color-mix(in srgb, var(${heat}) ${strength}%, var(--card))`;
  return cell;
}

function profilePanel() {
  const box = h('div', {});
  const panel = { element: card('Profile', 'profile', box) };
  panel.element.hidden = true;
  panel.update = ({ profile }) => {
    const said = JSON.stringify(profile || null);
    if (panel.said === said) return;
    panel.said = said;
    panel.element.hidden = !profile;
    if (!profile) return;
    const text = `${showCount(profile.num_steps)} steps measured, ${general(profile.step_ms, 4)} ms each.`;
    box.replaceChildren(h('p', { class: 'fine' }, text), scrolled('Time of each node', profileTable(profile)));
  };
  return panel;
}

function profileTable(profile) {
  const nodes = [...profile.nodes].sort((a, b) => b.share - a.share);
  const heads = ['node', 'calls', 'forward ms', 'backward ms', 'share'];
  return h('table', {}, h('caption', { class: 'unseen' }, 'Time of each node, the slowest first'),
    h('thead', {}, h('tr', {}, heads.map((head, i) => h('th', { scope: 'col', class: i ? 'number' : null }, head)))),
    h('tbody', {}, nodes.map((node) => h('tr', {}, h('th', { scope: 'row' }, node.path),
      [showCount(node.calls), general(node.forward_ms, 4), general(node.backward_ms, 4), showPercent(node.share)]
        .map((text) => h('td', { class: 'number' }, text))))));
}

function marksPanel() {
  const body = h('tbody', {});
  const table = h('table', {}, h('caption', { class: 'unseen' }, 'What happened, the latest first'),
    h('thead', {}, h('tr', {}, ['kind', 'step', 'time', 'what'].map((head, i) => h('th',
      { scope: 'col', class: i === 1 || i === 2 ? 'number' : null }, head)))), body);
  const panel = { element: card('Marks', 'marks', scrolled('Marks', table)), shown: 0 };
  panel.element.hidden = true;
  panel.update = ({ marks }) => {
    panel.element.hidden = marks.length === 0;
    if (panel.marks === marks && panel.shown === marks.length) return;
    Object.assign(panel, { marks, shown: marks.length });
    const last = marks.slice(-MOST_ROWS).reverse();
    body.replaceChildren(...last.map((mark) => h('tr', { 'data-kind': mark.kind }, h('td', {}, mark.kind),
      h('td', { class: 'number' }, showNumber(mark.step)),
      h('td', { class: 'number' }, showDuration(mark.time)), h('td', { dir: 'auto' }, mark.text || ''))));
  };
  return panel;
}
