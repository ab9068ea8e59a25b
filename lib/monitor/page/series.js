// From recorded points to the rows of a chart.

// How one line of a chart places its points: line = {points, stepsPerEpoch}.
function placesOf(line, axis) {
  if (axis === 'time') return line.points.time;
  if (axis === 'epoch') return line.points.step.map((step) => step / line.stepsPerEpoch);
  return line.points.step;
}

function isSorted(values) {
  for (let i = 1; i < values.length; i += 1) if (values[i] < values[i - 1]) return false;
  return true;
}

// {x, y}, by growing x. An evaluation of an older checkpoint is recorded later than it belongs.
function placed(line, axis) {
  const x = placesOf(line, axis), y = line.points.value;
  if (isSorted(x)) return { x, y };
  const order = x.map((_, i) => i).sort((a, b) => x[a] - x[b] || a - b);
  return { x: order.map((i) => x[i]), y: order.map((i) => y[i]) };
}

// Exponential moving average without the pull towards its start: what is not finite is left out.
function smoothed(values, weight) {
  let sum = 0, share = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}

// The points of `detail` instead of those of `all` in the stretch that it covers. What was recorded
// after it was fetched goes on behind it.
function withDetail(all, detail) {
  if (!detail || detail.step.length === 0) return all;
  const first = detail.step[0], last = detail.step[detail.step.length - 1];
  const out = { step: [], time: [], value: [] };
  const take = (points, fits) => {
    for (let i = 0; i < points.step.length; i += 1) {
      if (!fits(points.step[i])) continue;
      out.step.push(points.step[i]);
      out.time.push(points.time[i]);
      out.value.push(points.value[i]);
    }
  };
  take(all, (step) => step < first);
  take(detail, () => true);
  take(all, (step) => step > last);
  return out;
}

// No screen shows more points of a line than this; the least and the greatest of each stretch stay.
const SCREEN_POINTS = 3000;

function forScreen(column, window) {
  const from = window ? Math.max(0, firstAtLeast(column.x, window[0]) - 1) : 0;
  const to = window ? Math.min(column.x.length, firstAtLeast(column.x, window[1]) + 2) : column.x.length;
  if (to - from <= SCREEN_POINTS) return { ...column, x: column.x.slice(from, to), y: column.y.slice(from, to) };
  const out = { ...column, x: [], y: [] };
  const stretches = SCREEN_POINTS / 2;
  for (let k = 0; k < stretches; k += 1) {
    const begin = from + Math.floor((k * (to - from)) / stretches);
    const end = from + Math.floor(((k + 1) * (to - from)) / stretches);
    for (const i of turnsOf(column.y, begin, end)) {
      out.x.push(column.x[i]);
      out.y.push(column.y[i]);
    }
  }
  return out;
}

// Where the least and the greatest value between two places are, in their order; or the first that
// is no number, which must not get lost either.
function turnsOf(y, begin, end) {
  let least = begin, most = begin;
  for (let i = begin; i < end; i += 1) {
    if (!Number.isFinite(y[i])) return [i];
    if (y[i] < y[least]) least = i;
    if (y[i] > y[most]) most = i;
  }
  return least === most ? [least] : [Math.min(least, most), Math.max(least, most)];
}

// The index of the first of sorted values that is not less than x; their number when all are.
function firstAtLeast(sorted, x) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Rows [x, column, column, ...] over the places of all columns; null where one has no point. NaN
// breaks a line, as what is not finite should.
function rowsOf(columns) {
  const places = [...new Set(columns.flatMap((column) => column.x))].sort((a, b) => a - b);
  const at = columns.map(() => 0);
  return places.map((x) => {
    const row = [x];
    columns.forEach(({ x: own, y }, c) => {
      let value = null;
      while (at[c] < own.length && own[at[c]] <= x) {
        value = y[at[c]];
        at[c] += 1;
      }
      row.push(value === null || Number.isFinite(value) ? value : NaN);
    });
    return row;
  });
}

// From the first to the last place of any of the lines: charts that share it can be read together.
function extentOf(lines) {
  let from = Infinity, to = -Infinity;
  for (const line of lines) {
    if (line.points.step.length === 0 || (controls.axis === 'epoch' && !line.stepsPerEpoch)) continue;
    const x = placesOf({ points: endsOf(line.points), stepsPerEpoch: line.stepsPerEpoch }, controls.axis);
    from = Math.min(from, ...x);
    to = Math.max(to, ...x);
  }
  if (from === to) return [from - 0.5, to + 0.5];
  return from < to ? [from, to] : null;
}

function extentOfRuns(documents) {
  return extentOf(documents.flatMap((made) => Object.values(made.series)
    .map((points) => ({ points, stepsPerEpoch: stepsPerEpoch(made.status) }))));
}

function endsOf({ step, time }) {
  const last = step.length - 1;
  return { step: [step[0], step[last]], time: [time[0], time[last]] };
}

// The index of the nearest of sorted values; -1 when there are none.
function nearest(sorted, x) {
  if (sorted.length === 0) return -1;
  const low = Math.min(firstAtLeast(sorted, x), sorted.length - 1);
  return low > 0 && x - sorted[low - 1] <= sorted[low] - x ? low - 1 : low;
}

// What stands in the window that is zoomed to; all of it when none is.
function visible({ x, y }, window) {
  if (!window) return { x, y };
  const keepers = x.map((at, i) => i).filter((i) => x[i] >= window[0] && x[i] <= window[1]);
  return { x: keepers.map((i) => x[i]), y: keepers.map((i) => y[i]) };
}

// By the nearest rank.
function percentile(values, percent) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] : NaN;
}
