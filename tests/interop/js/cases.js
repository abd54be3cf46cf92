// All cases by name: functions of a context, which has `connect` for stubs and the `values` of the flags.
"use strict";

const { NotRun } = require("./calls.js");

async function unseen() {
  throw new NotRun("grpc-js does not show whether a message came compressed");
}

module.exports = {
  ...require("./unary_cases.js").cases,
  ...require("./stream_cases.js").cases,
  ...require("./lasting_cases.js").cases,
  server_compressed_unary: unseen,
  server_compressed_streaming: unseen,
};
