// Talking to the desk's own server. A failure is words for a person, never an exception in the console only.

async function read(response) {
  let body = {};
  try { body = await response.json(); } catch { /* an answer without JSON says nothing more than its status */ }
  if (!response.ok) throw new Error(body.error || `The sandbox answered ${response.status}.`);
  return body;
}

async function send(path, options) {
  let response;
  try { response = await fetch(path, options); } catch { throw new Error("The sandbox does not answer. Is it still running?"); }
  return read(response);
}

export const get = (path) => send(path, { headers: { Accept: "application/json" } });

export const post = (path, body) => send(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});
