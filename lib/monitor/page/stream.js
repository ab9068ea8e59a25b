// The live end of one run: parts as they are recorded, exactly once each.

// A series that grew longer than this is read anew, thinned, from the server.
const MOST_POINTS = 20000;

// follow({id, document, changed, replaced}): `changed` after a part was added, `replaced` with a
// document that was read anew.
function follow(options) {
  const stream = { ...options, position: options.document.position, source: null, open: false, ended: false,
    most: MOST_POINTS };
  app.stream = stream;
  document.addEventListener('visibilitychange', stream.seen = () => {
    // A browser has six connections to a server: tabs nobody sees give theirs back.
    if (document.hidden) closeSource(stream);
    else openSource(stream);
  });
  openSource(stream);
  return stream;
}

function unfollow(stream) {
  stream.ended = true;
  closeSource(stream);
  clearTimeout(stream.again);
  document.removeEventListener('visibilitychange', stream.seen);
  if (app.stream === stream) app.stream = null;
}

function closeSource(stream) {
  if (stream.source) stream.source.close();
  stream.source = null;
  stream.open = false;
}

function openSource(stream) {
  if (stream.ended || stream.source || document.hidden || app.offline) return;
  const source = new EventSource(address('events', [['id', stream.id], ['from', stream.position]]));
  stream.source = source;
  source.addEventListener('open', () => {
    stream.open = true;
    connection('');
  });
  source.addEventListener('part', (event) => takePart(stream, event));
  source.addEventListener('status', (event) => {
    const told = JSON.parse(event.data);
    addPart(stream.document, { status: told.status || told });
    stream.changed();
  });
  source.addEventListener('reset', () => readAnew(stream));
  source.addEventListener('error', () => reconnect(stream, source));
}

function takePart(stream, event) {
  if (event.lastEventId && event.lastEventId === stream.position) return;
  addPart(stream.document, JSON.parse(event.data));
  if (event.lastEventId) stream.position = event.lastEventId;
  if (longestSeries(stream.document) > stream.most) readAnew(stream);
  else stream.changed();
}

// The browser comes back by itself, with the last id, unless the server answered something else
// than a stream: then a new source goes on from the last position.
function reconnect(stream, source) {
  stream.open = false;
  if (stream.source !== source) return;
  connection('reconnecting…');
  if (source.readyState !== EventSource.CLOSED) return;
  closeSource(stream);
  clearTimeout(stream.again);
  stream.again = setTimeout(() => openSource(stream), 1500);
}

async function readAnew(stream) {
  closeSource(stream);
  try {
    const fresh = await fetchDocument(stream.id);
    if (stream.ended) return;
    stream.document = fresh;
    stream.position = fresh.position;
    stream.most = Math.max(MOST_POINTS, 2 * longestSeries(fresh));
    stream.replaced(fresh);
    openSource(stream);
  } catch {
    stream.again = setTimeout(() => { if (!stream.ended) readAnew(stream); }, 1500);
  }
}
