// The command line of both scripts: `--name value` and `--name=value`, names with underscores.
"use strict";

/**
 * Read a command line.
 *
 * @param {string[]} words what follows the script's name.
 * @param {Object<string, *>} defaults every flag there is, with its value when it is not given: a string, a number or
 *     a boolean, which is also what the given value is turned into.
 * @returns {Object<string, *>} a value for every flag.
 * @throws {Error} for a flag that does not exist, lacks its value, or has one of another kind.
 */
function parse(words, defaults) {
  const values = { ...defaults };
  const rest = [...words];
  while (rest.length > 0) {
    const word = rest.shift();
    const found = /^--([a-z_]+)(?:=(.*))?$/s.exec(word);
    if (!found || !(found[1] in defaults)) {
      throw new Error(`there is no flag '${word}'; the flags are --${Object.keys(defaults).join(", --")}`);
    }
    const name = found[1];
    let text = found[2];
    if (text === undefined) {
      // A switch needs no value: --use_tls means --use_tls=true.
      const given = rest.length > 0 && !rest[0].startsWith("--");
      if (!given && typeof defaults[name] !== "boolean") {
        throw new Error(`--${name} needs a value`);
      }
      text = given ? rest.shift() : "true";
    }
    values[name] = convert(name, text, typeof defaults[name]);
  }
  return values;
}

function convert(name, text, kind) {
  if (kind === "boolean") {
    if (!/^(true|false)$/i.test(text)) {
      throw new Error(`--${name} is true or false, not '${text}'`);
    }
    return text.toLowerCase() === "true";
  }
  if (kind === "number") {
    const number = Number(text);
    if (text === "" || Number.isNaN(number)) {
      throw new Error(`--${name} is a number, not '${text}'`);
    }
    return number;
  }
  return text;
}

module.exports = { parse };
