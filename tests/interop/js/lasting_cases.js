// The cases of many calls.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");

const { check } = require("./calls.js");
const { exchange } = require("./unary_cases.js");

/** Repeat: too many failures, slow ones included, fail the case, and so do too few in all the time. */
async function soak(values, once) {
  const failures = [];
  const end = Date.now() + values.soak_overall_timeout_seconds * 1000;
  let done = 0;
  for (; done < values.soak_iterations && Date.now() < end; done++) {
    const begin = Date.now();
    try {
      await once();
      const took = Date.now() - begin;
      if (took > values.soak_per_iteration_max_acceptable_latency_ms) {
        failures.push(`took ${took} ms`);
      }
    } catch (error) {
      failures.push(error.message);
    }
  }
  check("calls made in time", done, values.soak_iterations);
  if (failures.length > values.soak_max_failures) {
    throw new Error(`${failures.length} of ${done} failed, ${values.soak_max_failures} may; the first: ${failures[0]}`);
  }
}

async function rpcSoak({ connect, values }) {
  const stub = connect();
  await soak(values, () => exchange(stub));
}

async function channelSoak({ connect, values }) {
  await soak(values, async () => {
    const stub = connect();
    try {
      await exchange(stub);
    } finally {
      stub.close();
    }
  });
}

async function concurrentLargeUnary({ connect, values }) {
  const stub = connect();
  await Promise.all(Array.from({ length: values.concurrent_calls }, () => exchange(stub)));
}

async function longLivedChannel({ connect, values }) {
  const stub = connect();
  for (let index = 0; index < values.long_lived_calls; index++) {
    await exchange(stub);
    await sleep(values.long_lived_spacing_seconds * 1000);
  }
}

module.exports = {
  cases: {
    rpc_soak: rpcSoak,
    channel_soak: channelSoak,
    concurrent_large_unary: concurrentLargeUnary,
    long_lived_channel: longLivedChannel,
  },
};
