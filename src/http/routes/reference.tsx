// GET /reference: the OpenAPI document as one page for people. Rendered here, without a script or a third party's asset.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { html } from "hono/html";
import type { AppEnv } from "../env.ts";
import { DOCUMENT } from "../openapi.ts";
import { PROBLEMS } from "../problem.ts";

type Schema = Readonly<Record<string, unknown>>;
type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };
type Operation = {
  summary?: string;
  description?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>;
};

export function mountReference(app: OpenAPIHono<AppEnv>): void {
  app.get("/reference", (c) => {
    // The document is plain JSON; reading it as such keeps this page independent of the generator's types.
    const document = app.getOpenAPI31Document(DOCUMENT) as unknown as {
      paths: Record<string, Record<string, Operation>>;
      components?: { schemas?: Record<string, Schema> };
    };
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
            {DOCUMENT.info.description} The same as a machine reads it: <a href="/openapi.json">openapi.json</a>.
          </p>
          {Object.entries(document.paths).flatMap(([path, operations]) =>
            Object.entries(operations).map(([method, operation]) => (
              <OperationSection path={path} method={method} operation={operation} />
            )),
          )}
          <h2>Schemas</h2>
          {Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => (
            <section id={`schema-${name}`}>
              <h3>{name}</h3>
              <pre>{JSON.stringify(schema, null, 2)}</pre>
            </section>
          ))}
          <h2>Problems</h2>
          <p>Every refusal is application/problem+json (RFC 9457). Branch on the code.</p>
          <table>
            {Object.entries(PROBLEMS).map(([code, { status, title }]) => (
              <tr id={code}>
                <td>
                  <code>{code}</code>
                </td>
                <td>{status}</td>
                <td>{title}.</td>
              </tr>
            ))}
          </table>
        </body>
      </html>
    );
    return c.html(html`<!doctype html>${page}`);
  });
}

function OperationSection({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  return (
    <section>
      <h2>
        <code>
          {method.toUpperCase()} {path}
        </code>
      </h2>
      <p>
        <strong>{operation.summary}.</strong> {operation.description}
        {operation.security === undefined ? "" : " Needs X-API-Key."}
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
            <td>{parameter.description}</td>
          </tr>
        ))}
      </table>
      {Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) => (
        <p>
          Body: {type}, <SchemaLink schema={schema} />
        </p>
      ))}
      <table>
        {Object.entries(operation.responses ?? {}).map(([status, response]) => (
          <tr>
            <td>{status}</td>
            <td>{response.description}</td>
            <td>
              {Object.values(response.content ?? {}).map(({ schema }) => (
                <SchemaLink schema={schema} />
              ))}
            </td>
          </tr>
        ))}
      </table>
    </section>
  );
}

function SchemaLink({ schema }: { schema: Schema | undefined }) {
  const reference = schema?.["$ref"];
  if (typeof reference !== "string") return <code>{JSON.stringify(schema)}</code>;
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  return <a href={`#schema-${name}`}>{name}</a>;
}

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
  td { border-top: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top; }
  pre { overflow: auto; background: #8881; padding: .75rem; }
  section { margin-bottom: 2.5rem; }
`;
