// A Node client that reads the protos at run time: the walk-through, fencing, paging and decoded errors.
// Environment: MUSTER_SERVER (a daemon with a timeout of 2 s), MUSTER_PROTO (the directory of the protos).
'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const protos = process.env.MUSTER_PROTO;
const { muster } = grpc.loadPackageDefinition(
  protoLoader.loadSync(['muster/v1/commands.proto', 'muster/v1/queries.proto'],
    { includeDirs: [protos], enums: String, longs: Number }));
const details = new protobuf.Root();
details.resolvePath = (_, target) => target.startsWith('google/rpc/') ? `${protos}/${target}` : target;
details.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

const credentials = grpc.credentials.createInsecure();
const commands = new muster.v1.WorkerCommands(process.env.MUSTER_SERVER, credentials);
const queries = new muster.v1.WorkerQueries(process.env.MUSTER_SERVER, credentials);
test.after(() => { commands.close(); queries.close(); });

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + 20000);
    client[method](request, { deadline }, (error, response) => error ? reject(error) : resolve(response));
  });
}

/** Makes a call that must be refused; resolves to { code, reason, fields }. */
async function refusal(client, method, request) {
  const error = await call(client, method, request).then(
    (answer) => assert.fail(`was not refused: ${JSON.stringify(answer)}`), (failure) => failure);
  const [packed] = error.metadata.get('grpc-status-details-bin');
  const out = { code: error.code, fields: [] };
  for (const any of details.lookupType('google.rpc.Status').decode(packed).details) {
    const detail = details.lookupType(any.type_url.split('/').pop()).decode(any.value);
    if (detail.reason) out.reason = detail.reason;
    for (const violation of detail.fieldViolations ?? []) out.fields.push(violation.field);
  }
  return out;
}

const register = (id, fields = {}) =>
  call(commands, 'RegisterWorker', { workerId: id, region: 'eu', capacity: 2, ...fields });
const beat = (id, fields = {}) => call(commands, 'Heartbeat', { workerId: id, ...fields });

/** Sends heartbeats over one stream; resolves to its answers, once it ended with OK. */
function stream(heartbeats) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const open = commands.StreamHeartbeats({ deadline: new Date(Date.now() + 20000) });
    open.on('data', (answer) => answers.push(answer)).on('error', reject).on('end', () => resolve(answers));
    for (const heartbeat of heartbeats) open.write({ heartbeat });
    open.end();
  });
}

async function statuses() {
  const { workers } = await call(queries, 'ListWorkers', {});
  return Object.fromEntries(workers.map(({ id, status }) => [id, status.replace('WORKER_STATUS_', '')]));
}

async function waitFor(expected, beating = []) {
  const deadline = Date.now() + 20000;
  for (;;) {
    for (const id of beating) await beat(id);
    const now = await statuses();
    if (JSON.stringify(now) === JSON.stringify(expected)) return;
    assert(Date.now() < deadline, `waited in vain for ${JSON.stringify(expected)}: ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('the walk-through', async () => {
  for (const number of [1, 2, 3]) {
    const { worker } = await register(`worker-${number}`, { metadata: { rack: `r${number}` }, capabilities: ['gpu', 'avx'] });
    assert.equal(worker.status, 'WORKER_STATUS_PENDING');
    assert.deepEqual(worker.capabilities, ['avx', 'gpu']);
  }
  await waitFor({ 'worker-1': 'ACTIVE', 'worker-2': 'ACTIVE', 'worker-3': 'PENDING' }, ['worker-1', 'worker-2']);
  const { workers: active } = await call(queries, 'ListWorkers', { statuses: ['WORKER_STATUS_ACTIVE'] });
  assert.deepEqual(active.map(({ id }) => id), ['worker-1', 'worker-2']);
  assert.deepEqual(active[0].metadata, { rack: 'r1' });
  await waitFor({ 'worker-1': 'OFFLINE', 'worker-2': 'OFFLINE', 'worker-3': 'PENDING' });
  await waitFor({ 'worker-1': 'ACTIVE', 'worker-2': 'OFFLINE', 'worker-3': 'PENDING' }, ['worker-1']);
  await call(commands, 'UnregisterWorker', { workerId: 'worker-3' });
  const gone = await refusal(queries, 'GetWorker', { workerId: 'worker-3' });
  assert.deepEqual(gone, { code: grpc.status.NOT_FOUND, reason: 'WORKER_NOT_FOUND', fields: [] });
});

test('a replaced instance is fenced off', async () => {
  await register('fenced', { instanceId: 'one' });
  assert.equal((await refusal(commands, 'RegisterWorker',
    { workerId: 'fenced', region: 'eu', capacity: 1, instanceId: 'two' })).reason, 'WORKER_ALREADY_EXISTS');
  await register('fenced', { instanceId: 'two', replace: true });
  const { code, reason } = await refusal(commands, 'Heartbeat', { workerId: 'fenced', instanceId: 'one' });
  assert.deepEqual({ code, reason }, { code: grpc.status.FAILED_PRECONDITION, reason: 'INSTANCE_SUPERSEDED' });
  await beat('fenced', { instanceId: 'two', inUse: 1 });
  const { worker } = await call(queries, 'GetWorker', { workerId: 'fenced', view: 'WORKER_VIEW_HEARTBEATS' });
  assert.deepEqual([worker.inUse, worker.heartbeats.total], [1, 1]);
  await call(commands, 'UnregisterWorker', { workerId: 'fenced' });
});

test('a batch answers each heartbeat', async () => {
  await register('batch');
  const { results } = await call(commands, 'BatchHeartbeat', { heartbeats: [{ workerId: 'batch' }, { workerId: 'ghost' }] });
  assert.deepEqual(results.map(({ error }) => error?.reason), [undefined, 'WORKER_NOT_FOUND']);
  await call(commands, 'UnregisterWorker', { workerId: 'batch' });
});

test('a stream answers each heartbeat, in order', async () => {
  await register('streamed');
  const ids = [...Array(300).keys()].map((number) => number % 3 ? 'streamed' : 'ghost');
  const answers = await stream(ids.map((workerId) => ({ workerId })));
  assert.deepEqual(answers.map(({ workerId }) => workerId), ids);
  assert.equal(answers[0].result.error.reason, 'WORKER_NOT_FOUND');
  assert.equal(answers[1].result.status, 'WORKER_STATUS_PENDING');
  assert.equal(answers[1].heartbeatTimeout.seconds, 2);
  const { worker } = await call(queries, 'GetWorker', { workerId: 'streamed', view: 'WORKER_VIEW_HEARTBEATS' });
  assert.equal(worker.heartbeats.total, 200);
  await call(commands, 'UnregisterWorker', { workerId: 'streamed' });
});

test('pages, and bad input with its field', async () => {
  for (let number = 0; number < 7; ++number) await register(`page-${number}`, { region: 'paged' });
  const seen = [];
  let pageToken = '';
  do {
    const page = await call(queries, 'ListWorkers', { region: 'paged', pageSize: 3, pageToken });
    seen.push(...page.workers.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  assert.deepEqual(seen, [...Array(7).keys()].map((number) => `page-${number}`));
  const forged = await refusal(queries, 'ListWorkers', { region: 'paged', pageToken: 'forged' });
  assert.deepEqual(forged, { code: grpc.status.INVALID_ARGUMENT, reason: 'INVALID_ARGUMENT', fields: ['page_token'] });
  const bad = await refusal(commands, 'RegisterWorker', { workerId: 'x', region: 'eu', capacity: -1 });
  assert.deepEqual(bad.fields, ['capacity']);
});
