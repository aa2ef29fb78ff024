// Shows /api/openapi.json and sends requests from it. Text goes into the page as text, never as markup.

const document_ = await (await fetch("/api/openapi.json")).json();
const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function resolve(part) {
  if (!part?.$ref) return part ?? {};
  return part.$ref.slice(2).split("/").reduce((found, key) => found[key], document_);
}

const nameOf = (schema) => schema.$ref?.split("/").pop();

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts) return parts.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `${typeOf(schema.items ?? {})}[]`;
  const bounds = [
    schema.format,
    schema.minimum !== undefined && `≥ ${schema.minimum}`,
    schema.maximum !== undefined && `≤ ${schema.maximum}`,
    schema.minLength && `at least ${schema.minLength} long`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} long`,
    schema.pattern,
  ].filter(Boolean);
  return (schema.type ?? "any") + (bounds.length ? ` (${bounds.join(", ")})` : "");
}

/** The named shapes inside a schema, each to be opened when wanted (shapes may hold themselves). */
function shape(schema) {
  const names = [schema, schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
    .flatMap((part) => (part ? [part, part.items] : []))
    .filter((part) => part?.$ref);
  return [...new Map(names.map((part) => [part.$ref, part])).values()].map((part) => {
    const details = element("details", {}, element("summary", {}, nameOf(part)));
    details.addEventListener("toggle", () => details.children.length > 1 || details.append(fields(resolve(part))), { once: true });
    return details;
  });
}

function fields(schema) {
  const required = new Set(schema.required ?? []);
  const list = element("ul", { className: "shape" });
  if (!schema.properties) return element("div", {}, element("code", {}, typeOf(schema)), ...shape(schema));
  for (const [name, field] of Object.entries(schema.properties)) {
    const type = element("span", { className: "type" }, ` ${typeOf(field)}${field.description ? ` – ${field.description}` : ""}`);
    list.append(element("li", {}, element("code", {}, name + (required.has(name) ? "" : "?")), type, ...shape(field)));
  }
  return element("div", {}, schema.description ?? "", list);
}

/** A value to start from when writing a body. */
function example(schema, depth = 0) {
  const whole = resolve(schema);
  if (whole.default !== undefined) return whole.default;
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  const parts = whole.anyOf ?? whole.oneOf;
  if (parts) return example(parts.find((part) => part.type !== "null") ?? {}, depth);
  if (whole.properties) {
    const wanted = Object.entries(whole.properties).filter(([name]) => depth < 3 && (whole.required ?? []).includes(name));
    return Object.fromEntries(wanted.map(([name, field]) => [name, example(field, depth + 1)]));
  }
  return { string: "", integer: whole.minimum ?? 0, number: 0, boolean: false, array: [], object: {} }[whole.type] ?? null;
}

function trial(method, path, operation) {
  const form = element("form", { autocomplete: "off" });
  const inputs = (operation.parameters ?? []).map((parameter) => {
    const input = element("input", { placeholder: String(parameter.schema?.default ?? ""), required: !!parameter.required });
    input.setAttribute("aria-label", parameter.name);
    const about = [typeOf(parameter.schema ?? {}), parameter.description].filter(Boolean).join(" – ");
    const row = element("tr", {}, element("td", {}, element("code", {}, parameter.name)), element("td", {}, parameter.in));
    row.append(element("td", {}, input), element("td", {}, about));
    return { parameter, input, row };
  });
  if (inputs.length) form.append(element("table", {}, ...inputs.map((each) => each.row)));
  const content = operation.requestBody?.content ?? {};
  const json = content["application/json"];
  const upload = content["multipart/form-data"] ?? content["application/octet-stream"];
  let body, file;
  if (json) {
    body = element("textarea", { value: JSON.stringify(example(json.schema), null, 2), spellcheck: false });
    body.setAttribute("aria-label", "body");
    form.append(element("p", {}, "Body: ", element("code", {}, typeOf(json.schema))), ...shape(json.schema), body);
  }
  if (upload) {
    file = element("input", { type: "file" });
    form.append(element("p", {}, "or a file: ", file));
  }
  const answer = element("div", { role: "status" });
  form.append(element("p", {}, element("button", {}, "Send")), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.replaceChildren("…");
    answer.replaceChildren(...(await send(method, path, inputs, body, file, content)));
  });
  return form;
}

async function send(method, path, inputs, body, file, content) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value && parameter.in === "header") headers[parameter.name] = input.value;
  }
  if (query.size) address += `?${query}`;
  const token = byId("token").value.trim().replace(/^Bearer\s+/i, "");
  if (token) headers.authorization = `Bearer ${token}`;
  else if (method !== "get") Object.assign(headers, await csrf());
  if (byId("organisation").value.trim()) headers["pegboard-org"] = byId("organisation").value.trim();
  let sent;
  if (file?.files.length) {
    if (content["multipart/form-data"]) (sent = new FormData()).append("file", file.files[0]);
    else [sent, headers["content-type"]] = [file.files[0], "application/octet-stream"];
  } else if (body) [sent, headers["content-type"]] = [body.value, "application/json"];
  const began = performance.now();
  try {
    const response = await fetch(address, { method: method.toUpperCase(), headers, body: sent });
    const text = await response.text();
    const took = `${Math.round(performance.now() - began)} ms`;
    const line = `${response.status} ${response.statusText} · ${took} · ${response.headers.get("x-request-id") ?? ""}`;
    return [element("p", {}, line), element("pre", {}, pretty(text))];
  } catch (error) {
    return [element("p", {}, String(error))];
  }
}

async function csrf() {
  const me = await fetch("/api/v1/me");
  return me.ok ? { "pegboard-csrf": (await me.json()).csrf_token ?? "" } : {};
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.slice(0, 20000);
  }
}

function answers(operation) {
  const rows = Object.entries(operation.responses).map(([status, given]) => {
    const response = resolve(given);
    const schema = Object.values(response.content ?? {})[0]?.schema;
    const row = element("tr", {}, element("td", {}, status), element("td", {}, response.description));
    row.append(element("td", {}, schema ? element("code", {}, typeOf(schema)) : "", ...(schema ? shape(schema) : [])));
    return row;
  });
  return element("table", {}, ...rows);
}

function show(method, path, operation) {
  const id = operation.operationId;
  const title = element("summary", {}, element("span", { className: `method ${method}` }, method));
  title.append(element("code", {}, path), element("span", {}, operation.summary ?? ""));
  if (operation["x-permission"]) title.append(element("small", {}, operation["x-permission"]));
  const details = element("details", { className: "operation", id }, title);
  details.addEventListener(
    "toggle",
    () => {
      const text = (operation.description ?? "").split("\n\n").map((paragraph) => element("p", {}, paragraph));
      details.append(element("div", {}, ...text, trial(method, path, operation), element("h3", {}, "Answers"), answers(operation)));
    },
    { once: true },
  );
  details.dataset.words = `${method} ${path} ${id} ${operation.summary} ${operation.description}`.toLowerCase();
  return details;
}

const groups = new Map((document_.tags ?? []).map((tag) => [tag.name, []]));
for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const tag = operation.tags?.[0] ?? "other";
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push({ method, path, operation });
  }
}
byId("version").textContent = document_.info.version;
byId("operations").replaceChildren(
  ...document_.info.description.split("\n\n").map((text) => element("p", {}, text)),
  ...[...groups].flatMap(([tag, found]) => [
    element("h2", { id: `tag-${tag}` }, tag),
    ...found.map(({ method, path, operation }) => show(method, path, operation)),
  ]),
);
byId("contents").replaceChildren(
  ...[...groups].flatMap(([tag, found]) => [
    element("h3", {}, tag),
    ...found.map(({ method, operation }) =>
      element("a", { href: `#${operation.operationId}` }, `${method.toUpperCase()} ${operation.summary}`),
    ),
  ]),
);

function openTarget() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();

byId("find").addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const details of document.querySelectorAll("details.operation")) {
    details.hidden = !words.every((word) => details.dataset.words.includes(word));
  }
});
