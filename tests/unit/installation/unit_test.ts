import fc from "fast-check";
import assert from "node:assert/strict";
import {
  execStartOf,
  installedValues,
  instanceTemplate,
  quoteArgument,
  renderDropIn,
  renderInstanceUnit,
  splitArguments,
} from "../../../src/installation/unit.ts";

const CONFIG = new URL("../../../config/", import.meta.url);
const UNIT = Deno.readTextFileSync(new URL("physiology_server.service", CONFIG));
const INSTANCES = Deno.readTextFileSync(new URL("physiology_server@.service", CONFIG));

Deno.test("instanceTemplate() changes nothing but the names, the user and the folders", () => {
  const changed = (from: string, to: string) => {
    const lines = new Set(from.split("\n"));
    return to.split("\n").filter((line) => !lines.has(line) && !line.startsWith("#"));
  };
  assert.equal(instanceTemplate(UNIT), INSTANCES);
  assert.deepEqual(changed(UNIT, INSTANCES), [
    "Description=Contactless vital signs (physiology_server, %i)",
    `ExecStart=${execStartOf(UNIT)} --redis_key_prefix=%i`,
    "User=physiology-%i",
    "StateDirectory=physiology_server@%i",
    "WorkingDirectory=%S/physiology_server@%i",
  ]);
  assert.equal(changed(INSTANCES, UNIT).length, 4);
});

Deno.test("instanceTemplate() fails if the unit lacks a line that it changes", () => {
  assert.throws(() => instanceTemplate(UNIT.replace("DynamicUser=yes\n", "")), /DynamicUser/);
});

Deno.test("renderInstanceUnit() keeps every directive of the template", () => {
  const text = renderInstanceUnit(INSTANCES);
  assert.match(text, /^# Written by physiology_server install\.\n\[Unit\]/);
  assert.doesNotMatch(text, /By hand|drop-in/);
  const directives = (unit: string) => unit.split("\n").filter((line) => /^\w+=/.test(line));
  assert.deepEqual(directives(text), directives(INSTANCES));
});

Deno.test("installedValues() reads back what renderDropIn() has written, and adds nothing", () => {
  const values = {
    execStart: "/usr/local/bin/physiology_server --simulate",
    additions: ["LoadCredential=a:/b", "DeviceAllow=char-media rw", "IPAddressAllow=10.0.0.7"],
  };
  const text = renderDropIn(values);
  assert.match(text, /^\[Service\]\nExecStart=\nExecStart=\/usr\/local\/bin/m);
  assert.deepEqual(installedValues(text), values);
});

Deno.test("splitArguments() splits a command line into the arguments that were quoted", () => {
  assert.deepEqual(splitArguments(""), []);
  assert.deepEqual(splitArguments('/p --a=1  "--b=x \\"y\\" 100%%" --c=$$HOME'), [
    "/p",
    "--a=1",
    '--b=x "y" 100%',
    "--c=$HOME",
  ]);
  const argument = fc.string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !/(?![\t\n])\p{Cc}/u.test(text));
  fc.assert(fc.property(fc.array(argument), (args) => {
    assert.deepEqual(splitArguments(args.map(quoteArgument).join(" ")), args);
  }));
});

Deno.test("splitArguments() and installedValues() accept any text of a unit", () => {
  const part = fc.constantFrom("ExecStart=", '"', "\\", "%", "$", "\n", " ", "[Unit]", "a", "é");
  fc.assert(fc.property(fc.array(part), (parts) => {
    const text = parts.join("");
    assert(splitArguments(text).every((word) => typeof word === "string"));
    assert(!installedValues(text).execStart.includes("\n"));
  }));
});
