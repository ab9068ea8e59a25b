// What every part of the page uses: the state of the page, elements, and the rhythm of drawing.
'use strict';

const app = {
  offline: null,      // what a report holds: {runs, opened, documents, graphs, logs}
  folder: '',
  version: '',
  opened: '',
  mayChange: false,
  runs: [],           // summaries, as the server lists them
  chosen: new Set(),  // ids that will be compared
  colours: new Map(), // id -> which colour, so that a run keeps its own in every chart
  view: null,         // {update(), leave(), key(event)}: what is shown now
};

// How all charts are drawn.
const controls = { smoothing: 0, log: false, axis: 'step', marks: true, window: null };

const SVG = 'http://www.w3.org/2000/svg';

function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child);
  }
  return element;
}

// An element with attributes and children. Text is only ever set as text, never parsed as HTML:
// the names and words of runs come from anywhere.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  return append(element, children);
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return append(element, children);
}

function button(text, action, attributes) {
  return h('button', { type: 'button', click: action, ...attributes }, text);
}

// Sets text only where it differs, so that nothing is laid out or read aloud again for nothing.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function byId(id) { return document.getElementById(id); }

// Tells people who do not see the page.
function say(text) { setText(byId('said'), text); }

// A section with a heading, that can be folded.
function card(title, key, ...children) {
  const heading = h('h2', { id: 'h-' + key }, title);
  return h('section', { class: 'card', id: 's-' + key, 'aria-labelledby': 'h-' + key }, heading,
    ...children);
}

function scrolled(label, child) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, child);
}

// What a browser that keeps nothing (a file, a private window) refuses is simply not kept.
function kept(storage, key) {
  try { return window[storage].getItem(key); } catch { return null; }
}

function keep(storage, key, value) {
  try { window[storage].setItem(key, value); } catch { /* as above */ }
}

// Drawing happens at most four times a second, in a frame, and never in a tab nobody sees.
const rhythm = { wanted: false, waiting: false, last: 0 };

function draw() {
  rhythm.wanted = true;
  if (rhythm.waiting || document.hidden) return;
  rhythm.waiting = true;
  const pause = Math.max(0, 250 - (performance.now() - rhythm.last));
  setTimeout(() => requestAnimationFrame(drawNow), pause);
}

function drawNow() {
  rhythm.waiting = false;
  if (!rhythm.wanted || document.hidden) return;
  rhythm.wanted = false;
  rhythm.last = performance.now();
  if (app.view) app.view.update();
}

function themeColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function isDark() { return document.documentElement.dataset.theme === 'dark'; }

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').setAttribute('aria-pressed', String(theme === 'dark'));
  redrawCharts();
}

function toggleTheme() {
  const theme = isDark() ? 'light' : 'dark';
  keep('localStorage', 'fdl-theme', theme);
  setTheme(theme);
}

function startTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const wished = () => kept('localStorage', 'fdl-theme') || (dark.matches ? 'dark' : 'light');
  setTheme(wished());
  dark.addEventListener('change', () => setTheme(wished()));
  byId('theme').addEventListener('click', toggleTheme);
}
