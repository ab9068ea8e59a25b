// The keyboard, and the page that tells it.

const KEYS = [
  ['j, k, arrows', 'the next or the former run of the list'],
  ['Enter', 'open the run'],
  ['Space', 'choose the run to compare it'],
  ['c', 'compare the runs that were chosen'],
  ['/', 'the filter of the list'],
  ['s', 'more smoothing, then none'],
  ['l', 'log scale or not'],
  ['x', 'over steps, epochs or time'],
  ['t', 'dark or light'],
  ['Esc', 'show all of a chart that is zoomed; then back to the list'],
  ['?', 'this'],
];

function showHelp() {
  if (document.querySelector('dialog')) return;
  const dialog = h('dialog', { 'aria-labelledby': 'help-title' }, h('h2', { id: 'help-title' }, 'Keys'),
    h('dl', { class: 'pairs' }, KEYS.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
    h('p', {}, 'In a chart: drag to zoom all charts, double click to show all again.'),
    h('p', { class: 'actions' }, button('Close', () => dialog.close(), { class: 'main' })),
    app.version ? h('p', { class: 'fine' }, `fdl ${app.version}`) : null);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function isTyping(target) {
  return target.closest('textarea, select, dialog')
    || (target.tagName === 'INPUT' && !['checkbox', 'range'].includes(target.type));
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === 'Escape' && target.id === 'filter') {
    target.blur();
    return;
  }
  if (isTyping(target)) return;
  const isOnRange = target.type === 'range' && event.key.startsWith('Arrow');
  if (isOnRange) return;
  if (app.view && app.view.key && app.view.key(event)) event.preventDefault();
  else if (event.key === '?') showHelp();
  else if (event.key === 't') toggleTheme();
  else if (event.key === 'Escape' && location.hash !== '#/') location.hash = '#/';
}

function startKeys() {
  document.addEventListener('keydown', onKey);
  byId('help').addEventListener('click', showHelp);
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
}
