// Serves the interop services with grpc-js; says its port. Flags are those of `python -m grpc.interop server`.
"use strict";

const fs = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");

const grpc = require("@grpc/grpc-js");

const flags = require("./flags.js");
const { ECHO_INITIAL, ECHO_TRAILING, load, say, zeros } = require("./service.js");

const FLAGS = {
  host: "127.0.0.1",
  port: 0,
  use_tls: false,
  tls_cert_file: "",
  tls_key_file: "",
  stop_with_stdin: false,
};

const CANNOT_SEE = "grpc-js does not show whether a message came compressed";

/** The trailing metadata of a call; its initial metadata goes out at once. */
function echo(call) {
  const initial = call.metadata.get(ECHO_INITIAL);
  if (initial.length > 0) {
    const metadata = new grpc.Metadata();
    metadata.set(ECHO_INITIAL, initial[0]);
    call.sendMetadata(metadata);
  }
  const trailing = new grpc.Metadata();
  for (const value of call.metadata.get(ECHO_TRAILING)) {
    trailing.add(ECHO_TRAILING, value);
  }
  return trailing;
}

/** The error that a request asks for, or the one for what this server cannot do, or null. */
function wantedError(request, trailing) {
  if (request.expect_compressed) {
    return { code: grpc.status.UNIMPLEMENTED, details: CANNOT_SEE };
  }
  const status = request.response_status;
  return status && status.code ? { code: status.code, details: status.message, metadata: trailing } : null;
}

function emptyCall(call, callback) {
  callback(null, {}, echo(call));
}

function unaryCall(call, callback) {
  const trailing = echo(call);
  const error = wantedError(call.request, trailing);
  if (error) {
    callback(error);
  } else {
    callback(null, { payload: zeros(call.request.response_size) }, trailing);
  }
}

/** Answers with the moment of the call, so that a repeated answer must be another's copy. */
function cacheableUnaryCall(call, callback) {
  const metadata = new grpc.Metadata();
  metadata.set("cache-control", "max-age=60, public");
  call.sendMetadata(metadata);
  callback(null, { payload: { body: Buffer.from(String(process.hrtime.bigint())) } });
}

async function respond(call, parameters) {
  for (const { size, interval_us: interval } of parameters) {
    if (interval > 0) {
      await sleep(interval / 1000);
    }
    if (call.cancelled) {
      return;
    }
    call.write({ payload: zeros(size) });
  }
}

async function streamingOutputCall(call) {
  const trailing = echo(call);
  await respond(call, call.request.response_parameters);
  call.end(trailing);
}

function streamingInputCall(call, callback) {
  const trailing = echo(call);
  let size = 0;
  let error = null;
  call.on("data", (request) => {
    error = error || wantedError(request, trailing);
    size += request.payload ? request.payload.body.length : 0;
  });
  call.on("end", () => callback(error, { aggregated_payload_size: size }, trailing));
}

/**
 * Do `onRequest` for one request after another, then `onEnd`.
 *
 * Not by `for await`: leaving that loop destroys the stream, and with it the way to answer.
 */
function inTurn(call, onRequest, onEnd) {
  return new Promise((resolve, reject) => {
    let turns = Promise.resolve();
    const next = (work) => {
      turns = turns.then(work);
      turns.catch(reject);
    };
    call.on("data", (request) => next(() => onRequest(request)));
    call.on("end", () => {
      next(onEnd);
      next(resolve);
    });
    call.on("cancelled", resolve);
  });
}

function fullDuplexCall(call) {
  const trailing = echo(call);
  return inTurn(
    call,
    (request) => {
      const error = wantedError(request, trailing);
      if (error) {
        throw error;
      }
      return respond(call, request.response_parameters);
    },
    () => call.end(trailing),
  );
}

function halfDuplexCall(call) {
  const trailing = echo(call);
  const requests = [];
  return inTurn(
    call,
    (request) => void requests.push(request),
    async () => {
      for (const request of requests) {
        await respond(call, request.response_parameters);
      }
      call.end(trailing);
    },
  );
}

/** End the call with the error of its handler, unless its client has left and nobody would hear of it. */
function answering(handler) {
  return (call) => {
    handler(call).catch((error) => {
      if (!call.cancelled) {
        call.emit("error", "code" in error ? error : { code: grpc.status.INTERNAL, details: String(error) });
      }
    });
  };
}

function credentials(values) {
  if (!values.use_tls) {
    return grpc.ServerCredentials.createInsecure();
  }
  const pair = { private_key: fs.readFileSync(values.tls_key_file), cert_chain: fs.readFileSync(values.tls_cert_file) };
  return grpc.ServerCredentials.createSsl(null, [pair]);
}

function main() {
  const values = flags.parse(process.argv.slice(2), FLAGS);
  const server = new grpc.Server({ "grpc.so_reuseport": 0 });
  server.addService(load().TestService.service, {
    EmptyCall: emptyCall,
    UnaryCall: unaryCall,
    CacheableUnaryCall: cacheableUnaryCall,
    StreamingOutputCall: answering(streamingOutputCall),
    StreamingInputCall: streamingInputCall,
    FullDuplexCall: answering(fullDuplexCall),
    HalfDuplexCall: answering(halfDuplexCall),
  });
  server.bindAsync(`${values.host}:${values.port}`, credentials(values), (error, port) => {
    if (error) {
      throw error;
    }
    say({ port });
  });
  const end = () => {
    server.forceShutdown();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  if (values.stop_with_stdin) {
    process.stdin.on("end", end);
    process.stdin.resume();
  }
}

main();
