// GET /reference: the OpenAPI document as one page for people. Rendered here, without a script or a third party's asset.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { html } from "hono/html";
import type { AppEnv } from "../env.ts";
import { DOCUMENT } from "../openapi.ts";
import { PROBLEMS } from "../problem.ts";
import { type Schema, fieldsOf, limitsOf, nameOf, variantsOf, wordsOf } from "../schema-words.ts";

type Described = { description?: string; schema?: Schema };
type Parameter = Described & { name: string; in: string; required?: boolean };
type Operation = {
  operationId?: string;
  summary?: string;
  description?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, Described> };
  responses?: Record<
    string,
    { description?: string; headers?: Record<string, Described>; content?: Record<string, Described> }
  >;
};
type Route = { path: string; method: string; operation: Operation };

/** The README's request, towards this gateway. */
const signedRequest = (
  origin: string,
): string => `SECRET=$(sed -n 's/^API_KEY_HMAC_SECRET="\\(.*,\\)*\\(.*\\)"$/\\2/p' .dev.vars)
BODY='{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
TS=$(date -u +%Y-%m-%dT%H:%M:%SZ)
NONCE=$(node -p 'crypto.randomUUID()')
SIG=$(printf 'v1\\n%s\\n%s\\n%s' "$TS" "$NONCE" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
curl -s ${origin}/webhooks/default \\
  -H "X-Timestamp: $TS" -H "X-Nonce: $NONCE" -H "X-Signature: v1=$SIG" -H "Prefer: wait=5" -d "$BODY"`;

export function mountReference(app: OpenAPIHono<AppEnv>): void {
  app.get("/reference", (c) => {
    // The document is plain JSON; reading it as such keeps this page independent of the generator's types.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    const document = app.getOpenAPI31Document(DOCUMENT) as unknown as {
      paths: Record<string, Record<string, Operation>>;
      components?: { schemas?: Record<string, Schema> };
    };
    const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]): Route => ({ path, method, operation })),
    );
    const schemas = Object.entries(document.components?.schemas ?? {});
    const page = (
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Sallyport API reference</title>
          <style>{STYLE}</style>
        </head>
        <body>
          <h1>Sallyport API</h1>
          <p>
            <Prose text={DOCUMENT.info.description} /> The same as a machine reads it:{" "}
            <a href="/openapi.json">openapi.json</a>.
          </p>
          <Contents routes={routes} schemas={schemas.map(([name]) => name)} />
          <h2 id="signed-request">A signed request</h2>
          <p>With curl, openssl and node, in the project's folder:</p>
          <pre>{signedRequest(new URL(c.req.url).origin)}</pre>
          {routes.map((route) => (
            <OperationSection {...route} />
          ))}
          <h2 id="schemas">Schemas</h2>
          {schemas.map(([name, schema]) => (
            <SchemaSection name={name} schema={schema} />
          ))}
          <h2 id="problems">Problems</h2>
          <p>Every refusal is application/problem+json (RFC 9457). Branch on the code.</p>
          <table>
            {Object.entries(PROBLEMS).map(([code, { status, title, about }]) => (
              <tr id={code}>
                <td>
                  <code>{code}</code>
                </td>
                <td>{status}</td>
                <td>
                  {title}.<br />
                  <Prose text={about} />
                </td>
              </tr>
            ))}
          </table>
        </body>
      </html>
    );
    return c.html(html`<!doctype html>${page}`);
  });
}

function Contents({ routes, schemas }: { routes: readonly Route[]; schemas: readonly string[] }) {
  return (
    <ul>
      <li>
        <a href="#signed-request">A signed request</a>
      </li>
      {routes.map(({ path, method, operation }) => (
        <li>
          <a href={`#${operation.operationId}`}>
            <code>
              {method.toUpperCase()} {path}
            </code>
          </a>{" "}
          {operation.summary}
        </li>
      ))}
      <li>
        <a href="#schemas">Schemas</a>:{" "}
        {schemas.map((name, at) => (
          <>
            {at === 0 ? "" : ", "}
            <a href={`#schema-${name}`}>{name}</a>
          </>
        ))}
      </li>
      <li>
        <a href="#problems">Problems</a>
      </li>
    </ul>
  );
}

function OperationSection({ path, method, operation }: Route) {
  return (
    <section id={operation.operationId}>
      <h2>
        <code>
          {method.toUpperCase()} {path}
        </code>
      </h2>
      <p>
        <strong>{operation.summary}.</strong> <Prose text={operation.description} />
        {(operation.security ?? []).length === 0 ? "" : " Needs X-API-Key, or an operator behind Cloudflare Access."}
      </p>
      <table>
        {(operation.parameters ?? []).map((parameter) => (
          <tr>
            <td>
              <code>{parameter.name}</code>
            </td>
            <td>
              {parameter.in}
              {parameter.required === true ? ", required" : ""}
            </td>
            <td>
              <Type schema={parameter.schema} /> <Prose text={parameter.description} />
            </td>
          </tr>
        ))}
      </table>
      {Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) => (
        <p>
          Body: {type}, <Type schema={schema} />
        </p>
      ))}
      <table>
        {Object.entries(operation.responses ?? {}).map(([status, response]) => (
          <tr>
            <td>{status}</td>
            <td>
              <Prose text={response.description} />
              <br />
              <small>Headers: {Object.keys(response.headers ?? {}).join(", ")}</small>
            </td>
            <td>
              {Object.values(response.content ?? {}).map(({ schema }) => (
                <Type schema={schema} />
              ))}
            </td>
          </tr>
        ))}
      </table>
    </section>
  );
}

function SchemaSection({ name, schema }: { name: string; schema: Schema }) {
  return (
    <section id={`schema-${name}`}>
      <h3>{name}</h3>
      {variantsOf(schema).map((variant, at) => (
        <>
          {at === 0 ? "" : <p>or</p>}
          <table>
            {fieldsOf(variant).map((field) => (
              <tr>
                <td>
                  <code>{field.name}</code>
                </td>
                <td>{field.required ? "required" : ""}</td>
                <td>
                  <Type schema={field.schema} /> <Prose text={field.description} />
                </td>
              </tr>
            ))}
          </table>
        </>
      ))}
    </section>
  );
}

/** What a value is: a link to its schema, its allowed values, or its type and limits. */
function Type({ schema = {} }: { schema?: Schema | undefined }) {
  const name = nameOf(schema);
  if (name !== undefined) return <a href={`#schema-${name}`}>{name}</a>;
  return (
    <>
      <Prose text={wordsOf(schema)} />
      <Prose text={limitsOf(schema)} />.
    </>
  );
}

/** Text in which backticks mark what is code. */
function Prose({ text = "" }: { text?: string | undefined }) {
  return <>{text.split("`").map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part))}</>;
}

// Code breaks anywhere, so that no pattern makes the page scroll sideways on a phone; the names in front stay whole.
const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
  td { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .75rem; }
  code { background: #8881; overflow-wrap: anywhere; }
  td:first-child code { white-space: nowrap; }
  section { margin-bottom: 2.5rem; }
`;
