// The two accounts that there are before the tests of a file run.
import { makeAccount } from "./make-account.ts";

await makeAccount("paper");
await makeAccount("second");
