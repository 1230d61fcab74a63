// The description of HTTP/JSON, held to what a real daemon answers.
// Environment: MUSTER_HTTP (HOST:PORT of a daemon whose roll is empty).
//
// Answers are held to the schemas more strictly than clients should: a field that is not described is an error.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const [host, port] = process.env.MUSTER_HTTP.split(':');
// A daemon that is well never answers these; tests/http/api sees to them.
const UNREACHABLE = new Set(['429', '503']);
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const agent = new http.Agent({ keepAlive: true });
test.after(() => agent.destroy());

function send(method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path, agent, headers: { ...headers } };
    if (body !== undefined) options.headers['Content-Length'] = Buffer.byteLength(body);
    const request = http.request(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({
        status: String(response.statusCode), headers: response.headers, body: Buffer.concat(parts).toString('utf8'),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const document = JSON.parse((await send('GET', '/openapi.json')).body);

/** The description with every object closed to what it does not name. */
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const out = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  if (out.properties && out.type === 'object' && !('additionalProperties' in out)) out.additionalProperties = false;
  return out;
}
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(closed(document), 'muster');

function resolved(object) {
  if (!object.$ref) return object;
  return object.$ref.slice(2).split('/').reduce((at, key) => at[key], document);
}
const escaped = (key) => key.replaceAll('~', '~0').replaceAll('/', '~1');

function check(pointer, value, what) {
  const validate = ajv.getSchema(`muster#${pointer}`);
  assert(validate, `no schema at ${pointer}`);
  assert(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

/** Where the schema of a response or of a request body stands, whether it is written out or referred to. */
function schemaPointer(at, object, type) {
  const base = object.$ref ? object.$ref.slice(1) : at;
  return `${base}/content/${escaped(type)}/schema`;
}

const seen = new Set();

/** Makes a request and holds the answer to the description. Resolves to the answer, with `json`. */
async function call(method, template, { path = template, query = '', expect, headers = {}, json, body } = {}) {
  const operation = document.paths[template]?.[method];
  assert(operation, `${method} ${template} is not described`);
  const all = { ...headers };
  if (json !== undefined) {
    body = JSON.stringify(json);
    all['Content-Type'] ??= 'application/json';
  }
  const answer = await send(method.toUpperCase(), path + query, { headers: all, body });
  const what = `${method.toUpperCase()} ${path}${query} -> ${answer.status}`;
  if (expect) assert.equal(answer.status, String(expect), `${what} ${answer.body}`);
  const key = operation.responses[answer.status] ? answer.status : 'default';
  const described = resolved(operation.responses[key]);
  seen.add(`${method} ${template} ${key}`);

  for (const [name, header] of Object.entries(described.headers ?? {})) {
    const value = answer.headers[name.toLowerCase()];
    assert(value, `${what} has no ${name}`);
    assert(new Ajv({ strict: false, coerceTypes: true, validateFormats: false }).compile(header.schema)(value),
      `${what}: ${name} is ${value}`);
  }
  assert(answer.headers['x-request-id'], `${what} has no X-Request-Id`);
  const types = Object.keys(described.content ?? {});
  if (types.length === 0) {
    assert.equal(answer.body, '', what);
    assert.equal(answer.headers['content-type'], undefined, what);
    return answer;
  }
  assert.deepEqual([answer.headers['content-type']], types, what);
  answer.json = JSON.parse(answer.body);
  const at = `/paths/${escaped(template)}/${method}/responses/${key}`;
  check(schemaPointer(at, operation.responses[key], types[0]), answer.json, what);
  if (types[0] === 'application/problem+json') {
    assert.equal(String(answer.json.status), answer.status, what);
    assert.equal(answer.json.instance, path, what);
    assert.equal(answer.json.requestId, answer.headers['x-request-id'], what);
  }
  // What was accepted must be what the description lets clients send.
  if (answer.status < '300' && json !== undefined) {
    check(schemaPointer(`/paths/${escaped(template)}/${method}/requestBody`, operation.requestBody, 'application/json'),
      json, `the body of ${what}`);
  }
  return answer;
}

const worker = (id, fields = {}) => ({ id, region: 'us-east-1', capacity: 10, ...fields });
const at = (id, rest = '') => ({ path: `/workers/${id}${rest}` });

test('the document is OpenAPI', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert(valid, JSON.stringify(errors, null, 2));
  assert.equal(document.openapi, '3.1.0');
});

test('its examples are what it says', () => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    for (const example of schema.examples ?? []) check(`/components/schemas/${name}`, example, `the example of ${name}`);
  }
});

test('its version is the daemon\'s', async () => {
  assert.equal((await call('get', '/summary', { expect: 200 })).json.version, document.info.version);
});

test('what goes well', async () => {
  const full = worker('worker-1', {
    capabilities: ['compute', 'storage'], metadata: { datacenter: 'dc-1' }, instanceId: 'one', replace: false });
  const created = await call('post', '/workers', { json: full, expect: 201 });
  await call('post', '/workers', { json: full, expect: 200 });
  await call('post', '/workers', { json: worker('worker-2', { capabilities: null, metadata: null }), expect: 201 });
  await call('get', '/workers/{id}/heartbeats/last', { ...at('worker-2', '/heartbeats/last'), expect: 200 });
  await call('get', '/workers/{id}/metadata', { ...at('worker-2', '/metadata'), expect: 200 });
  await call('post', '/workers/{id}/heartbeat', { ...at('worker-1', '/heartbeat'), expect: 200 });
  await call('post', '/workers/{id}/heartbeat', {
    ...at('worker-1', '/heartbeat'), json: { instanceId: 'one', inUse: 3 }, expect: 200 });
  const batch = await call('post', '/heartbeats', {
    json: { heartbeats: [{ id: 'worker-1' }, { id: 'ghost' }, { id: 'no id' }, { id: 'worker-1', instanceId: 'old' }] },
    expect: 200 });
  assert.deepEqual(batch.json.results.map(({ error }) => error?.reason),
    [undefined, 'WORKER_NOT_FOUND', 'INVALID_ARGUMENT', 'INSTANCE_SUPERSEDED']);
  const ran = await call('post', '/scheduler/run', { expect: 200 });
  assert.deepEqual(ran.json.activation.workerIds, ['worker-1']);
  await call('post', '/scheduler/run', { json: {}, expect: 200 });

  const got = await call('get', '/workers/{id}', { ...at('worker-1'), expect: 200 });
  assert.notEqual(got.headers.etag, created.headers.etag);
  await call('get', '/workers/{id}', { ...at('worker-1'), headers: { 'If-None-Match': got.headers.etag }, expect: 304 });
  await call('get', '/workers/{id}/metadata', { ...at('worker-1', '/metadata'), expect: 200 });
  await call('get', '/workers/{id}/heartbeats', { ...at('worker-1', '/heartbeats'), query: '?pageSize=2', expect: 200 });
  await call('get', '/workers/{id}/heartbeats/last', { ...at('worker-1', '/heartbeats/last'), expect: 200 });
  await call('get', '/workers', { expect: 200 });
  await call('get', '/workers', { query: '?view=heartbeats&pageSize=1', expect: 200 });
  const found = await call('get', '/workers', {
    query: '?status=Active&status=Failed,Offline&region=us-east-1&capability=compute&metadata.datacenter=dc-1', expect: 200 });
  assert.deepEqual(found.json.workers.map(({ id }) => id), ['worker-1']);
  await call('get', '/workers/active', { query: '?pageSize=1', expect: 200 });

  await call('put', '/workers/{id}/status', {
    ...at('worker-1', '/status'), headers: { 'If-Match': got.headers.etag },
    json: { status: 'Failed', expectedStatus: 'Active', expectedRevision: null, reason: 'broken' }, expect: 200 });
  await call('delete', '/workers/{id}', { ...at('worker-2'), expect: 204 });
  await call('get', '/events', { expect: 200 });
  await call('get', '/events', { query: '?workerId=worker-2&after=1&newestFirst=true&pageSize=1', expect: 200 });
  await call('get', '/summary', { expect: 200 });
  await call('get', '/healthz', { expect: 200 });
  await call('get', '/readyz', { expect: 200 });
  await call('get', '/openapi.json', { expect: 200 });
});

test('what is in conflict with the roll', async () => {
  await call('post', '/workers', { json: worker('taken', { instanceId: 'one' }), expect: 201 });
  await call('post', '/workers', { json: worker('taken', { instanceId: 'two' }), expect: 409 });
  await call('post', '/workers', { json: worker('taken', { instanceId: 'two', replace: true }), expect: 200 });
  await call('post', '/workers/{id}/heartbeat', { ...at('taken', '/heartbeat'), json: { instanceId: 'one' }, expect: 409 });
  const status = (json, expect, headers) =>
    call('put', '/workers/{id}/status', { ...at('taken', '/status'), json, expect, headers });
  await status({ status: 'Active', expectedStatus: 'Offline' }, 409);
  await status({ status: 'Offline' }, 409);
  await status({ status: 'Active' }, 412, { 'If-Match': '"0"' });
  await call('delete', '/workers/{id}', { ...at('taken'), headers: { 'If-Match': 'W/"1"' }, expect: 412 });
  await status({ status: 'Failed' }, 200);
  await call('post', '/workers', { json: worker('taken', { instanceId: 'three', replace: true }), expect: 409 });
});

/** A body that the route takes; undefined if it takes none. */
function goodBody(template, operation) {
  if (!operation.requestBody) return undefined;
  const schema = resolved(operation.requestBody.content['application/json'].schema);
  return schema.examples?.[0] ?? {};
}

for (const [template, item] of Object.entries(document.paths)) {
  for (const method of METHODS.filter((each) => item[each])) {
    test(`what ${method.toUpperCase()} ${template} refuses`, async () => {
      const operation = item[method];
      const here = { path: template.replace('{id}', 'ghost'), json: goodBody(template, operation) };
      await call(method, template, { ...here, query: '?nonsense=1', expect: 400 });
      if (template.includes('{id}')) {
        await call(method, template, { ...here, expect: 404 });
        await call(method, template, { ...here, path: template.replace('{id}', 'no%20id'), expect: 400 });
      }
      if (operation.parameters?.some(({ $ref }) => $ref?.endsWith('/pageSize'))) {
        await call(method, template, { ...here, query: '?pageSize=1001', expect: 400 });
        await call(method, template, { ...here, query: '?pageToken=forged', expect: 400 });
      }
      if (operation.requestBody) {
        await call(method, template, { ...here, headers: { 'Content-Type': 'text/plain' }, expect: 415 });
        const raw = (body) => ({ path: here.path, body, headers: { 'Content-Type': 'application/json' } });
        await call(method, template, { ...raw('{"id":'), expect: 400 });
        await call(method, template, { ...raw('{"nonsense":1}'), expect: 400 });
        await call(method, template, { ...raw(`{"x":"${'x'.repeat(600 * 1024)}"}`), expect: 413 });
      }
      if (method !== 'get') {
        await call(method, template, { ...here, headers: { Origin: 'https://elsewhere.example' }, expect: 403 });
      }
    });
  }

  test(`${template} answers nothing that is not described`, async () => {
    const path = template.replace('{id}', 'worker-1');
    const described = METHODS.filter((method) => item[method]);
    const allowed = [...described.map((method) => method.toUpperCase()), ...(item.get ? ['HEAD'] : []), 'OPTIONS'].sort();
    const allow = (answer) => answer.headers.allow?.split(', ').sort();
    for (const method of METHODS.filter((each) => !item[each])) {
      const answer = await send(method.toUpperCase(), path);
      assert.equal(answer.status, '405', `${method} ${path}`);
      assert.deepEqual(allow(answer), allowed);
      check('/components/schemas/Problem', JSON.parse(answer.body), `${method} ${path}`);
      for (const each of described) seen.add(`${each} ${template} default`);
    }
    const options = await send('OPTIONS', path);
    assert.equal(options.status, '204');
    assert.deepEqual(allow(options), allowed);
    if (item.get) {
      const [get, head] = [await send('GET', path), await send('HEAD', path)];
      assert.equal(head.status, get.status);
      assert.equal(head.body, '');
      assert.equal(head.headers['content-length'], get.headers['content-length']);
    }
  });
}

test('every answer that is described was seen', () => {
  const missing = [];
  for (const [template, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((each) => item[each])) {
      for (const status of Object.keys(item[method].responses)) {
        if (!UNREACHABLE.has(status) && !seen.has(`${method} ${template} ${status}`)) missing.push(`${method} ${template} ${status}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});
