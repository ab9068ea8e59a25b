// The head of a run: where it stands. And the controls that all charts share.

const SMOOTHINGS = [0, 0.6, 0.9, 0.97];
const AXES = ['step', 'epoch', 'time'];

function newHeader(view) {
  const header = { facts: h('dl', { class: 'facts' }), state: h('span', { role: 'status' }) };
  header.title = h('h1', { dir: 'auto' });
  header.about = h('p', { class: 'fine', dir: 'auto' });
  header.bar = h('progress', { max: 1, value: 0, 'aria-label': 'steps done' });
  header.words = h('div', { class: 'box bad', role: 'alert', hidden: true });
  header.actions = h('p', { class: 'actions', hidden: true },
    button('Save now', () => saveRun(view.document)),
    button('Stop…', () => stopRun(view.document), { class: 'danger' }),
    button('Note…', async () => { if (await editNotes(view.document.summary)) takeNotes(view); }));
  header.element = h('section', { class: 'head', 'aria-label': 'Where the run stands' },
    h('div', { class: 'bar' }, header.state, header.title, h('span', { class: 'grow' }), header.actions),
    header.about, header.bar, header.facts, header.words);
  return header;
}

async function takeNotes(view) {
  try {
    const told = await (await ask('run', [['id', view.id]])).json();
    view.document.summary = { id: view.id, ...told.summary };
  } catch { /* shown at the next look */ }
  draw();
}

function showHeader(view) {
  const made = view.document, { header } = view, status = made.status;
  if (header.shownState !== status.state) {
    header.shownState = status.state;
    header.state.replaceChildren(stateBadge(status.state));
  }
  setText(header.title, nameOf(made.summary));
  header.title.title = nameOf(made.summary);
  document.title = titleOf(made);
  const tags = (made.summary.tags || []).map((tag) => '#' + tag).join(' ');
  setText(header.about, [made.id, showStarted(made.summary.started), tags, made.summary.note]
    .filter(Boolean).join(' · '));
  header.bar.value = status.total_steps > 0 ? Math.min(1, status.step / status.total_steps) : 0;
  header.bar.hidden = !(status.total_steps > 0);
  showFacts(header.facts, factsOf(made));
  showWords(header.words, status);
  header.actions.hidden = !app.mayChange;
  const [save, stop] = header.actions.children;
  save.hidden = stop.hidden = !isRunning(made);
}

function titleOf(made) {
  const { step, total_steps: total } = made.status;
  const done = isRunning(made) && total > 0 ? `${Math.floor((100 * step) / total)} % ` : '';
  return `${done}${nameOf(made.summary)} · fdl`;
}

// What passed since the last record is added while the run goes on.
function factsOf(made) {
  const { status } = made;
  const since = isRunning(made) && !app.offline ? (performance.now() - made.received) / 1000 : 0;
  const facts = [
    ['epoch', showOf(status.epoch, status.epochs)],
    ['step', showOf(status.step, status.total_steps)],
    ['elapsed', status.seconds === undefined ? '' : showDuration(status.seconds + since)],
  ];
  if (isRunning(made)) {
    if (status.eta_s !== undefined) facts.push(['left', showDuration(Math.max(0, status.eta_s - since))]);
    if (status.samples_per_s !== undefined) facts.push(['samples/s', general(status.samples_per_s, 4)]);
    if (since > 20) facts.push(['no record for', showDuration(since)]);
  }
  if (made.plan && made.plan.num_parameters) facts.push(['parameters', showCount(made.plan.num_parameters)]);
  return facts.filter(([, value]) => value !== '');
}

function showFacts(element, facts) {
  const names = facts.map(([name]) => name).join();
  if (element.dataset.names !== names) {
    element.dataset.names = names;
    element.replaceChildren(...facts.map(([name]) => h('div', {}, h('dt', {}, name), h('dd', {}))));
  }
  facts.forEach(([, value], i) => setText(element.children[i].lastChild, value));
}

