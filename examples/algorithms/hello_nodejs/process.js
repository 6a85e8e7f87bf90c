// Counts the files of the input "files" and writes a greeting. KPL gives paths in variables; nothing else is needed.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const readJson = (name) => JSON.parse(fs.readFileSync(process.env[name], "utf8"));
const send = (event) => fs.appendFileSync(process.env.KPL_EVENTS, JSON.stringify(event) + "\n");

function* filesIn(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const inner = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(inner);
    else if (entry.isFile()) yield inner;
  }
}

const parameters = readJson("KPL_PARAMETERS");
const inputs = readJson("KPL_INPUTS");

send({ type: "progress", value: 0.1, message: "counting" });
const sizes = [...filesIn(inputs.files.path)]
  .map((file) => fs.statSync(file).size)
  .filter((size) => size >= parameters.least_bytes);
const bytes = sizes.reduce((sum, size) => sum + size, 0);

const report = `${parameters.greeting} from Node.js: ${sizes.length} files, ${bytes} bytes\n`;
fs.writeFileSync(path.join(process.env.KPL_OUTPUT_REPORT, "report.txt"), report);
send({ type: "metric", name: "files", value: sizes.length });
send({ type: "metric", name: "bytes", value: bytes });
send({ type: "progress", value: 1 });
process.stdout.write(report);
