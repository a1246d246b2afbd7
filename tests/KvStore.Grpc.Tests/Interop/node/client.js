// @grpc/grpc-js, gRPC in JavaScript without the C core, as the client of our server.   client.js HOST:PORT PROTO_FOLDER, with NODE_PATH at its node_modules
'use strict';

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, protos] = process.argv.slice(2);
const definition = loader.loadSync('kvstore/test/v1/test.proto', { includeDirs: [protos], keepCase: true, longs: Number, defaults: true });
const { Test } = grpc.loadPackageDefinition(definition).kvstore.test.v1;
const client = new Test(address, grpc.credentials.createInsecure());
const { status } = grpc;
const anyText = 'naïve 100% \n "quoted" 日本 😀';
const limit = 4 << 20;
const bytes = (count) => Buffer.alloc(count);

// The response, headers and trailers of a call with one response; rejects with the status.
function single(method, request, { metadata = new grpc.Metadata(), options = {} } = {}) {
  return new Promise((resolve, reject) => {
    const result = {};
    const done = (error, response) => { error ? (result.error = error) : (result.response = response); };
    const call = request === undefined ? client[method](metadata, options, done) : client[method](request, metadata, options, done);
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('status', ({ metadata: trailers }) => {
      result.trailers = trailers;
      // The callback may come after the status.
      setImmediate(() => (result.error ? reject(result.error) : resolve(result)));
    });
    result.call = call;
    if (request === undefined) call.end();
  });
}

// All responses of a stream; rejects with the status and the responses before it.
function all(call) {
  return new Promise((resolve, reject) => {
    const responses = [];
    call.on('data', (response) => responses.push(response));
    call.on('error', (error) => reject(Object.assign(error, { responses })));
    call.on('end', () => resolve(responses));
  });
}

async function expectStatus(code, promise) {
  try {
    await promise;
  } catch (error) {
    assert.strictEqual(error.code, code, `expected ${status[code]}, got ${error}`);
    return error;
  }
  throw new Error(`expected ${status[code]}, got success`);
}

function clientStream(requests) {
  return new Promise((resolve, reject) => {
    const call = client.ClientStream((error, response) => (error ? reject(error) : resolve(response)));
    call.on('error', () => {});
    for (const request of requests) call.write(request);
    call.end();
  });
}

const checks = {
  async unary() {
    const { response } = await single('Unary', { payload: bytes(10), response_size: 7 });
    assert.deepStrictEqual([response.received_bytes, response.payload.length], [10, 7]);
  },

  async largeMessagesBothWays() {
    const size = limit - 64;
    const { response } = await single('Unary', { payload: bytes(size), response_size: size });
    assert.deepStrictEqual([response.received_bytes, response.payload.length], [size, size]);
  },

  async requestOverTheLimit() {
    await expectStatus(status.RESOURCE_EXHAUSTED, single('Unary', { payload: bytes(limit + 1) }));
    await single('Unary', {});
  },

  async metadataInHeadersAndTrailers() {
    const metadata = new grpc.Metadata();
    metadata.set('x-echo', 'hi');
    metadata.set('x-echo-bin', Buffer.from([1, 0, 255]));
    const { response, headers, trailers } = await single('Unary', { send_headers: true, send_trailers: true }, { metadata });
    assert.strictEqual(response.echo, 'hi|0100FF');
    assert.deepStrictEqual(headers.get('x-early-bin'), [Buffer.from([1, 2, 255])]);
    assert.deepStrictEqual(trailers.get('x-trailer'), ['tail']);
    assert.deepStrictEqual(trailers.get('x-trailer-bin'), [Buffer.from([0, 200, 7])]);
  },

  async everyStatus() {
    for (let code = 1; code <= 16; code++) {
      const error = await expectStatus(code, single('Unary', { status: code, status_message: anyText, send_trailers: true }));
      assert.strictEqual(error.details, anyText);
      assert.deepStrictEqual(error.metadata.get('x-trailer'), ['tail']);
    }
  },

  async failingHandlerAndUnimplementedMethod() {
    await expectStatus(status.UNKNOWN, single('Unary', { fail: true }));
    await expectStatus(status.UNIMPLEMENTED, single('NotImplementedHere', {}));
  },

  async deadlineIsKnownAndKept() {
    const { response } = await single('Unary', {}, { options: { deadline: Date.now() + 3_600_000 } });
    assert.ok(response.deadline_milliseconds > 60_000 && response.deadline_milliseconds <= 3_600_000);
    await expectStatus(status.DEADLINE_EXCEEDED, single('Unary', { wait_until_cut_short: true }, { options: { deadline: Date.now() + 100 } }));
  },

  async gzipRequest() {
    const zipping = new Test(address, grpc.credentials.createInsecure(), { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    const response = await new Promise((resolve, reject) => zipping.Unary({ payload: bytes(100_000) }, (error, value) => (error ? reject(error) : resolve(value))));
    assert.strictEqual(response.received_bytes, 100_000);
    zipping.close();
  },

  async serverStreams() {
    const responses = await all(client.ServerStream({ responses: 1000, response_size: 100 }));
    assert.strictEqual(responses.length, 1000);
    assert.deepStrictEqual(await all(client.ServerStream({})), []);
    const large = await all(client.ServerStream({ responses: 16, response_size: 1 << 20 }));
    assert.strictEqual(large.reduce((sum, { payload }) => sum + payload.length, 0), 16 << 20);
  },

  async serverStreamThatEndsInAnError() {
    const error = await expectStatus(status.FAILED_PRECONDITION, all(client.ServerStream({ responses: 3, status: 9 })));
    assert.strictEqual(error.responses.length, 3);
  },

  async clientStreams() {
    assert.strictEqual((await clientStream([])).received_bytes, 0);
    assert.strictEqual((await clientStream(Array(16).fill({ payload: bytes(1 << 20) }))).received_bytes, 16 << 20);
    await expectStatus(status.ABORTED, clientStream(Array.from({ length: 100 }, (_, i) => (i === 3 ? { status: 10 } : {}))));
  },

  async bidiPingPong() {
    const call = client.Bidi();
    const sizes = [];
    call.on('data', ({ payload }) => {
      sizes.push(payload.length);
      sizes.length < 300 ? call.write({ response_size: sizes.length }) : call.end();
    });
    const ended = new Promise((resolve, reject) => { call.on('end', resolve); call.on('error', reject); });
    call.write({ response_size: 0 });
    await ended;
    assert.deepStrictEqual(sizes, [...Array(300).keys()]);
  },

  async cancellationReachesTheServer() {
    const name = randomUUID();
    const call = client.ServerStream({ name, responses: 1, wait_until_cut_short: true });
    const failure = expectStatus(status.CANCELLED, all(call));
    await new Promise((resolve) => call.once('data', resolve));
    call.cancel();
    await failure;
    await single('AwaitCutShort', { name });
  },

  async aThousandCallsAtOnce() {
    await Promise.all(Array.from({ length: 1000 }, () => single('Unary', {})));
  },
};

(async () => {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log('ok', name);
    } catch (error) {
      failed++;
      console.log('FAILED', name, error);
    }
  }
  client.close();
  console.log(Object.keys(checks).length - failed, 'checks passed,', failed, 'failed');
  process.exitCode = failed ? 1 : 0;
})();
