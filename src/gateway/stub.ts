// The only way to the gateway's object: there is one.
import type { GatewayObject } from "./gateway-object.ts";

export const gatewayStub = (env: Env): DurableObjectStub<GatewayObject> => env.GATEWAY_DO.getByName("gateway");
