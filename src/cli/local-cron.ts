// The cron trigger at home: wrangler runs a scheduled Worker only when it is asked to, and Cloudflare's clock is not there.

/** As wrangler.toml has it for Cloudflare. */
const INTERVAL_MS = 300_000;
/** Wrangler's own path, on a gateway that it runs. */
const PATH = "/cdn-cgi/local/scheduled";

/** Triggers the gateway at `url` every five minutes, for as long as this process has something else to do. */
export function startLocalCron(url: string, onTrouble: (trouble: string) => void): void {
  const trigger = async (): Promise<void> => {
    try {
      const response = await fetch(`${url}${PATH}`);
      if (!response.ok) onTrouble(`HTTP ${response.status}`);
    } catch (thrown) {
      onTrouble(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  setInterval(() => void trigger(), INTERVAL_MS).unref();
}
