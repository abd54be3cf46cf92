// The cases of calls with one request and one response.
"use strict";

const grpc = require("@grpc/grpc-js");

const {
  NotRun,
  check,
  checkRefused,
  checkStatus,
  checkZeros,
  compressing,
  outcome,
  patient,
  sendingPlain,
  success,
} = require("./calls.js");
const { zeros } = require("./service.js");

const REQUEST_SIZE = 271828;
const RESPONSE_SIZE = 314159;

const LARGE = { response_size: RESPONSE_SIZE, payload: zeros(REQUEST_SIZE) };
const SPECIAL_TEXT = "\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \u{1F608}\t\n";

/** Bytes as they are, both ways: an empty message is nothing but its frame. */
async function emptyUnary({ connect }) {
  const same = (bytes) => bytes;
  const path = "/grpc.testing.TestService/EmptyCall";
  const { response } = await success((callback) =>
    connect().makeUnaryRequest(path, same, same, Buffer.alloc(0), new grpc.Metadata(), patient(), callback),
  );
  check("response: size", response.length, 0);
}

/** One exchange of the large messages. */
async function exchange(stub) {
  const { response } = await success((callback) => stub.UnaryCall(LARGE, patient(), callback));
  checkZeros("response", response.payload, RESPONSE_SIZE);
}

async function largeUnary({ connect }) {
  await exchange(connect());
}

async function clientCompressedUnary({ connect }) {
  const stub = compressing(connect);
  const ask = (plain, expected) =>
    outcome((callback) =>
      stub.UnaryCall(
        { ...LARGE, expect_compressed: { value: expected } },
        patient({ interceptors: [sendingPlain(() => plain)] }),
        callback,
      ),
    );
  checkRefused((await ask(true, true)).status);
  for (const plain of [false, true]) {
    const { status, response } = await ask(plain, !plain);
    checkStatus(plain ? "plain" : "compressed", status, grpc.status.OK);
    checkZeros("response", response.payload, RESPONSE_SIZE);
  }
}

async function cacheableUnary() {
  throw new NotRun("no proxy that keeps responses stands before the server");
}

async function specialStatusMessage({ connect }) {
  const response_status = { code: grpc.status.UNKNOWN, message: SPECIAL_TEXT };
  const { status } = await outcome((callback) => connect().UnaryCall({ response_status }, patient(), callback));
  checkStatus("status", status, grpc.status.UNKNOWN, SPECIAL_TEXT);
}

async function unimplementedMethod({ connect }) {
  const { status } = await outcome((callback) => connect().UnimplementedCall({}, patient(), callback));
  checkStatus("status", status, grpc.status.UNIMPLEMENTED);
}

async function unimplementedService({ connect }) {
  const stub = connect("UnimplementedService");
  const { status } = await outcome((callback) => stub.UnimplementedCall({}, patient(), callback));
  checkStatus("status", status, grpc.status.UNIMPLEMENTED);
}

module.exports = {
  exchange,
  cases: {
    empty_unary: emptyUnary,
    large_unary: largeUnary,
    cacheable_unary: cacheableUnary,
    client_compressed_unary: clientCompressedUnary,
    special_status_message: specialStatusMessage,
    unimplemented_method: unimplementedMethod,
    unimplemented_service: unimplementedService,
  },
};
