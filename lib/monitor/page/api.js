// Everything the page asks the server for; a report asks nobody and answers from what it holds.

class Refusal extends Error {
  constructor(status, sentence, help) {
    super(help ? `${sentence}; ${help}` : sentence);
    this.status = status;
  }
}

function address(route, pairs) {
  const query = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  return `api/${route}${query ? '?' + query : ''}`;
}

function connection(text) { setText(byId('connection'), text); }

async function refusal(response) {
  let told = {};
  try { told = await response.json(); } catch { /* not one of ours: the status must do */ }
  return new Refusal(response.status, told.error || `the server answered ${response.status}`, told.help);
}

// Errors: Refusal when the server says no; TypeError, as fetch has it, when nobody answers.
async function ask(route, pairs, options) {
  let response;
  try {
    response = await fetch(address(route, pairs || []), { cache: 'no-store', ...options });
  } catch (problem) {
    connection('reconnecting…');
    throw problem;
  }
  if (!app.stream || app.stream.open) connection('');
  if (!response.ok) throw await refusal(response);
  return response;
}

async function fetchRuns() {
  if (app.offline) return;
  const told = await (await ask('runs')).json();
  Object.assign(app, {
    folder: told.folder, version: told.version, opened: told.opened, mayChange: told.may_change,
    runs: told.runs,
  });
}

function missing(what) { return new Refusal(404, `this report holds no ${what}`); }

async function fetchDocument(id) {
  if (!app.offline) return newDocument(await (await ask('run', [['id', id]])).json());
  const held = (app.offline.documents || {})[id];
  if (!held) throw missing(`run '${id}'`);
  return newDocument(held);
}

async function fetchText(route, id, held) {
  if (!app.offline) return (await ask(route, [['id', id]])).text();
  const text = ((app.offline[held]) || {})[id];
  if (text === undefined) throw missing(held);
  return text;
}

function fetchLog(id) { return fetchText('log', id, 'logs'); }
function fetchGraph(id) { return fetchText('graph', id, 'graphs'); }

// A stretch of some series with as many points as a screen can show.
async function fetchSeries(id, names, axis, window) {
  const pairs = [['id', id], ...names.map((name) => ['name', name]),
    ['x', axis === 'time' ? 'time' : 'step'], ['from', window[0]], ['to', window[1]], ['points', 2000]];
  const made = newDocument({});
  addPart(made, await (await ask('series', pairs)).json());
  return made.series;
}

// Paths whose values are not the same in all of the runs.
async function fetchDifferences(documents) {
  if (!app.offline) return (await (await ask('diff', documents.map((d) => ['id', d.id]))).json()).rows;
  const values = documents.map((d) => new Map(((d.manifest || {}).values || [])
    .map((one) => [one.path, one.value])));
  const paths = new Set(values.flatMap((one) => [...one.keys()]));
  const rows = [...paths].map((path) => ({ path, values: values.map((one) => one.get(path) ?? null) }));
  return rows.filter((row) => row.values.some((value) => value !== row.values[0]));
}

function sampleAddress(id, name) { return address('sample', [['id', id], ['name', name]]); }

async function post(route, id, body) {
  const send = (token) => ask(route, [['id', id]], {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-FDL-Token': token },
    body: JSON.stringify(body),
  });
  const known = kept('sessionStorage', 'fdl-token') || app.token;
  const token = known || await askToken('');
  if (!token) return false;
  try {
    await send(token);
  } catch (problem) {
    if (!(problem instanceof Refusal) || (problem.status !== 401 && problem.status !== 403)) throw problem;
    const other = await askToken(problem.message);
    if (!other) return false;
    await send(other);
  }
  return true;
}

// `#token=…` is read once and removed from the address, so that it is not copied along with it.
function takeToken() {
  const found = /[#&]token=([^&]+)/.exec(location.hash);
  if (!found) return;
  rememberToken(decodeURIComponent(found[1]));
  const rest = location.hash.replace(found[0], '');
  history.replaceState(null, '', location.pathname + location.search + (rest.length > 1 ? rest : ''));
}

function rememberToken(token) {
  app.token = token;
  keep('sessionStorage', 'fdl-token', token);
}

function readOffline() {
  const held = byId('fdl-data');
  if (!held || !held.textContent.trim()) return;
  const data = JSON.parse(held.textContent);
  if (!data.documents) return;
  app.offline = data;
  app.runs = data.runs || [];
  app.opened = data.opened || '';
}
