// One run: its state, its charts, and what is known of it.

async function openRun(id) {
  const view = { id, charts: new Map(), details: new Map(), sections: {}, update() {}, leave() {} };
  view.leave = () => leaveRun(view);
  view.key = (event) => chartKey(event);
  view.windowed = () => showControls(view);
  setTrail([id]);
  byId('main').replaceChildren(h('p', { class: 'fine' }, 'reading…'));
  app.view = view;
  try {
    view.document = await fetchDocument(id);
  } catch (problem) {
    if (app.view === view) runMissing(view, problem);
    return view;
  }
  if (app.view !== view) return view;
  buildRun(view);
  view.update = () => updateRun(view);
  view.update();
  if (app.offline) return view;
  view.stream = follow({
    id,
    document: view.document,
    changed: draw,
    replaced: (fresh) => { view.document = fresh; view.details.clear(); draw(); },
  });
  view.ticker = setInterval(() => tickRun(view), 1000);
  return view;
}

function runMissing(view, problem) {
  complain(problem);
  byId('main').replaceChildren(h('p', {}, h('a', { href: '#/' }, 'All runs')));
  if (problem instanceof TypeError) view.again = setTimeout(() => { if (app.view === view) route(); }, 2000);
}

function leaveRun(view) {
  if (view.stream) unfollow(view.stream);
  clearInterval(view.ticker);
  clearTimeout(view.again);
  for (const chart of view.charts.values()) dropChart(chart);
}

function buildRun(view) {
  view.chartOf = (spec) => chartOf(view, spec);
  view.header = newHeader(view);
  view.controls = newControls(view);
  view.jumps = h('nav', { class: 'jumps', 'aria-label': 'Sections' });
  view.chartArea = h('div', { id: 'charts' });
  view.panels = newPanels(view);
  byId('main').replaceChildren(view.header.element, view.jumps, h('div', {}, view.controls.element, view.chartArea),
    h('div', { class: 'panels' }, view.panels.map((panel) => panel.element)));
}

function updateRun(view) {
  const made = view.document;
  showHeader(view);
  showControls(view);
  if (view.drawn !== made.revision || view.drawnDocument !== made) {
    view.drawn = made.revision;
    view.drawnDocument = made;
    showCharts(view);
    for (const panel of view.panels) panel.update(made);
    showJumps(view);
  }
}

function tickRun(view) {
  if (document.hidden || !isRunning(view.document)) return;
  showHeader(view);
}

function showJumps(view) {
  const sections = [...view.chartArea.querySelectorAll('section'), ...view.panels.map((p) => p.element)]
    .filter((section) => !section.hidden);
  const names = sections.map((section) => section.querySelector('h2').textContent);
  if (view.jumpNames === names.join('\n')) return;
  view.jumpNames = names.join('\n');
  view.jumps.replaceChildren(...sections.map((section, i) => button(names[i],
    () => section.scrollIntoView({ block: 'start' }), { class: 'quiet' })));
}

// Charts appear as their first points are recorded, each in the section of its kind.
function showCharts(view) {
  const names = Object.keys(view.document.series);
  const said = names.join('\n');
  if (view.chartNames !== said) {
    view.chartNames = said;
    placeCharts(view, chartsOf(names));
  }
  for (const chart of view.charts.values()) touchChart(chart);
}

function placeCharts(view, specs) {
  for (const [key, chart] of view.charts) {
    if (specs.some((spec) => spec.key === key)) continue;
    dropChart(chart);
    chart.element.remove();
    view.charts.delete(key);
  }
  for (const group of GROUPS) {
    const own = specs.filter((spec) => spec.group === group);
    if (own.length === 0) continue;
    const figures = own.map((spec) => view.chartOf(spec).element);
    const section = view.sections[group] || sectionOf(view, group);
    // Small sections share a row: the room is divided by the number of their charts.
    section.style.flex = `${own.length} 1 min(100%, ${own.length * 390}px)`;
    const grid = section.querySelector('.charts');
    if (grid.children.length !== figures.length || figures.some((f, i) => grid.children[i] !== f)) {
      grid.replaceChildren(...figures);
    }
  }
}

function sectionOf(view, group) {
  const section = h('section', {}, h('h2', {}, group), h('div', { class: 'charts' }));
  section.rank = GROUPS.indexOf(group);
  view.sections[group] = section;
  const after = [...view.chartArea.children].find((one) => one.rank > section.rank) || null;
  view.chartArea.insertBefore(section, after);
  return section;
}

function chartOf(view, spec) {
  const old = view.charts.get(spec.key);
  if (old) {
    old.source = spec;
    return old;
  }
  const chart = newChart({
    ...spec,
    mayBeLog: mayBeLog(spec),
    lines: () => chart.source.series.map(({ name, label }, i) => ({
      label,
      style: styleOf(label, i),
      points: pointsOf(view, name),
      stepsPerEpoch: stepsPerEpoch(view.document.status),
    })),
    marks: () => view.document.marks,
    extent: () => extentOfRuns([view.document]),
    note: noteOf(view, spec),
    refine: (one) => refine(view, one),
  });
  chart.source = spec;
  view.charts.set(spec.key, chart);
  return chart;
}

function noteOf(view, { group, title }) {
  if (group === 'Speed' && title === 'step time') return percentileNote;
  return group === 'Resources' && title === 'memory' ? () => totalNote(view.document) : null;
}

function pointsOf(view, name) {
  const all = view.document.series[name] || { step: [], time: [], value: [] };
  const detail = view.details.get(name);
  return controls.window && detail && detail.points ? withDetail(all, detail.points) : all;
}

// Zooming asks for the stretch anew, with as many points as the whole had. Answered later: the
// chart is then drawn again.
async function refine(view, chart) {
  if (app.offline || !controls.window) return;
  const key = [controls.axis, ...controls.window].join(' ');
  const names = chart.source.series.map(({ name }) => name)
    .filter((name) => (view.details.get(name) || {}).key !== key);
  if (names.length === 0) return;
  const scale = controls.axis === 'epoch' ? stepsPerEpoch(view.document.status) : 1;
  for (const name of names) view.details.set(name, { key, points: (view.details.get(name) || {}).points });
  const round = controls.axis === 'time' ? [(x) => x, (x) => x] : [Math.floor, Math.ceil];
  try {
    const found = await fetchSeries(view.id, names, controls.axis,
      controls.window.map((x, i) => round[i](x * scale)));
    for (const name of names) {
      const detail = view.details.get(name);
      if (detail && detail.key === key) detail.points = found[name];
    }
    touchChart(chart);
  } catch {
    for (const name of names) view.details.delete(name);  // the points of the whole stay
  }
}
