// A document is the sum of a run's parts (docs/adr/0061). Parts are only ever added.

// JSON has no word for what is not finite: the server writes "nan", "inf" and "-inf".
function asNumber(value) {
  if (typeof value === 'number') return value;
  if (value === 'inf') return Infinity;
  return value === '-inf' ? -Infinity : NaN;
}

function newDocument(raw) {
  const made = { ...raw, series: bare(), marks: [], tables: bare(), status: {}, revision: 0, received: 0 };
  made.summary = { id: raw.id, ...raw.summary };
  addPart(made, raw);
  return made;
}

// Keyed by names that come from runs: a plain {} would stumble over "__proto__".
function bare() { return Object.create(null); }

function addSeries(made, name, points) {
  made.series[name] ??= { step: [], time: [], value: [] };
  const all = made.series[name];
  for (let i = 0; i < points.value.length; i += 1) {
    all.step.push(points.step[i]);
    all.time.push(points.time[i]);
    all.value.push(asNumber(points.value[i]));
  }
}

function addPart(made, part) {
  for (const [name, points] of Object.entries(part.series || {})) addSeries(made, name, points);
  made.marks.push(...(part.marks || []));
  Object.assign(made.tables, part.tables || {});
  if (part.status) Object.assign(made.status, part.status);
  made.revision += 1;
  made.received = performance.now();
}

function longestSeries(made) {
  return Math.max(0, ...Object.values(made.series).map((one) => one.value.length));
}

function isRunning(made) { return made.status.state === 'running'; }

function stepsPerEpoch(status) {
  return status.epochs > 0 && status.total_steps > 0 ? status.total_steps / status.epochs : 0;
}

// What a person calls the run: its name, else its folder.
function nameOf(summary) { return summary.name || summary.id.split('/').pop(); }

function lastValue(points) { return points.value[points.value.length - 1]; }

// Smallest, greatest and last, of what is finite, but the last as it is.
function extremes(values) {
  let least = Infinity, most = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most, last: values[values.length - 1] };
}

function bestOf(points, way) {
  const { least, most } = extremes(points.value);
  const value = way === 'max' ? most : least;
  return { value, step: points.step[points.value.indexOf(value)] };
}
