// Several runs over one another.

async function openCompare(ids) {
  const view = { ids, charts: new Map(), sections: {}, documents: [], update() {} };
  view.leave = () => leaveCompare(view);
  view.key = (event) => chartKey(event);
  view.windowed = () => showControls(view);
  setTrail([`${ids.length} runs`]);
  byId('main').replaceChildren(h('p', { class: 'fine' }, 'reading…'));
  app.view = view;
  try {
    view.documents = await Promise.all(ids.map(fetchDocument));
    if (app.view !== view) return view;
    for (const id of ids) runColour(id);
    buildCompare(view);
    view.update = () => updateCompare(view);
    view.update();
    await showDifferences(view);
  } catch (problem) {
    if (app.view === view) complain(problem);
    return view;
  }
  if (!app.offline) view.timer = setTimeout(() => pollCompare(view), 5000);
  return view;
}

function leaveCompare(view) {
  clearTimeout(view.timer);
  for (const chart of view.charts.values()) dropChart(chart);
}

// Streams are for one run: a browser has only six of them. Those that go on are read again.
async function pollCompare(view) {
  try {
    if (!document.hidden) {
      view.documents = await Promise.all(view.documents.map(
        (made) => (isRunning(made) ? fetchDocument(made.id) : made)));
      if (app.view === view) draw();
    }
  } catch { /* the next time */ }
  if (app.view === view) view.timer = setTimeout(() => pollCompare(view), 5000);
}

function buildCompare(view) {
  view.chartOf = (spec) => comparedChart(view, spec);
  view.controls = newControls(view);
  view.legend = h('ul', { class: 'legend' });
  view.chartArea = h('div', { id: 'charts' });
  view.best = h('div', {});
  view.differences = h('div', {});
  byId('main').replaceChildren(h('h1', {}, 'Runs compared'), view.legend,
    card('Last and best', 'best', view.best), h('div', {}, view.controls.element, view.chartArea),
    card('Where the manifests differ', 'diff', view.differences));
}

function updateCompare(view) {
  showControls(view);
  view.legend.replaceChildren(...view.documents.map((made) => h('li', {}, swatch(runColour(made.id)),
    h('a', { href: runLink(made.id), dir: 'auto', title: made.id }, labelOf(view, made)),
    stateBadge(made.status.state))));
  const names = [...new Set(view.documents.flatMap((made) => Object.keys(made.series)))]
    .filter((name) => !isTotal(name));
  const specs = names.map((name) => {
    const [group] = placeOf(name, new Set(names));
    return { key: `${group}/${name}`, group, title: name, format: valueFormat(name) };
  });
  placeCharts(view, specs.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group)));
  for (const chart of view.charts.values()) touchChart(chart);
  view.best.replaceChildren(scrolled('Last and best values', bestTable(view, names)));
}

// Runs of one name are told apart by their folders.
function labelOf(view, made) {
  const name = nameOf(made.summary);
  const isShared = view.documents.some((other) => other !== made && nameOf(other.summary) === name);
  return isShared ? `${name} (${made.id})` : name;
}

function comparedChart(view, spec) {
  if (view.charts.has(spec.key)) return view.charts.get(spec.key);
  const chart = newChart({
    ...spec,
    mayBeLog: mayBeLog(spec),
    lines: () => view.documents.filter((made) => made.series[spec.title]).map((made) => ({
      label: labelOf(view, made),
      style: runColour(made.id),
      points: made.series[spec.title],
      stepsPerEpoch: stepsPerEpoch(made.status),
    })),
    extent: () => extentOfRuns(view.documents),
    note: spec.title === 'step_ms' && view.documents.length === 1 ? percentileNote : null,
  });
  view.charts.set(spec.key, chart);
  return chart;
}

// One row for each metric with a best; beside each run's last value its best one.
function bestTable(view, names) {
  const ways = Object.assign({}, ...view.documents.map((made) => made.recorded || {}));
  const metrics = names.filter((name) => Object.hasOwn(ways, name));
  const heads = view.documents.flatMap((made) => [
    h('th', { scope: 'col', class: 'number', dir: 'auto' }, `${labelOf(view, made)} last`),
    h('th', { scope: 'col', class: 'number' }, 'best')]);
  const rows = metrics.map((name) => {
    const found = view.documents.map((made) => made.series[name] && bestOf(made.series[name], ways[name]));
    const values = found.filter(Boolean).map((one) => one.value);
    const winner = ways[name] === 'max' ? Math.max(...values) : Math.min(...values);
    return h('tr', {}, h('th', { scope: 'row' }, name), view.documents.flatMap((made, i) => [
      h('td', { class: 'number' }, found[i] ? showNumber(lastValue(made.series[name])) : ''),
      h('td', { class: 'number' + (found[i] && found[i].value === winner ? ' winner' : '') },
        found[i] ? showNumber(found[i].value) : '')]));
  });
  return h('table', {}, h('caption', { class: 'unseen' }, 'Last and best values; the best of a row is bold'),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'metric'), heads)), h('tbody', {}, rows));
}

async function showDifferences(view) {
  const rows = await fetchDifferences(view.documents);
  if (rows.length === 0) {
    view.differences.replaceChildren(h('p', { class: 'fine' }, 'They do not.'));
    return;
  }
  const heads = ['path', ...view.documents.map((made) => labelOf(view, made))];
  view.differences.replaceChildren(scrolled('Manifest differences', h('table', {},
    h('caption', { class: 'unseen' }, 'Values that are not the same in all runs'),
    h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col', dir: 'auto' }, head)))),
    h('tbody', {}, rows.map((row) => h('tr', {}, h('th', { scope: 'row', dir: 'auto' }, row.path),
      row.values.map((value) => (value === null ? h('td', { class: 'fine' }, 'not set')
        : h('td', { class: 'value', dir: 'auto' }, value)))))))));
}
