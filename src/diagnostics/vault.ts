// Whether everything that is sealed can be opened, and with the key that seals now. Pure.
import { counted, failed, passed, warned } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

/** `versions`: of the keys in the setting, the one that seals first. `rows`: how many are sealed under which version. */
export function checkVault(versions: readonly number[], rows: ReadonlyMap<number, number>): GatewayCheck[] {
  const sealed = [...rows].filter(([, count]) => count > 0);
  const closed = sealed.filter(([version]) => !versions.includes(version));
  const old = sealed.filter(([version]) => versions.includes(version) && version !== versions[0]);
  return [
    closed.length > 0
      ? failed(
          "vault.keys",
          `${describe(closed)} cannot be opened: CREDENTIALS_ENCRYPTION_KEYS has no key of that version.`,
          "Put the key back into the setting, behind the first. If it is lost, give those accounts and sources new keys.",
        )
      : passed("vault.keys", `Everything that is sealed has its key: ${counted(countOf(sealed), "row")}.`),
    old.length > 0
      ? warned(
          "vault.rotation",
          `${describe(old)}, and new ones are sealed under version ${versions[0]}: a rotation was not finished.`,
          "npx sallyport rotate encryption",
        )
      : passed("vault.rotation", "No row waits to be moved to a newer key."),
  ];
}

type Counted = readonly (readonly [version: number, rows: number])[];

const countOf = (counts: Counted): number => counts.reduce((sum, [, count]) => sum + count, 0);

const describe = (counts: Counted): string =>
  counts.map(([version, count]) => `${counted(count, "row")} under version ${version}`).join(" and ");
