// The cases of calls that stream, and of what holds for them and for unary calls alike.
"use strict";

const grpc = require("@grpc/grpc-js");

const {
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
} = require("./calls.js");
const { ECHO_INITIAL, ECHO_TRAILING, zeros } = require("./service.js");

const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const COMPRESSED_SIZES = [27182, 45904];
const SLEEPING_MS = 1;

const INITIAL_VALUE = "test_initial_metadata_value";
const TRAILING_VALUE = Buffer.from([0xab, 0xab, 0xab]);

const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);
const turn = (index) => ({
  response_parameters: [{ size: RESPONSE_SIZES[index] }],
  payload: zeros(REQUEST_SIZES[index]),
});

async function clientStreaming({ connect }) {
  const { response } = await success((callback) => {
    const call = connect().StreamingInputCall(patient(), callback);
    REQUEST_SIZES.forEach((size) => call.write({ payload: zeros(size) }));
    call.end();
    return call;
  });
  check("sum of sizes", response.aggregated_payload_size, sum(REQUEST_SIZES));
}

async function clientCompressedStreaming({ connect }) {
  const stub = compressing(connect);
  let plain = true;
  const begin = (callback) =>
    stub.StreamingInputCall(patient({ interceptors: [sendingPlain(() => plain)] }), callback);
  const probe = await outcome((callback) => {
    const call = begin(callback);
    call.end({ payload: zeros(COMPRESSED_SIZES[0]), expect_compressed: { value: true } });
    return call;
  });
  checkRefused(probe.status);
  const { response } = await success((callback) => {
    const call = begin(callback);
    plain = false;
    call.write({ payload: zeros(COMPRESSED_SIZES[0]), expect_compressed: { value: true } }, () => {
      plain = true;
      call.end({ payload: zeros(COMPRESSED_SIZES[1]), expect_compressed: { value: false } });
    });
    return call;
  });
  check("sum of sizes", response.aggregated_payload_size, sum(COMPRESSED_SIZES));
}

async function serverStreaming({ connect }) {
  const response_parameters = RESPONSE_SIZES.map((size) => ({ size }));
  const stream = new Stream(connect().StreamingOutputCall({ response_parameters }, patient()));
  for (const size of RESPONSE_SIZES) {
    checkZeros("response", ((await stream.next()) || {}).payload, size);
  }
  check("a further response", await stream.next(), null);
  checkStatus("status", await stream.status, grpc.status.OK);
}

async function pingPong({ connect }) {
  const stream = new Stream(connect().FullDuplexCall(patient()));
  for (let index = 0; index < REQUEST_SIZES.length; index++) {
    stream.call.write(turn(index));
    checkZeros("response", ((await stream.next()) || {}).payload, RESPONSE_SIZES[index]);
  }
  stream.call.end();
  check("a further response", await stream.next(), null);
  checkStatus("status", await stream.status, grpc.status.OK);
}

async function emptyStream({ connect }) {
  const stream = new Stream(connect().FullDuplexCall(patient()));
  stream.call.end();
  check("a response", await stream.next(), null);
  checkStatus("status", await stream.status, grpc.status.OK);
}

async function customMetadata({ connect }) {
  const stub = connect();
  const metadata = new grpc.Metadata();
  metadata.set(ECHO_INITIAL, INITIAL_VALUE);
  metadata.set(ECHO_TRAILING, TRAILING_VALUE);
  const request = { response_size: RESPONSE_SIZES[0], payload: zeros(REQUEST_SIZES[0]) };
  checkEcho("unary", await success((callback) => stub.UnaryCall(request, metadata, patient(), callback)));

  const stream = new Stream(stub.FullDuplexCall(metadata, patient()));
  stream.call.write(turn(0));
  stream.call.end();
  await stream.next();
  const status = await stream.status;
  checkStatus("stream: status", status, grpc.status.OK);
  checkEcho("stream", { initial: stream.initial, status });
}

function checkEcho(what, { initial, status }) {
  const trailing = status.metadata.get(ECHO_TRAILING)[0];
  check(`${what}: initial metadata`, initial && initial.get(ECHO_INITIAL)[0], INITIAL_VALUE);
  check(`${what}: trailing metadata`, trailing && trailing.toString("hex"), TRAILING_VALUE.toString("hex"));
}

async function statusCodeAndMessage({ connect }) {
  const stub = connect();
  const response_status = { code: grpc.status.UNKNOWN, message: "test status message" };
  const { status } = await outcome((callback) => stub.UnaryCall({ response_status }, patient(), callback));
  checkStatus("unary: status", status, response_status.code, response_status.message);
  const stream = new Stream(stub.FullDuplexCall(patient()));
  stream.call.write({ response_status });
  stream.call.end();
  checkStatus("stream: status", await stream.status, response_status.code, response_status.message);
}

async function cancelAfterBegin({ connect }) {
  const { status } = await outcome((callback) => {
    const call = connect().StreamingInputCall(patient(), callback);
    call.cancel();
    return call;
  });
  checkStatus("status", status, grpc.status.CANCELLED);
}

async function cancelAfterFirstResponse({ connect }) {
  const stream = new Stream(connect().FullDuplexCall(patient()));
  stream.call.write(turn(0));
  checkZeros("response", ((await stream.next()) || {}).payload, RESPONSE_SIZES[0]);
  stream.call.cancel();
  checkStatus("status", await stream.status, grpc.status.CANCELLED);
}

async function timeoutOnSleepingServer({ connect }) {
  const stream = new Stream(connect().FullDuplexCall(patient({ deadline: Date.now() + SLEEPING_MS })));
  stream.call.write({ payload: zeros(REQUEST_SIZES[0]) });
  checkStatus("status", await stream.status, grpc.status.DEADLINE_EXCEEDED);
}

module.exports = {
  cases: {
    client_streaming: clientStreaming,
    client_compressed_streaming: clientCompressedStreaming,
    server_streaming: serverStreaming,
    ping_pong: pingPong,
    empty_stream: emptyStream,
    custom_metadata: customMetadata,
    status_code_and_message: statusCodeAndMessage,
    cancel_after_begin: cancelAfterBegin,
    cancel_after_first_response: cancelAfterFirstResponse,
    timeout_on_sleeping_server: timeoutOnSleepingServer,
  },
};