// Why it ended, where that is more than its state says.
function showWords(box, status) {
  const isBad = status.state === 'failed' || status.state === 'killed';
  const message = status.message || (status.state === 'killed' ? 'the engine was killed before it could say why' : '');
  const said = `${message}\n${status.last_words || ''}`.trim();
  const isShown = said !== '' && (isBad || Boolean(status.message)) && status.state !== 'running';
  box.classList.toggle('bad', isBad);
  if (box.dataset.said === said && box.hidden === !isShown) return;
  box.dataset.said = said;
  box.hidden = !isShown;
  box.replaceChildren(h('strong', { dir: 'auto' }, `${status.state || ''}: ${message}`),
    status.last_words ? h('pre', { tabindex: 0, role: 'region', 'aria-label': 'last words', dir: 'auto' },
      status.last_words) : '');
}

function newControls() {
  const made = {};
  made.smoothing = h('input', { type: 'range', id: 'smoothing', min: 0, max: 0.99, step: 0.01,
    value: controls.smoothing, input: () => setSmoothing(Number(made.smoothing.value)) });
  made.output = h('output', { for: 'smoothing' });
  made.log = h('input', { type: 'checkbox', id: 'log', change: () => setLog(made.log.checked) });
  made.marks = h('input', { type: 'checkbox', id: 'marks',
    change: () => { controls.marks = made.marks.checked; redrawCharts(); } });
  made.axis = h('select', { id: 'axis', change: () => setAxis(made.axis.value) },
    AXES.map((axis) => h('option', { value: axis }, axis)));
  made.reset = button('Show all', () => setWindow(null));
  made.element = h('div', { class: 'bar controls', role: 'group', 'aria-label': 'All charts' },
    h('label', { for: 'smoothing' }, h('span', {}, 'Smoothing'), made.smoothing, made.output),
    h('label', { for: 'axis' }, h('span', {}, 'Over'), made.axis),
    h('label', { for: 'log' }, made.log, h('span', {}, 'log scale')),
    h('label', { for: 'marks' }, made.marks, h('span', {}, 'marks')), made.reset);
  return made;
}

function showControls(view) {
  const made = view.controls;
  if (Number(made.smoothing.value) !== controls.smoothing) made.smoothing.value = controls.smoothing;
  setText(made.output, controls.smoothing.toFixed(2));
  made.log.checked = controls.log;
  made.marks.checked = controls.marks;
  made.axis.value = controls.axis;
  made.reset.hidden = controls.window === null;
  const noEpochs = view.document && stepsPerEpoch(view.document.status) === 0;
  made.axis.options[1].disabled = Boolean(noEpochs);
}

function controlsChanged() {
  if (app.view && app.view.controls) showControls(app.view);
  redrawCharts();
}

function setSmoothing(value) { controls.smoothing = value; controlsChanged(); }
function setLog(isOn) { controls.log = isOn; controlsChanged(); }

function setAxis(axis) {
  Object.assign(controls, { axis, window: null });
  controlsChanged();
}

function nextAxis() {
  const options = app.view.controls ? [...app.view.controls.axis.options] : [];
  const free = options.filter((option) => !option.disabled).map((option) => option.value);
  setAxis(free[(free.indexOf(controls.axis) + 1) % free.length]);
  say(`over ${controls.axis}`);
}

// The keys of views with charts. Whether the key was one of theirs.
function chartKey(event) {
  if (event.key === 'l') {
    setLog(!controls.log);
    say(controls.log ? 'log scale' : 'linear scale');
  } else if (event.key === 's') {
    setSmoothing(SMOOTHINGS.find((value) => value > controls.smoothing) || 0);
    say(`smoothing ${controls.smoothing}`);
  } else if (event.key === 'x') nextAxis();
  else if (event.key === 'Escape' && controls.window) setWindow(null);
  else return false;
  return true;
}
