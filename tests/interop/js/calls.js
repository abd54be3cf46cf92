// Calls as promises, and checks whose errors say what was expected and what came.
"use strict";

const grpc = require("@grpc/grpc-js");

/** How long a call may take before a case has failed, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What a case throws when the implementation cannot do it at all: it was not run, which is no failure. */
class NotRun extends Error {}

/** Call options with a deadline, so that no case hangs. */
function patient(more = {}) {
  return { deadline: Date.now() + PATIENCE_MS, ...more };
}

/** Throw unless `found` is `expected`; `what` says of which thing. */
function check(what, found, expected) {
  if (found !== expected) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
}

/** Throw unless the payload is that many zeros. */
function checkZeros(what, payload, size) {
  check(`${what}: size`, payload ? payload.body.length : 0, size);
  check(`${what}: all zeros`, size === 0 || payload.body.every((byte) => byte === 0), true);
}

/** Throw unless the status has this code and, when given, these details. */
function checkStatus(what, status, code, details) {
  check(`${what}: code`, grpc.status[status.code], grpc.status[code]);
  if (details !== undefined) {
    check(`${what}: details`, status.details, details);
  }
}

/** Throw unless the server refused a message that was plain and said that it was compressed. */
function checkRefused(status) {
  if (status.code === grpc.status.UNIMPLEMENTED) {
    throw new NotRun(`the server does not check compression: ${status.details}`);
  }
  checkStatus("plain, said to be compressed", status, grpc.status.INVALID_ARGUMENT);
}

/** Everything that a call brought: `initial` metadata, `status` with the trailing metadata, a unary `response`. */
function outcome(begin) {
  return new Promise((resolve) => {
    const found = { initial: null, response: null };
    const call = begin((error, response) => {
      found.response = error ? null : response;
    });
    call.on("metadata", (metadata) => (found.initial = metadata));
    call.on("status", (status) => {
      // The callback of a unary call runs beside this event; a turn of the loop later both have.
      setImmediate(() => resolve({ ...found, status }));
    });
  });
}

/** As `outcome`, and throw unless the call went well. */
async function success(begin) {
  const found = await outcome(begin);
  checkStatus("status", found.status, grpc.status.OK);
  return found;
}

/** The responses of a stream one after another, and the status it ends with. */
class Stream {
  constructor(call) {
    this.call = call;
    this._responses = [];
    this._waiting = [];
    this.initial = null;
    this.status = new Promise((resolve) => {
      call.on("status", (status) => {
        this._responses.push(null);
        this._serve();
        resolve(status);
      });
    });
    call.on("metadata", (metadata) => (this.initial = metadata));
    call.on("error", () => {}); // the status says it as well
    call.on("data", (response) => {
      this._responses.push(response);
      this._serve();
    });
  }

  /** The next response; null when there is none any more. */
  next() {
    return new Promise((resolve) => {
      this._waiting.push(resolve);
      this._serve();
    });
  }

  _serve() {
    while (this._waiting.length > 0 && this._responses.length > 0) {
      const response = this._responses[0];
      if (response !== null) {
        this._responses.shift();
      }
      this._waiting.shift()(response);
    }
  }
}

/** A stub that compresses what it sends. */
function compressing(connect) {
  return connect("TestService", { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip });
}

/** Send each message of the call in plain when `plain()` is true at that moment, whatever the channel's compression. */
function sendingPlain(plain) {
  const NO_COMPRESS = 2; // the flag that grpc-js's own filter looks at
  return (options, next) => {
    const call = new grpc.InterceptingCall(next(options));
    const send = call.sendMessageWithContext.bind(call);
    call.sendMessageWithContext = (context, message) =>
      send({ ...context, flags: plain() ? NO_COMPRESS : 0 }, message);
    return call;
  };
}

module.exports = {
  NotRun,
  Stream,
  check,
  checkRefused,
  checkStatus,
  checkZeros,
  compressing,
  outcome,
  patient,
  sendingPlain,
  success,
};
