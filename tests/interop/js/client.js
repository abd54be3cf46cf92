// Runs interop cases with grpc-js, each over channels of its own; prints one JSON line a case.
//
// Lines are those of `python -m grpc.interop client`, and so are the flags, but for --api, --caching_proxy and
// --soak_min_time_ms_between_rpcs, which it does not have. The exit code is 1 when a case failed, 3 when none
// did and none was run.
"use strict";

const fs = require("node:fs");

const grpc = require("@grpc/grpc-js");

const { NotRun } = require("./calls.js");
const cases = require("./cases.js");
const flags = require("./flags.js");
const { load, say } = require("./service.js");

const FLAGS = {
  server_host: "127.0.0.1",
  server_port: 0,
  server_host_override: "",
  test_case: "",
  use_tls: false,
  use_test_ca: false,
  ca_file: "",
  service_config_json: "",
  soak_iterations: 50,
  soak_max_failures: 0,
  soak_per_iteration_max_acceptable_latency_ms: 1000,
  soak_overall_timeout_seconds: 60,
  concurrent_calls: 100,
  long_lived_calls: 3,
  long_lived_spacing_seconds: 0.05,
};

function channelOptions(values) {
  const options = {
    // Stubs of the same target would share a connection otherwise, and a new channel would not be one.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
  };
  if (values.server_host_override) {
    options["grpc.ssl_target_name_override"] = values.server_host_override;
    options["grpc.default_authority"] = values.server_host_override;
  }
  if (values.service_config_json) {
    options["grpc.service_config"] = values.service_config_json;
  }
  return options;
}

function credentials(values) {
  if (!values.use_tls) {
    return grpc.credentials.createInsecure();
  }
  return grpc.credentials.createSsl(values.use_test_ca ? fs.readFileSync(values.ca_file) : null);
}

/** Run one case; a line that says how it went. */
async function run(name, services, values) {
  const begin = performance.now();
  const stubs = [];
  const connect = (service = "TestService", more = {}) => {
    const target = `${values.server_host}:${values.server_port}`;
    const stub = new services[service](target, credentials(values), { ...channelOptions(values), ...more });
    stubs.push(stub);
    return stub;
  };
  const line = { case: name, result: "passed", why: null };
  try {
    await cases[name]({ connect, values });
  } catch (error) {
    line.result = error instanceof NotRun ? "not_run" : "failed";
    line.why = error.message;
  }
  stubs.forEach((stub) => stub.close());
  return { ...line, seconds: Math.round(performance.now() - begin) / 1000 };
}

async function main() {
  const values = flags.parse(process.argv.slice(2), FLAGS);
  const names = values.test_case === "all" ? Object.keys(cases) : values.test_case.split(",");
  for (const name of names) {
    if (!(name in cases)) {
      throw new Error(`there is no case '${name}'; there are ${Object.keys(cases).join(", ")}, and 'all'`);
    }
  }
  const services = load();
  const results = new Set();
  for (const name of names) {
    const line = await run(name, services, values);
    results.add(line.result);
    say(line);
  }
  // The timers of the deadlines of calls long over would keep the process alive.
  process.exit(results.has("failed") ? 1 : results.has("passed") ? 0 : 3);
}

main();
