// Numbers, times and states as text and shapes.

// As C's %g: `digits` significant ones, an exponent only where it is shorter.
function general(value, digits) {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return '0';
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < Math.max(digits, 6)) {
    const text = value.toFixed(Math.max(0, digits - 1 - exponent));
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return short + 'e' + (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
}

function showNumber(value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? showCount(value) : general(value, 5);
}

function showCount(value) { return value.toLocaleString('en-US', { maximumFractionDigits: 0 }); }

function showBytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (Math.abs(value) >= 1024 && at < units.length - 1) { value /= 1024; at += 1; }
  return (at === 0 ? String(value) : general(value, value < 10 ? 2 : 3)) + ' ' + units[at];
}

// 1:02:03; 0:07; under ten seconds with tenths where asked.
function showDuration(seconds) {
  if (!Number.isFinite(seconds)) return '';
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const two = (n) => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

// "20261126-035809" -> "2026-11-26 03:58:09"
function showStarted(text) {
  const parts = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(text || '');
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]} ${parts[4]}:${parts[5]}:${parts[6]}` : text || '';
}

function showOf(value, total) {
  if (value === undefined || value === null) return '';
  return total > 0 ? `${showCount(value)}/${showCount(total)}` : showCount(value);
}

function showPercent(part) { return general(100 * part, 3) + ' %'; }

// How the values of a series are written.
function valueFormat(name) {
  if (name.endsWith('_bytes')) return showBytes;
  if (name.endsWith('_percent')) return (v) => general(v, 3) + ' %';
  if (name === 'step_ms' || name.startsWith('step_ms_')) return (v) => general(v, 4) + ' ms';
  if (name === 'samples_per_s') return (v) => general(v, 4) + ' /s';
  return (v) => (Number.isFinite(v) ? general(v, 5) : showNumber(v));
}

// Each state has a shape of its own besides its colour.
const STATES = {
  running: 'M4 2 L14 8 L4 14 Z',
  done: 'M2 8.5 L4 6.5 L6.5 9 L12 3.5 L14 5.5 L6.5 13 Z',
  'early stop': 'M2 2 H5 V14 H2 Z M7 8 L14 2 V14 Z',
  'out of time': 'M3 1 H13 V3 L9 8 L13 13 V15 H3 V13 L7 8 L3 3 Z',
  paused: 'M3 2 H7 V14 H3 Z M9 2 H13 V14 H9 Z',
  stopped: 'M3 3 H13 V13 H3 Z',
  failed: 'M3 1 L8 6 L13 1 L15 3 L10 8 L15 13 L13 15 L8 10 L3 15 L1 13 L6 8 L1 3 Z',
  killed: 'M5 1 H11 L15 5 V11 L11 15 H5 L1 11 V5 Z M7 4 V9 H9 V4 Z M7 10.5 V12.5 H9 V10.5 Z',
};

function stateTone(state) {
  if (state === 'running') return 'live';
  if (state === 'failed' || state === 'killed') return 'bad';
  return state === 'done' || state === 'early stop' ? 'good' : 'calm';
}

function stateBadge(state) {
  const shape = svg('svg', { viewBox: '0 0 16 16', width: 12, height: 12, 'aria-hidden': 'true' },
    svg('path', { d: STATES[state] || 'M8 2 A6 6 0 1 0 8.01 2 Z', 'fill-rule': 'evenodd' }));
  return h('span', { class: 'state ' + stateTone(state) }, shape, h('span', {}, state || 'unknown'));
}
