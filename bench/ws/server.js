// A peer for octolink's measurements, on node and its package ws: it parses every message, and builds
// and serialises the answer. The answers are those that octolink gave, with the number of the request.
//
// node server.js PORT ANSWERS

import {randomUUID} from "node:crypto";
import {readFileSync} from "node:fs";
import {WebSocketServer} from "ws";

const [port, file] = process.argv.slice(2);
const answers = JSON.parse(readFileSync(file, "utf8")); // by the method's name
const event = answers.customevent;
const subscribers = new Map(); // tabs by the name of an event

function subscribe(tab, names) {
  for (const name of names) {
    if (!subscribers.has(name)) subscribers.set(name, new Set());
    subscribers.get(name).add(tab);
  }
}

// publish builds the text once for all.
function publish(name, text) {
  const data = Buffer.from(text);
  for (const tab of subscribers.get(name) ?? []) tab.send(data, {binary: false});
}

function message(tab, text) {
  const [method, fields] = JSON.parse(text);
  const answer = answers[method];
  if (!answer) {
    tab.send(JSON.stringify([method + "result", {qid: fields.qid, result: 0, error: 404}]));
    return;
  }
  if (method === "subscribeevent") subscribe(tab, fields.eventmethod);
  tab.send(JSON.stringify([answer[0], {...answer[1], qid: fields.qid}]));
  if (method === "triggercustomevent") {
    const out = {...event[1], qid: randomUUID(), eventparam: fields.eventparam};
    publish("customevent", JSON.stringify([event[0], out]));
  }
}

const server = new WebSocketServer({
  host: "127.0.0.1", port: Number(port), backlog: 4096, perMessageDeflate: false, clientTracking: false,
  handleProtocols: () => "json",
});
server.on("connection", tab => {
  tab.on("message", data => message(tab, data.toString()));
  tab.on("close", () => subscribers.forEach(tabs => tabs.delete(tab)));
  tab.on("error", () => {}); // the close that follows is what counts
});
