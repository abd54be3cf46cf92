// What client and server share: the services as the .proto files say them, payloads of zeros, printed lines.
"use strict";

const path = require("node:path");

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

// Where the imports in the .proto files start from.
const PROTO_ROOT = path.resolve(__dirname, "../../..");
const PROTO_FILES = ["grpc/interop/protos/test.proto"];

/** Headers that the server sends back: one as initial, one as trailing metadata. */
const ECHO_INITIAL = "x-grpc-test-echo-initial";
const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";

/** Load the package grpc.testing: its services and messages, by name. */
function load() {
  const definition = loader.loadSync(PROTO_FILES, {
    includeDirs: [PROTO_ROOT],
    keepCase: true,
    defaults: true,
    longs: Number,
    enums: String,
  });
  return grpc.loadPackageDefinition(definition).grpc.testing;
}

/** A payload of as many zeros. */
function zeros(size) {
  return { body: Buffer.alloc(size) };
}

/** Print one JSON object on a line of its own. */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

module.exports = { ECHO_INITIAL, ECHO_TRAILING, load, say, zeros };
