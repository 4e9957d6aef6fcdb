import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { AccountId } from "../../../src/domain/ids.ts";
import { rewrapSome } from "../../../src/gateway/vault.ts";
import { openDatabase } from "../../../src/storage/client.ts";
import { countSealed } from "../../../src/storage/sealed.ts";
import { listSources, writeSecret } from "../../../src/storage/sources.ts";
import { SourceId } from "../../../src/domain/ids.ts";
import { writeCredentials } from "../../../src/storage/accounts.ts";
import { open, seal } from "../../../src/vault/envelope.ts";
import { importKeyring } from "../../../src/vault/keyring.ts";
import { credentialsPlace, secretPlace } from "../../../src/vault/places.ts";

const aKey = (version: number) => ({ version, bytes: crypto.getRandomValues(new Uint8Array(32)) });
const CALLER = { actor: { kind: "api_key", id: "test" }, requestId: "r", clientIp: null } as const;

it("a rotation of the encryption key moves every row, some at a time, and the old key opens none of them any more", async () => {
  const database = openDatabase(env.DB);
  const [old, fresh] = [aKey(1), aKey(2)];
  const before = await importKeyring([old]);
  const both = await importKeyring([fresh, old]);
  const after = await importKeyring([fresh]);

  const account = AccountId.parse("second");
  const sealed = await seal(before, credentialsPlace(account), "the broker's key");
  if (!sealed.ok) throw new Error("not sealed");
  const shown = {
    keyIdMasked: "…",
    venueAccountMasked: "…",
    venueAccountSha256: "",
    checkedAt: new Date().toISOString(),
  };
  await database.batch([writeCredentials(database, account, { sealed: sealed.value, keyVersion: 1, ...shown })]);
  const ids = Array.from({ length: 60 }, (_, index) => `secret-${index}`);
  for (const id of ids) {
    const secret = await seal(before, secretPlace(id), `whsec ${id}`);
    if (!secret.ok) throw new Error("not sealed");
    const row = { id, sealed: secret.value, keyVersion: 1, tokenSha256: null, createdAt: "", expiresAt: null };
    await database.batch([writeSecret(database, SourceId.parse("default"), row)]);
  }
  expect(await countSealed(database)).toEqual(new Map([[1, 61]]));

  const left: number[] = [];
  for (;;) {
    const planned = await rewrapSome(both)({ database, caller: CALLER, now: new Date() });
    if (!planned.ok) break;
    if (!("statements" in planned.value)) throw new Error("a step that wraps nothing");
    await database.batch([...planned.value.statements]);
    left.push(planned.value.answer.left);
  }
  expect(left).toEqual([11, 0]);
  expect(await countSealed(database)).toEqual(new Map([[2, 61]]));

  const { results } = await env.DB.prepare("SELECT id, sealed FROM source_secrets").all<{
    id: string;
    sealed: string;
  }>();
  for (const { id, sealed: text } of results) {
    expect(await open(after, secretPlace(id), text)).toEqual({ ok: true, value: `whsec ${id}` });
    expect(await open(before, secretPlace(id), text)).toMatchObject({ ok: false });
  }
  const [row] = (await env.DB.prepare("SELECT sealed FROM broker_connections").all<{ sealed: string }>()).results;
  expect(await open(after, credentialsPlace(account), row?.sealed ?? "")).toEqual({
    ok: true,
    value: "the broker's key",
  });
  expect(await listSources(database)).toEqual([]);
});

it("rows that nobody can open keep none behind them from its turn", async () => {
  const database = openDatabase(env.DB);
  const [old, fresh] = [aKey(1), aKey(2)];
  const both = await importKeyring([fresh, old]);
  const write = async (id: string, sealed: string) => {
    const row = { id, sealed, keyVersion: 1, tokenSha256: null, createdAt: "", expiresAt: null };
    await database.batch([writeSecret(database, SourceId.parse("default"), row)]);
  };
  for (let index = 0; index < 55; index += 1) await write(`a-damaged-${index}`, "damaged");
  const sealed = await seal(await importKeyring([old]), secretPlace("z-good"), "whsec");
  if (!sealed.ok) throw new Error("not sealed");
  await write("z-good", sealed.value);

  const planned = await rewrapSome(both)({ database, caller: CALLER, now: new Date() });
  if (!planned.ok) throw new Error("nothing was wrapped anew");
  expect(planned.value.answer).toMatchObject({ rewrapped: 1, left: 55 });
  expect(planned.value.answer.closed).toHaveLength(55);
});
