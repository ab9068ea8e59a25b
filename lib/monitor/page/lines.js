// Which charts a run has: its series by what they tell, in the order in which people look at them.

const PARTS = ['train', 'val', 'test'];
const GROUPS = ['Loss', 'Metrics', 'Optimisation', 'Speed', 'Resources', 'Observed values'];
const FIRST = ['loss', 'lr', 'grad_norm', 'step time', 'samples per second', 'CPU', 'memory', 'GPU use', 'GPU memory'];
const MOST_LINES = 8;

// "train/accuracy" -> ["train", "accuracy"]; ["", name] for one that belongs to no part.
function splitName(name) {
  const at = name.indexOf('/');
  const part = at > 0 ? name.slice(0, at) : '';
  return PARTS.includes(part) ? [part, name.slice(at + 1)] : ['', name];
}

// The metric without the name of the set it was measured on, which only other series can tell:
// "val/one/f1/cat" is "f1/cat" where there is a "train/f1/cat".
function metricOf(name, names) {
  const [part, rest] = splitName(name);
  if (!part) return name;
  const at = rest.indexOf('/');
  const short = rest.slice(at + 1);
  return at > 0 && (short === 'loss' || names.has('train/' + short)) ? short : rest;
}

// How much there is of something does not change: it is told beside the chart of what is used.
function isTotal(name) { return name.endsWith('_total_bytes'); }

function totalNote(made) {
  const name = 'resources/ram_total_bytes';
  return made.series[name] ? `of ${showBytes(lastValue(made.series[name]))} of the machine` : '';
}

function resourceChart(name) {
  const gpu = /^resources\/gpu\d+_(.*)$/.exec(name);
  if (gpu) return 'GPU ' + gpu[1].replace(/_.*/, '').replace('percent', 'use');
  if (name.endsWith('ram_bytes') || name.endsWith('rss_bytes')) return 'memory';
  return name.endsWith('cpu_percent') ? 'CPU' : name.slice('resources/'.length);
}

// [group, chart, label of the line]
function placeOf(name, names) {
  const [part] = splitName(name);
  if (name === 'loss') return ['Loss', 'loss', 'each step'];
  if (part) {
    const metric = metricOf(name, names);
    return [metric === 'loss' ? 'Loss' : 'Metrics', metric, name.slice(0, name.length - metric.length - 1)];
  }
  if (name === 'step_ms') return ['Speed', 'step time', 'each step'];
  if (name.startsWith('step_ms_')) return ['Speed', 'step time of epochs', name.slice('step_ms_'.length)];
  if (name === 'samples_per_s') return ['Speed', 'samples per second', name];
  if (name.startsWith('resources/')) {
    return ['Resources', resourceChart(name), name.slice('resources/'.length).replace(/_(percent|bytes)$/, '')];
  }
  if (name.startsWith('observe/')) {
    const inner = name.slice('observe/'.length), at = inner.lastIndexOf('.');
    return at > 0 ? ['Observed values', inner.slice(at + 1), inner.slice(0, at)]
      : ['Observed values', inner, inner];
  }
  if (name === 'lr' || name === 'grad_norm' || !name.includes('/')) return ['Optimisation', name, name];
  return ['Metrics', name, name];
}

// Lines of parts look the same everywhere; others take the styles in turn.
function styleOf(label, at) {
  if (label === 'each step') return 3;
  const part = PARTS.indexOf(label.split('/')[0]);
  return part >= 0 && !label.includes('/') ? part : at;
}

// [{key, group, title, series: [{name, label}], format}]
function chartsOf(names) {
  const all = new Set(names), found = new Map();
  for (const name of names.filter((one) => !isTotal(one))) {
    const [group, title, label] = placeOf(name, all);
    const key = group + '/' + title;
    if (!found.has(key)) found.set(key, { group, title, series: [], format: valueFormat(name) });
    found.get(key).series.push({ name, label });
  }
  const charts = [...found.values()].flatMap(inPieces);
  for (const chart of charts) chart.key = chart.group + '/' + chart.title;
  const rank = ({ group, title }) => 100 * GROUPS.indexOf(group)
    + (FIRST.includes(title) ? FIRST.indexOf(title) : FIRST.length);
  return charts.sort((a, b) => rank(a) - rank(b));
}

// A chart with too many lines tells nothing: they go on in the next.
function inPieces(chart) {
  const order = (one) => { const at = PARTS.indexOf(one.label); return at < 0 ? -1 : at; };
  const series = [...chart.series].sort((a, b) => order(a) - order(b));
  const pieces = Math.ceil(series.length / MOST_LINES);
  if (pieces === 1) return [{ ...chart, series }];
  return Array.from({ length: pieces }, (_, i) => ({
    ...chart,
    title: `${chart.title} (${i + 1} of ${pieces})`,
    series: series.slice(i * MOST_LINES, (i + 1) * MOST_LINES),
  }));
}

// Which charts have a logarithm worth looking at is the reader's choice; times and shares have not.
function mayBeLog(chart) { return chart.group !== 'Resources'; }

// The colours and dashes of the lines, told apart by either alone. In page.css as --line-0 ... 7.
const DASHES = [null, [8, 3], [2, 3], null, [10, 3, 2, 3], [5, 2], [1, 2], [12, 4]];

function lineColour(at) { return themeColour('--line-' + (at % MOST_LINES)); }
function lineDash(at) { return DASHES[at % MOST_LINES]; }

function swatch(at) {
  const dash = lineDash(at);
  const line = svg('line', { x1: 0, y1: 5, x2: 22, y2: 5, class: 'line-' + (at % MOST_LINES) });
  if (dash) line.setAttribute('stroke-dasharray', dash.join(' '));
  return svg('svg', { viewBox: '0 0 22 10', width: 22, height: 10, class: 'swatch', 'aria-hidden': 'true' }, line);
}

// A run has one colour everywhere, from the moment it is first drawn.
function runColour(id) {
  if (!app.colours.has(id)) app.colours.set(id, app.colours.size);
  return app.colours.get(id);
}
