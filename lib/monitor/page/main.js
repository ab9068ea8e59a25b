// Which view an address names, and the start of the page.

function routeOf(hash) {
  const found = /^#\/(run|compare)\/(.+)$/.exec(hash);
  if (!found) return { name: 'runs' };
  const ids = found[1] === 'run' ? [found[2]] : found[2].split(',');
  return { name: found[1], ids: ids.map((id) => { try { return decodeURIComponent(id); } catch { return id; } }) };
}

function route() {
  takeToken();
  if (app.view && app.view.leave) app.view.leave();
  const complaint = byId('complaint');
  if (complaint) complaint.remove();
  controls.window = null;
  const { name, ids } = routeOf(location.hash);
  if (name === 'run') openRun(ids[0]);
  else if (name === 'compare') openCompare(ids);
  else app.view = openRuns();
  window.scrollTo(0, 0);
}

// The first address may name nothing: then the run that the dashboard was opened for is shown.
async function start() {
  startTheme();
  startKeys();
  readOffline();
  takeToken();
  document.addEventListener('visibilitychange', () => { if (!document.hidden) draw(); });
  await startRuns();
  if (location.hash.length < 2 && app.opened) history.replaceState(null, '', runLink(app.opened));
  window.addEventListener('hashchange', route);
  startPrint();
  route();
}

async function startRuns() {
  try {
    await fetchRuns();
  } catch (problem) {
    if (!(problem instanceof TypeError)) { complain(problem); return; }
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    await startRuns();
  }
}

// On paper: all charts, in the colours of paper.
function startPrint() {
  let theme;
  window.addEventListener('beforeprint', () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = 'light';
    for (const chart of charts) {
      chart.isSeen = true;
      drawChart(chart);
    }
  });
  window.addEventListener('afterprint', () => setTheme(theme));
}

start();
