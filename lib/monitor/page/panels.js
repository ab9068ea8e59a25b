// What is known of a run besides its numbers: model, samples, manifest, environment, log.

function newPanels(view) {
  return [tablesPanel(view), samplesPanel(view), graphPanel(view), profilePanel(view), marksPanel(view),
    manifestPanel(view), environmentPanel(view), logPanel(view)];
}

const PICTURES = /\.(png|jpe?g|gif|webp)$/i;
const WORDS = /\.(txt|json|jsonl|csv|md|yml)$/i;

// The latest samples first, as the server lists them; each is fetched when it is opened. A report leaves them out.
function samplesPanel(view) {
  const box = h('div', { class: 'samples' });
  const panel = { element: card('Samples', 'samples', box) };
  panel.element.hidden = true;
  panel.update = (made) => {
    const names = app.offline ? [] : made.samples || [];
    panel.element.hidden = names.length === 0;
    if (panel.said === names.join('\n')) return;
    panel.said = names.join('\n');
    box.replaceChildren(...names.map((name, i) => sampleItem(view, name, i === 0)));
  };
  return panel;
}

function sampleItem(view, name, isFirst) {
  const place = h('div', {});
  const item = h('details', {}, h('summary', { dir: 'auto' }, name), place,
    h('p', {}, h('a', { href: sampleAddress(view.id, name), download: name.split('/').pop() }, 'the file')));
  item.addEventListener('toggle', () => { if (item.open && !place.firstChild) fillSample(view, name, place); });
  item.open = isFirst;
  return item;
}

async function fillSample(view, name, place) {
  const source = sampleAddress(view.id, name);
  if (PICTURES.test(name)) {
    place.append(h('img', { src: source, alt: `sample ${name}` }));
    return;
  }
  if (!WORDS.test(name)) {
    place.append(h('p', { class: 'fine' }, 'not a picture or text'));
    return;
  }
  try {
    const text = await (await ask('sample', [['id', view.id], ['name', name]])).text();
    place.append(h('pre', { tabindex: 0, role: 'region', 'aria-label': `sample ${name}`, dir: 'auto' },
      text.slice(0, 20000)));
  } catch (problem) {
    place.append(h('p', {}, problem.message));
  }
}

function manifestPanel() {
  const filter = h('input', { type: 'search', id: 'manifest-filter', autocomplete: 'off', spellcheck: 'false',
    placeholder: 'a path, a value or an origin', input: () => showRows() });
  const body = h('tbody', {});
  const table = h('table', {}, h('caption', { class: 'unseen' }, 'Values of the manifest and where each came from'),
    h('thead', {}, h('tr', {}, ['path', 'value', 'origin'].map((head) => h('th', { scope: 'col' }, head)))), body);
  const text = h('pre', { tabindex: 0, role: 'region', 'aria-label': 'manifest as text', dir: 'auto' });
  const panel = { element: card('Manifest', 'manifest',
    h('label', { for: 'manifest-filter', class: 'wide' }, h('span', {}, 'Filter'), filter),
    scrolled('Values of the manifest', table),
    h('details', {}, h('summary', {}, 'as text'), text)), values: [] };
  const showRows = () => {
    const wanted = filter.value.toLowerCase();
    const fits = (one) => [one.path, one.value, one.origin].join('\n').toLowerCase().includes(wanted);
    body.replaceChildren(...panel.values.filter(fits).map((one) => h('tr', {},
      h('th', { scope: 'row', dir: 'auto' }, one.path), h('td', { class: 'value', dir: 'auto' }, one.value),
      h('td', { class: 'fine', dir: 'auto' }, one.origin))));
  };
  panel.element.hidden = true;
  panel.update = ({ manifest }) => {
    panel.element.hidden = !manifest;
    if (!manifest || panel.text === manifest.text) return;
    panel.text = manifest.text;
    panel.values = manifest.values || [];
    setText(text, manifest.text || '');
    showRows();
  };
  return panel;
}

function environmentPanel() {
  const box = h('dl', { class: 'pairs' });
  const panel = { element: card('Environment', 'environment', box) };
  panel.element.hidden = true;
  panel.update = ({ environment }) => {
    const said = JSON.stringify(environment || null);
    if (panel.said === said) return;
    panel.said = said;
    const pairs = flatPairs(environment || {}, '');
    panel.element.hidden = pairs.length === 0;
    box.replaceChildren(...pairs.flatMap(([key, value]) => [h('dt', {}, key), h('dd', { dir: 'auto' }, value)]));
  };
  return panel;
}

function flatPairs(value, path) {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return [[path, value.join(' ')]];
  if (value === null || typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flatPairs(inner, path ? `${path}.${key}` : key));
}

// The end of log.txt, read again while the run goes on and somebody looks.
function logPanel(view) {
  const text = h('pre', { class: 'log', tabindex: 0, role: 'region', 'aria-label': 'end of the log', dir: 'auto' });
  const follows = h('input', { type: 'checkbox', id: 'follow', checked: true });
  const panel = { element: card('Log', 'log', h('label', { for: 'follow' }, follows, h('span', {}, 'follow')), text) };
  panel.element.hidden = true;
  const read = async () => {
    let found;
    try { found = await fetchLog(view.id); } catch { return; }
    panel.element.hidden = found === '';
    if (text.textContent !== found) text.textContent = found;
    if (follows.checked) text.scrollTop = text.scrollHeight;
    showJumps(view);
  };
  const again = () => {
    if (app.view !== view) return;
    const state = view.document.status.state;
    if (!document.hidden && (state === 'running' || panel.state !== state)) {
      panel.state = state;
      read();
    }
    setTimeout(again, 2000);
  };
  panel.update = (made) => {
    if (panel.state === undefined) {
      panel.state = made.status.state;
      read();
      if (!app.offline) setTimeout(again, 2000);
    }
  };
  return panel;
}
