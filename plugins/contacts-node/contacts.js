#!/usr/bin/env node
// Contacts in a CSV file: the plugin of ../contacts in Node.js, to show that the contract needs no Go.
// It does without encryption (mtls: false in plugin.yaml): the connection is a unix socket in a folder
// that only the server and the plugin can enter.
"use strict";

const fs = require("fs");
const path = require("path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const { Book, Failure } = require("./book.js");

const options = { keepCase: true, longs: String, oneofs: true, defaults: true, includeDirs: [protos(), __dirname] };

// protos is where the contract is: beside the plugin, or in the source tree of octolink.
function protos() {
  const own = path.join(__dirname, "proto");
  return fs.existsSync(own) ? own : path.join(__dirname, "..", "proto");
}

function load(file) {
  return grpc.loadPackageDefinition(loader.loadSync(file, options));
}

const base = load("octolink/base/v1/base.proto").octolink.base.v1;
const crm = load("octolink/crm/v1/crm.proto").octolink.crm.v1;
const health = load("health.proto").grpc.health.v1;

// --- values -----------------------------------------------------------------------------------

function fromValue(value) {
  switch (value && value.kind) {
    case "text": case "truth": case "number": return value[value.kind];
    case "integer": return value.integer; // an int64 as a text
    case "real": return value.real;
    case "list": return value.list.items.map(fromValue);
    case "object": return fromObject(value.object);
  }
  return null;
}

function fromObject(object) {
  const out = {};
  for (const field of (object && object.fields) || []) {
    if (!Object.hasOwn(out, field.key)) out[field.key] = fromValue(field.value);
  }
  return out;
}

function toValue(value) {
  switch (typeof value) {
    case "string": return { text: value };
    case "boolean": return { truth: value };
    case "number": return { real: value };
  }
  return { null: true };
}

function toObject(values) {
  return { fields: Object.entries(values).map(([key, value]) => ({ key, value: toValue(value) })) };
}

function text(values, key, required) {
  const value = values[key] === null || values[key] === undefined ? "" : String(values[key]);
  if (required && value === "") throw new Failure(400, `${key}: is missing`);
  return value;
}

// --- methods ----------------------------------------------------------------------------------

let book = null;
let fallback = "";

const param = (key, name, required) => ({ key, name, description: required ? "required" : "", type: "string" });

const methods = {
  find: {
    description: "Finds a contact by its telephone number.",
    in: [param("phone", "the number, in any spelling", true)],
    out: [
      { key: "found", name: "whether there is such a contact", type: "bool" }, param("id", "the contact's number"),
      param("phone", "its telephone number"), param("name", "its name"), param("company", "where it works"),
      param("responsible", "login of the user who looks after it"), param("note", "what is to be known"),
    ],
    run(values) {
      const row = book.find(text(values, "phone", true));
      const get = (key) => (row && row[key]) || "";
      return {
        found: row !== null, id: get("id"), phone: get("phone"), name: get("name"), company: get("company"),
        responsible: row ? get("responsible") || fallback : "", note: get("note"),
      };
    },
  },
  create: {
    description: "Adds a contact.",
    in: [
      param("phone", "its telephone number", true), param("name", "its name", true), param("company", "where it works"),
      param("responsible", "login of the user who looks after it"), param("note", "what is to be known"),
    ],
    out: [param("id", "the new contact's number")],
    run(values) {
      return { id: book.add({
        phone: text(values, "phone", true), name: text(values, "name", true), company: text(values, "company"),
        responsible: text(values, "responsible"), note: text(values, "note"),
      }) };
    },
  },
  responsible: {
    description: "Tells who looks after a caller.",
    in: [param("phone", "the number, in any spelling", true)],
    out: [param("user", "login; empty when nobody is")],
    run(values) {
      const row = book.find(text(values, "phone", true));
      return { user: (row && row.responsible) || fallback };
    },
  },
};

function runCall(id, start) {
  const method = Object.hasOwn(methods, start.method) ? methods[start.method] : null;
  if (!method) return { id, failure: { code: 404, text: `there is no method ${start.method}`, not_found: true } };
  try {
    return { id, out: toObject(method.run(fromObject(start.in))) };
  } catch (err) {
    return { id, failure: { code: err instanceof Failure ? err.code : 500, text: err.message } };
  }
}

// --- services ---------------------------------------------------------------------------------

const server = new grpc.Server();

server.addService(health.Health.service, {
  Check: (call, done) => done(null, { status: "SERVING" }),
});

server.addService(base.PluginService.service, {
  Info: (call, done) => done(null, { name: "contacts-node", version: "1.0.0", kinds: ["crm"], summary: "Contacts in a CSV file, from Node.js." }),
  Configure(call, done) {
    const settings = fromObject(call.request.settings);
    try {
      book = new Book(text(settings, "file", true));
      fallback = text(settings, "responsible");
      done(null, {});
    } catch (err) {
      done({ code: grpc.status.INVALID_ARGUMENT, message: err.message });
    }
  },
  Shutdown(call, done) {
    done(null, {});
    setImmediate(() => process.exit(0));
  },
});

server.addService(crm.CRMService.service, {
  Catalog: (call, done) => done(null, {
    methods: Object.entries(methods).map(([key, m]) => ({ key, description: m.description, in: m.in, out: m.out })),
    forms: [],
  }),
  // One stream for all calls; the answers to what came together go out together. Nothing here takes
  // long, so that a cancel always comes too late.
  Invoke(stream) {
    stream.on("data", (request) => {
      const results = request.calls.filter((c) => c.what === "start").map((c) => runCall(c.id, c.start));
      if (results.length > 0) stream.write({ results });
    });
    stream.on("end", () => stream.end());
    stream.on("error", () => {});
  },
});

// --- start ------------------------------------------------------------------------------------

if (process.env.OCTOLINK_PLUGIN !== "4e7a1d0c-9b1f-4c55-8f0e-6f1b3f0d2a77") {
  console.error("contacts-node is a plugin of octolink and does nothing by itself.");
  process.exit(1);
}
if (!(process.env.PLUGIN_PROTOCOL_VERSIONS || "").split(",").includes("1")) {
  console.error("this server does not speak version 1 of the contract");
  process.exit(1);
}

process.stdin.on("end", () => process.exit(0)); // the server holds the other end
process.stdin.resume();

const socket = path.join(process.env.PLUGIN_UNIX_SOCKET_DIR, "plugin.sock");
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (err) => {
  if (err) {
    console.error(err.message);
    process.exit(1);
  }
  console.log(`1|1|unix|${socket}|grpc`);
});
