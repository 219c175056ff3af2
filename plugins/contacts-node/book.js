// The CSV file: the same columns as ../contacts has.
"use strict";

const fs = require("fs");

const columns = ["id", "phone", "name", "company", "responsible", "note"];
const significant = 10; // last digits of two numbers that must agree

// A Failure is an answer that the caller sees with its code.
class Failure extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// parse reads CSV with quotes; a quote that does not end is an error.
function parse(text) {
  const lines = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const line = lines[lines.length - 1];
    const c = text[i];
    if (quoted) {
      if (c !== '"') line[line.length - 1] += c;
      else if (text[i + 1] === '"') line[line.length - 1] += text[++i];
      else quoted = false;
    } else if (c === '"' && line[line.length - 1] === "") quoted = true;
    else if (c === ",") line.push("");
    else if (c === "\n") lines.push([""]);
    else if (c !== "\r") line[line.length - 1] += c;
  }
  if (quoted) throw new Error("a quote does not end");
  return lines.filter((line) => line.length > 1 || line[0] !== "");
}

function quote(value) {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function tail(phone) {
  return phone.replace(/[^0-9]/g, "").slice(-significant);
}

class Book {
  constructor(file) {
    this.file = file;
    this.stamp = "";
    this.refresh();
  }

  // refresh reads the file again when it is another one.
  refresh() {
    let stamp = "none";
    try {
      const info = fs.statSync(this.file);
      stamp = `${info.mtimeMs} ${info.size}`;
    } catch (err) {
      if (err.code !== "ENOENT") throw err;
    }
    if (stamp === this.stamp) return;
    const lines = stamp === "none" ? [columns] : parse(fs.readFileSync(this.file, "utf8").replace(/^\uFEFF/, ""));
    const header = lines[0] || columns;
    for (const needed of ["phone", "name"]) {
      if (!header.includes(needed)) throw new Error(`${this.file}: the first line has no column "${needed}"`);
    }
    this.columns = header;
    this.rows = [];
    this.byPhone = new Map();
    for (const line of lines.slice(1)) {
      this.put(Object.fromEntries(header.map((name, i) => [name, line[i] || ""])));
    }
    this.stamp = stamp;
  }

  put(row) {
    this.rows.push(row);
    const key = tail(row.phone);
    if (key !== "" && !this.byPhone.has(key)) this.byPhone.set(key, row);
  }

  find(phone) {
    this.refresh();
    return this.byPhone.get(tail(phone)) || null;
  }

  add(row) {
    if (tail(row.phone) === "") throw new Failure(400, `phone: "${row.phone}" has no digits`);
    const old = this.find(row.phone);
    if (old) throw new Failure(409, `${row.phone} is ${old.name}'s number already`);
    row.id = String(1 + Math.max(0, ...this.rows.map((r) => parseInt(r.id, 10) || 0)));
    const lines = [this.columns, ...[...this.rows, row].map((r) => this.columns.map((name) => r[name] || ""))];
    fs.writeFileSync(`${this.file}.new`, lines.map((line) => line.map(quote).join(",") + "\n").join(""));
    fs.renameSync(`${this.file}.new`, this.file);
    this.put(row);
    return row.id;
  }
}

module.exports = { Book, Failure };
