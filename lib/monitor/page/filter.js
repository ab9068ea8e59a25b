// The filter of the list of runs: words, `tag:x`, `state:killed`, `val/accuracy>0.9`; all must fit.

const COMPARISONS = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

function numberOf(summary, name) {
  if (Object.hasOwn(summary.last || {}, name)) return asNumber(summary.last[name]);
  return ['step', 'total_steps', 'epochs', 'seconds'].includes(name) ? summary[name] : undefined;
}

function clauseOf(word) {
  const number = /^([^<>=]+)(>=|<=|>|<|=)([^<>=]+)$/.exec(word);
  if (number && number[3].trim() !== '' && !Number.isNaN(Number(number[3]))) {
    const compare = COMPARISONS[number[2]], wanted = Number(number[3]);
    return (summary) => {
      const value = numberOf(summary, number[1]);
      return value !== undefined && compare(value, wanted);
    };
  }
  const keyed = /^(tag|state):(.*)$/.exec(word);
  if (keyed && keyed[1] === 'tag') {
    return (summary) => (summary.tags || []).some((tag) => tag.toLowerCase() === keyed[2]);
  }
  if (keyed) return (summary) => (summary.state || '').startsWith(keyed[2]);
  return (summary) => wordsOf(summary).includes(word);
}

function wordsOf(summary) {
  return [summary.name, summary.id, summary.note, summary.state, ...(summary.tags || [])]
    .join('\n').toLowerCase();
}

// A filter as a function of a summary. Quotes hold words together: state:"early stop".
function filterOf(text) {
  const words = text.toLowerCase().match(/(?:[^\s"]+|"[^"]*"?)+/g) || [];
  const clauses = words.map((word) => clauseOf(word.replaceAll('"', ''))).filter(Boolean);
  return (summary) => clauses.every((clause) => clause(summary));
}

// What the table of runs is sorted by; a run without a value stands at the end either way.
function sortKey(column, metric) {
  const keys = {
    state: (s) => s.state,
    name: (s) => (s.name || '').toLowerCase() || undefined,
    id: (s) => s.id,
    started: (s) => s.started || undefined,
    step: (s) => s.step,
    last: (s) => lastOf(s, metric),
    best: (s) => bestIn(s, metric),
    time: (s) => s.seconds,
    tags: (s) => (s.tags || []).join(' ') || undefined,
    note: (s) => s.note || undefined,
  };
  return keys[column];
}

function lastOf(summary, metric) {
  return Object.hasOwn(summary.last || {}, metric) ? asNumber(summary.last[metric]) : undefined;
}

function bestIn(summary, metric) {
  return Object.hasOwn(summary.best || {}, metric) ? asNumber(summary.best[metric].value) : undefined;
}

function compareKeys(a, b) {
  const none = (value) => value === undefined || value === null || Number.isNaN(value);
  if (none(a) || none(b)) return none(a) - none(b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

function sortedRuns(runs, column, isDown, metric) {
  const key = sortKey(column, metric);
  const keyed = runs.map((run) => ({ run, key: key(run) }));
  keyed.sort((a, b) => {
    const order = compareKeys(a.key, b.key);
    const isMissing = [a.key, b.key].some((one) => one === undefined || Number.isNaN(one));
    return (isDown && !isMissing ? -order : order) || compareKeys(a.run.id, b.run.id);
  });
  return keyed.map((one) => one.run);
}

// The metrics that runs have, those first that most of them have.
function metricsOf(runs) {
  const counts = new Map();
  for (const run of runs) {
    for (const name of Object.keys(run.last || {})) counts.set(name, (counts.get(name) || 0) + 1);
  }
  return [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || compareKeys(a, b));
}

// As `fdl runs` chooses: the loss on new data, else that of training.
function mainMetric(runs) {
  const names = metricsOf(runs);
  return ['val/loss', 'train/loss'].find((name) => names.includes(name)) || names[0] || '';
}
