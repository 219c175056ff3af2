// A peer for octolink's measurements, on bun: it parses every message, and builds and serialises the
// answer. The answers are those that octolink gave, with the number of the request.
//
// bun server.js PORT ANSWERS

const [port, file] = process.argv.slice(2);
const answers = await Bun.file(file).json(); // by the method's name
const event = answers.customevent;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  fetch(request, server) {
    if (server.upgrade(request, {headers: {"Sec-WebSocket-Protocol": "json"}})) return;
    return new Response("a WebSocket is wanted\n", {status: 400});
  },
  websocket: {
    idleTimeout: 0,
    message(tab, text) {
      const [method, fields] = JSON.parse(text);
      const answer = answers[method];
      if (!answer) {
        tab.send(JSON.stringify([method + "result", {qid: fields.qid, result: 0, error: 404}]));
        return;
      }
      if (method === "subscribeevent") fields.eventmethod.forEach(name => tab.subscribe(name));
      tab.send(JSON.stringify([answer[0], {...answer[1], qid: fields.qid}]));
      if (method === "triggercustomevent") {
        const out = {...event[1], qid: crypto.randomUUID(), eventparam: fields.eventparam};
        server.publish("customevent", JSON.stringify([event[0], out]));
      }
    },
  },
});
