/** Why a gateway does not run, said so that whoever started it can mend it: the message is all there is to print. */
export class GatewayError extends Error {}
